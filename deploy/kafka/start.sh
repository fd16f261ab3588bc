#!/usr/bin/env bash
# Starts one broker: adds what is its own to the shared properties, formats its folder at the first start, with the
# users in it, and becomes Kafka.
set -euo pipefail
: "${BROKER_ID:?the number of this broker}"
export LOG_DIR=/tmp/logs EXTRA_ARGS='-name kafkaServer'
export KAFKA_LOG4J_OPTS="${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=/deploy/kafka/log4j2.yaml}"
PATH="/opt/kafka/bin:$PATH"

properties=/tmp/broker.properties
{
  cat /deploy/kafka/broker.properties
  echo "node.id=$BROKER_ID"
  echo "advertised.listeners=CLIENT://kafka-$BROKER_ID:9092,BROKER://kafka-$BROKER_ID:9093"
} >"$properties"

# kafka-storage takes passwords as arguments alone: they can be seen by who may look into this container, and nobody else.
users=()
for name in admin gateway processors; do
  user="ecluse-$name"
  [ "$name" = admin ] && user="admin"
  users+=(--add-scram "SCRAM-SHA-512=[name=$user,password=$(cat "/run/secrets/kafka-$name-password")]")
done
KAFKA_HEAP_OPTS=-Xmx128m kafka-storage.sh format --ignore-formatted \
  --cluster-id "$(cat /run/secrets/kafka-cluster-id)" --config "$properties" "${users[@]}"
exec kafka-server-start.sh "$properties"
