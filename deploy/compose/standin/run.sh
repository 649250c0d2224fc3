#!/bin/bash
# Starts the broker: Kafka's own wrapper makes the settings of the KAFKA_* variables and formats the storage.
set -eu
classes='/opt/kafka/libs/*'
[ -w /opt/kafka/config ] && [ -w /var/lib/kafka/data ] || { echo "these folders are not appuser's" && exit 1; }
if ! said=$(java -cp "$classes" kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker \
  --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config 2>&1); then
  # It fails for storage that an earlier start formatted, after it has written the settings.
  case $said in *"already formatted"*) ;; *) echo "$said" && exit 1 ;; esac
fi
# shellcheck disable=SC2086 # each variable holds several flags
exec java ${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC} ${KAFKA_OPTS:-} \
  -Dlog4j2.configurationFile=/opt/kafka/config/log4j2.yaml -cp "$classes" kafka.Kafka /opt/kafka/config/server.properties
