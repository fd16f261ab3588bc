#!/bin/sh
# Starts versitygw over a folder. It reads its administrator's password from the environment alone, so it is put there
# at the last moment, from a file.
set -eu
ROOT_ACCESS_KEY="admin"
ROOT_SECRET_KEY="$(cat /run/secrets/lake-admin-password)"
export ROOT_ACCESS_KEY ROOT_SECRET_KEY
mkdir -p /data/buckets /data/users
exec versitygw --port :7070 --region us-east-1 --iam-dir /data/users --cert /run/secrets/lake.crt \
  --key /run/secrets/lake.key --quiet --keep-alive posix /data/buckets
