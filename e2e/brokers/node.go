package brokers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// node is one broker and controller.
type node struct {
	id    int32
	dir   string         // server.properties, broker.log and data/
	ports map[string]int // listener name to port
	proc  *Process       // nil before the first start
}

func (n *node) data() string     { return filepath.Join(n.dir, "data") }
func (n *node) settings() string { return filepath.Join(n.dir, "server.properties") }
func (n *node) log() string      { return filepath.Join(n.dir, "broker.log") }

// write writes server.properties and the logging configuration.
func (n *node) write(properties map[string]string) error {
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return fmt.Errorf("make node folder: %w", err)
	}
	var b strings.Builder
	for _, key := range sortedKeys(properties) {
		fmt.Fprintf(&b, "%s=%s\n", key, properties[key])
	}
	if err := os.WriteFile(n.settings(), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write properties: %w", err)
	}
	return nil
}

// quickStart are JVM flags for programs that end soon, on a small machine.
func quickStart(heap string) []string {
	return []string{"-Xmx" + heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"}
}

// longRun are those that Kafka's own start script gives to brokers.
func longRun(heap string) []string {
	return []string{"-Xms" + heap, "-Xmx" + heap, "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35"}
}

// jvm is a java command.
func jvm(ctx context.Context, k Kafka, flags []string, classes string, args ...string) (*exec.Cmd, error) {
	config, err := loggerConfig(k)
	if err != nil {
		return nil, err
	}
	flags = append(flags, "-XX:-UsePerfData", "-Xshare:auto",
		"-Djava.net.preferIPv4Stack=true", "-Dlog4j2.configurationFile="+config, "-cp", k.Jars()+classes)
	return exec.CommandContext(ctx, "java", append(flags, args...)...), nil
}

// loggerConfig makes the JVMs write warnings, and what a test may look for, to standard error.
func loggerConfig(k Kafka) (string, error) {
	const text = `status = error
appender.err.type = Console
appender.err.name = err
appender.err.target = SYSTEM_ERR
appender.err.layout.type = PatternLayout
appender.err.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.err.ref = err
logger.cleaner.name = org.apache.kafka.storage.internals.log.LogCleaner
logger.cleaner.level = info
logger.fatal.name = kafka.server.KafkaRaftServer
logger.fatal.level = info
`
	path := filepath.Join(k.Dir, "log4j2.properties")
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return path, nil
	}
	work, err := os.CreateTemp(k.Dir, "log4j2-")
	if err != nil {
		return "", fmt.Errorf("write logger config: %w", err)
	}
	_, err = work.WriteString(text)
	if closeErr := work.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(work.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("write logger config: %w", err)
	}
	return path, nil
}

func (n *node) format(ctx context.Context, k Kafka, clusterID string) error {
	cmd, err := jvm(ctx, k, quickStart("200m"), "", "kafka.tools.StorageTool", "format", "-t", clusterID, "-c", n.settings())
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("format node %d: %w\n%s", n.id, err, lastLines(string(out), 20))
	}
	return nil
}

// start starts the process; it does not wait until the node answers.
func (n *node) start(k Kafka, flags []string) error {
	if n.proc.Running() {
		return fmt.Errorf("start node %d: it is running", n.id)
	}
	cmd, err := jvm(context.Background(), k, flags, "", "kafka.Kafka", n.settings())
	if err != nil {
		return err
	}
	out, err := os.OpenFile(n.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer out.Close() // the child has its own descriptor
	cmd.Stdout, cmd.Stderr = out, out
	n.proc, err = StartProcess(cmd)
	return err
}
