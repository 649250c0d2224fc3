package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"

	"mirror/e2e/brokers"
)

// startMM2 runs MirrorMaker 2 in its dedicated mode with the heap and collector
// that its own start script chooses. Tuned: a task for each partition, fetches
// and batches of a megabyte and more, the source's codec (it decodes and encodes
// in any case; without a codec the copies would take several times the disk), no
// checkpoints and heartbeats. The source's alias is the run's id, and so the
// prefix of the copies and the name of its internal topics.
func (b *bench) startMM2(ctx context.Context, j job) (*process, error) {
	topics := regexp.QuoteMeta(j.topic)
	if j.prefix {
		topics += ".*"
	}
	linger := 20
	if j.live {
		linger = 0
	}
	file := filepath.Join(b.dir, j.id+".properties")
	properties := brokers.MirrorMaker{
		From: j.id, To: "east", Source: b.west.Bootstrap(), Target: b.east.Bootstrap(), Topics: topics, Tasks: partitions,
		More: fmt.Sprintf(`offset-syncs.topic.location = target
%[1]s.consumer.fetch.max.bytes = 67108864
%[1]s.consumer.max.partition.fetch.bytes = 8388608
%[1]s.consumer.max.poll.records = 20000
%[1]s.consumer.receive.buffer.bytes = -1
east.producer.batch.size = 1000000
east.producer.linger.ms = %[2]d
east.producer.buffer.memory = 134217728
east.producer.send.buffer.bytes = -1
east.producer.compression.type = %[3]s`, j.id, linger, j.codec),
	}
	if err := properties.Write(file); err != nil {
		return nil, err
	}
	return b.launch(j.id, b.kafka.MirrorMaker(ctx, file,
		"-Xms256M", "-Xmx2G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
		"-XX:+ExplicitGCInvokesConcurrent"))
}
