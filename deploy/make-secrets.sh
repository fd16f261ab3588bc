#!/bin/sh
# Makes what docker-compose.yml mounts as secrets: a certificate authority, a certificate for each server, passwords and
# the key-encryption key. Run it once before the first `docker compose up`; it needs openssl and nothing else.
#
#   sh deploy/make-secrets.sh            # into ./secrets
#   sh deploy/make-secrets.sh --renew    # new certificates, by the same authority; passwords and keys stay
#
# What is there stays as it is: a second run makes what is missing. The folder is for its owner alone (0700). The files
# in it can be read by all, since each container reads them as a user of its own; who cannot enter the folder cannot
# read them. The authority's own key is for its owner alone and is mounted nowhere.
set -eu
umask 077

CA_DAYS=3650
CERTIFICATE_DAYS=825
SECRETS="${SECRETS:-$(dirname "$0")/../secrets}"
RENEW=no
case "${1:-}" in
  '') ;;
  --renew) RENEW=yes ;;
  *) echo 'usage: sh deploy/make-secrets.sh [--renew]' >&2; exit 2 ;;
esac
command -v openssl >/dev/null || { echo 'openssl is needed: install it and run this again' >&2; exit 1; }
mkdir -p "$SECRETS"
cd "$SECRETS"

missing() { [ ! -s "$1" ]; }

# Half a file must never be taken for a whole one: it gets its name when it is complete.
keep() {
  cat >"$1.half"
  chmod 444 "$1.half"
  mv -f "$1.half" "$1"
}

random() { if missing "$1"; then openssl rand -hex "$2" | keep "$1"; fi; }

authority() {
  if [ -s ca.pem ] && [ -s ca.key ]; then return; fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=Ecluse compose authority' -days "$CA_DAYS" \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign,cRLSign' \
    -keyout ca.key -out ca.half 2>/dev/null
  keep ca.pem <ca.half
  rm -f ca.half
}

# certificate NAME NAMES-IT-IS-FOR USAGES: leaves NAME.key (PKCS #8) and NAME.crt
certificate() {
  if [ "$RENEW" = no ] && ! missing "$1.crt" && ! missing "$1.key"; then return; fi
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout key.half -out request.half 2>/dev/null
  {
    echo "subjectAltName=$2"
    echo "extendedKeyUsage=$3"
    echo 'basicConstraints=critical,CA:FALSE'
    echo 'keyUsage=critical,digitalSignature'
  } >extensions.half
  openssl x509 -req -in request.half -CA ca.pem -CAkey ca.key -set_serial "0x$(openssl rand -hex 15)" \
    -days "$CERTIFICATE_DAYS" -extfile extensions.half -out certificate.half 2>/dev/null
  keep "$1.key" <key.half
  keep "$1.crt" <certificate.half
  rm -f key.half request.half extensions.half certificate.half
}

# Key, certificate and authority in one file, as Kafka, MongoDB, Cassandra and HAProxy read them.
bundle() { cat "$1.key" "$1.crt" ca.pem | keep "$1.pem"; }

authority
for server in kafka-1 kafka-2 kafka-3 mongo-1 mongo-2 mongo-3; do
  # These servers are each other's clients too.
  certificate "$server" "DNS:$server,DNS:localhost,IP:127.0.0.1" serverAuth,clientAuth
  bundle "$server"
done
for server in cassandra registry gateway; do
  certificate "$server" "DNS:$server,DNS:localhost,IP:127.0.0.1" serverAuth
  bundle "$server"
done
certificate lake DNS:lake,DNS:localhost,IP:127.0.0.1 serverAuth
for client in ecluse-gateway ecluse-processors; do certificate "$client" "DNS:$client" clientAuth; done

# 16 random bytes as URL-safe base64: what Kafka takes for a cluster id.
if missing kafka-cluster-id; then
  openssl rand -base64 16 | tr '+/' '-_' | tr -d '=' | keep kafka-cluster-id
fi
for name in kafka-admin kafka-gateway kafka-processors mongodb-admin vault documents cassandra-admin tables lake-admin; do
  random "$name-password" 24
done
if missing kafka-admin.properties; then
  keep kafka-admin.properties <<PROPERTIES
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="$(cat kafka-admin-password)";
ssl.truststore.type=PEM
ssl.truststore.location=/run/secrets/ca.pem
PROPERTIES
fi
if missing mongodb-keyfile; then openssl rand -base64 756 | keep mongodb-keyfile; fi
random lake-password 24
if missing lake-credentials; then
  keep lake-credentials <<CREDENTIALS
[default]
aws_access_key_id = ecluse
aws_secret_access_key = $(cat lake-password)
CREDENTIALS
fi
if missing kek; then openssl rand -base64 32 | keep kek; fi

chmod 400 ca.key
chmod 700 .
echo "secrets are in $(pwd). Keep a copy of kek apart from all backups: without it nothing in the vault can be read."
