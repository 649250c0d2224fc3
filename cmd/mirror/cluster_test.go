package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// patience is far more than anything takes that a test waits for, also on a loaded
// machine: only a test that fails waits for so long.
const patience = time.Minute

// testTime is the timestamp of all records, so that both sides have the same.
var testTime = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// twoClusters starts embedded clusters and returns clients of both and a
// configuration that mirrors from the one to the other.
func twoClusters(t *testing.T, topics ...string) (west, east *kgo.Client, config string) {
	t.Helper()
	start := func(name string) (*kgo.Client, string) {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ClusterID(name), kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}), kfake.SeedTopics(2, topics...))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		return client, c.ListenAddrs()[0]
	}
	west, westAddress := start("west-id")
	east, eastAddress := start("east-id")
	config = filepath.Join(t.TempDir(), "mirror.yaml")
	text := fmt.Sprintf(`clusters:
  west: {brokers: [%q]}
  east: {brokers: [%q]}
routes:
  - from: west
    to: east
    topics: [orders, "/clicks\\..*/"]
    rename:
      - {topic: orders, to: all-orders}
      - {to: "{source}.{topic}"}
`, westAddress, eastAddress)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return west, east, config
}

// create makes topics.
func create(t *testing.T, client *kgo.Client, partitions int32, configs map[string]string, topics ...string) {
	t.Helper()
	values := map[string]*string{}
	for key, value := range configs {
		values[key] = &value
	}
	for _, topic := range topics {
		if _, err := kadm.NewClient(client).CreateTopic(t.Context(), partitions, 1, values, topic); err != nil {
			t.Fatal(err)
		}
	}
}

// write puts values on a partition.
func write(t *testing.T, client *kgo.Client, topic string, partition int32, values ...string) {
	t.Helper()
	for _, value := range values {
		record := &kgo.Record{Topic: topic, Partition: partition, Value: []byte(value), Timestamp: testTime}
		if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerify(t *testing.T) {
	west, east, config := twoClusters(t, "orders", "all-orders")
	write := func(client *kgo.Client, topic string, values ...string) {
		for i, value := range values {
			record := &kgo.Record{Topic: topic, Partition: int32(i % 2), Value: []byte(value), Timestamp: testTime}
			if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(west, "orders", "a", "b", "c", "d")
	write(east, "all-orders", "a", "b", "c", "d")
	code, out, stderr := mirror(t, "verify", "--config", config)
	if code != exitOK || !strings.Contains(out, "0 differences") || !strings.Contains(out, "4 records equal") {
		t.Errorf("exit code %d, %s, stderr %s", code, out, stderr)
	}

	write(west, "orders", "e", "f", "g", "h")
	code, out, _ = mirror(t, "verify", "--config", config, "-o", "json")
	var report struct {
		Equal     bool  `json:"equal"`
		NotCopied int64 `json:"not_copied"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitOK || !report.Equal || report.NotCopied != 4 {
		t.Errorf("records not copied yet: exit code %d, %v, %s", code, err, out)
	}

	write(east, "all-orders", "e", "F", "g", "h")
	code, out, _ = mirror(t, "verify", "--config", config, "--topic", "orders")
	if code != exitDifferent || !strings.Contains(out, "changed") || !strings.Contains(out, "value") {
		t.Errorf("a changed record: exit code %d, %s", code, out)
	}
	code, out, _ = mirror(t, "verify", "--config", config, "--to", "2")
	if code != exitOK {
		t.Errorf("the part before the changed record: exit code %d, %s", code, out)
	}
	code, _, stderr = mirror(t, "verify", "--config", config, "--topic", "secret")
	if code != exitUsage || !strings.Contains(stderr, "does not copy it") {
		t.Errorf("a topic that is not copied: exit code %d, %q", code, stderr)
	}
}

func TestClusterUnreachable(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the commands' patience")
	}
	config := configFile(t, `brokers: ["127.0.0.1:1"]`, "")
	code, out, stderr := mirror(t, "plan", "--config", config)
	if code != exitUnreachable || out != "" || !strings.Contains(stderr, "cluster west") || !strings.Contains(stderr, "127.0.0.1:1") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
}
