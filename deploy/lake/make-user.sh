#!/bin/sh
# Makes the user of Écluse in versitygw, unless it is there. What the user may do, init.ts says.
set -eu
ADMIN_ACCESS_KEY_ID="admin"
ADMIN_SECRET_ACCESS_KEY="$(cat /run/secrets/lake-admin-password)"
SSL_CERT_FILE=/run/secrets/ca.pem
export ADMIN_ACCESS_KEY_ID ADMIN_SECRET_ACCESS_KEY SSL_CERT_FILE
admin() { versitygw admin --endpoint-url https://lake:7070 --region us-east-1 "$@"; }
users="$(admin list-users)"
if echo "$users" | grep -q '^ecluse[[:space:]]'; then
  echo 'the user ecluse is there already'
else
  admin create-user --access ecluse --secret "$(cat /run/secrets/lake-password)" --role user
fi
