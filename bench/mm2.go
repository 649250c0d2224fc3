package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
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
	text := fmt.Sprintf(`clusters = %[1]s, east
%[1]s.bootstrap.servers = %[2]s
east.bootstrap.servers = %[3]s
%[1]s->east.enabled = true
%[1]s->east.topics = %[4]s
east->%[1]s.enabled = false
tasks.max = %[5]d
replication.factor = 1
offset-syncs.topic.replication.factor = 1
checkpoints.topic.replication.factor = 1
heartbeats.topic.replication.factor = 1
config.storage.replication.factor = 1
offset.storage.replication.factor = 1
status.storage.replication.factor = 1
emit.heartbeats.enabled = false
emit.checkpoints.enabled = false
sync.group.offsets.enabled = false
sync.topic.acls.enabled = false
offset-syncs.topic.location = target
%[1]s.consumer.fetch.max.bytes = 67108864
%[1]s.consumer.max.partition.fetch.bytes = 8388608
%[1]s.consumer.max.poll.records = 20000
%[1]s.consumer.receive.buffer.bytes = -1
east.producer.batch.size = 1000000
east.producer.linger.ms = %[6]d
east.producer.buffer.memory = 134217728
east.producer.send.buffer.bytes = -1
east.producer.compression.type = %[7]s
`, j.id, b.west.Addresses(brokers.Plain)[0], b.east.Addresses(brokers.Plain)[0], topics, partitions, linger, j.codec)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return b.launch(j.id, exec.CommandContext(ctx, "java",
		"-Xms256M", "-Xmx2G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
		"-XX:+ExplicitGCInvokesConcurrent", "-cp", b.kafka.Jars(), "org.apache.kafka.connect.mirror.MirrorMaker", file))
}
