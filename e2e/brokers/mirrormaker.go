package brokers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// MirrorMaker says what a MirrorMaker 2 in its dedicated mode copies between clusters of one node: one way, and nothing but
// records.
type MirrorMaker struct {
	From, To       string // aliases
	Source, Target string // bootstrap servers
	Topics         string // regular expressions between commas
	Tasks          int
	More           string // further properties, a line each
}

// Write writes the properties into a file.
func (m MirrorMaker) Write(file string) error {
	text := fmt.Sprintf(`clusters = %[1]s, %[2]s
%[1]s.bootstrap.servers = %[3]s
%[2]s.bootstrap.servers = %[4]s
%[1]s->%[2]s.enabled = true
%[1]s->%[2]s.topics = %[5]s
%[2]s->%[1]s.enabled = false
tasks.max = %[6]d
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
%[7]s
`, m.From, m.To, m.Source, m.Target, m.Topics, m.Tasks, m.More)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write properties: %w", err)
	}
	return nil
}

// MirrorMaker is the command that runs MirrorMaker 2 in its dedicated mode with a file of properties, in a JVM with flags.
func (k Kafka) MirrorMaker(ctx context.Context, file string, flags ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "java", append(flags, "-cp", k.Jars(), "org.apache.kafka.connect.mirror.MirrorMaker", file)...)
}
