package e2e

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
)

// clientOf makes a client that may do everything and produces to the partition that a record names.
func clientOf(t *testing.T, c *brokers.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := c.Client(append([]kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// createTopic makes a topic that keeps its records however old they are.
func createTopic(t *testing.T, client *kgo.Client, topic string, partitions int32, replicas int16, configs map[string]string) {
	t.Helper()
	all := map[string]*string{"retention.ms": kadm.StringPtr("-1")}
	for key, value := range configs {
		all[key] = &value
	}
	if _, err := kadm.NewClient(client).CreateTopic(context.Background(), partitions, replicas, all, topic); err != nil {
		t.Fatalf("create topic %s: %v", topic, err)
	}
}

// alterConfigs sets configs of a topic.
func alterConfigs(t *testing.T, client *kgo.Client, topic string, configs map[string]string) {
	t.Helper()
	var alter []kadm.AlterConfig
	for key, value := range configs {
		alter = append(alter, kadm.AlterConfig{Op: kadm.SetConfig, Name: key, Value: &value})
	}
	answers, err := kadm.NewClient(client).AlterTopicConfigs(context.Background(), alter, topic)
	if err == nil {
		_, err = answers.On(topic, func(r *kadm.AlterConfigsResponse) error { return r.Err })
	}
	if err != nil {
		t.Fatalf("alter configs of %s: %v", topic, err)
	}
}

// ends are the end offsets of a topic's partitions; partitions that cannot be asked now are missing.
func ends(client *kgo.Client, topic string) map[int32]int64 {
	found := make(map[int32]int64)
	offsets, err := kadm.NewClient(client).ListEndOffsets(context.Background(), topic)
	if err != nil {
		return found
	}
	for partition, o := range offsets[topic] {
		if o.Err == nil {
			found[partition] = o.Offset
		}
	}
	return found
}

// total adds up the end offsets of topics.
func total(client *kgo.Client, topics ...string) int64 {
	var sum int64
	for _, topic := range topics {
		for _, end := range ends(client, topic) {
			sum += end
		}
	}
	return sum
}
