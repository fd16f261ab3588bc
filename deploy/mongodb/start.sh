#!/usr/bin/env bash
# Starts one member of the replica set.
set -euo pipefail
install -m 400 /run/secrets/mongodb-keyfile /tmp/keyfile
exec mongod --config /deploy/mongodb/mongod.conf
