#!/bin/sh
# The rights of Écluse in Kafka, and no right more than it uses. Run it as an administrator, from Kafka's `bin` folder
# or with that folder on the PATH:
#
#   BOOTSTRAP=broker:9092 CONFIG=admin.properties sh docs/permissions/kafka.sh
#
# CONFIG holds the administrator's own login (security.protocol, sasl.jaas.config, ssl.truststore.*). GATEWAY and
# PROCESSORS name Écluse's two users; they may be one and the same. Running it again changes nothing.
#
# Every topic and every group of Écluse begins with "ecluse.", and so does every right: none is on the cluster. Of each
# dataset there are three topics: its events, `.quarantine` and `.ledger`.
set -eu
: "${BOOTSTRAP:?a broker, as host:port}" "${CONFIG:?the properties file of an administrator}"
GATEWAY="${GATEWAY:-ecluse-gateway}"
PROCESSORS="${PROCESSORS:-ecluse-processors}"

allow() {
  principal="User:$1"
  shift
  kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$CONFIG" \
    --add --allow-principal "$principal" --resource-pattern-type prefixed "$@"
}

# Both make a topic that is missing, and hold an existing one to its policy: whichever of them starts first.
prepare='--operation Create --operation Describe --operation DescribeConfigs --operation AlterConfigs'

# The gateway writes, and cannot read what it wrote.
allow "$GATEWAY" $prepare --operation Write --topic ecluse.

# The processors read and commit their positions. They write what they do for persons: entries of the audit, and the
# corrected copy of an event.
allow "$PROCESSORS" $prepare --operation Read --operation Write --topic ecluse.
allow "$PROCESSORS" --operation Read --group ecluse.
