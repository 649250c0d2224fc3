package replicate

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestFullAnswers takes partitions that an answer had no room for as not asked
// yet: that is no trouble, and they come first next time.
func TestFullAnswers(t *testing.T) {
	const partitions, n = 6, 400
	p := newPair(t, kfake.NumBrokers(1), kfake.SeedTopics(partitions, "orders"))
	writer := client(t, p.west, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite(), kgo.ProducerBatchCompression(kgo.NoCompression()))
	var records []*kgo.Record
	for i := range partitions * n {
		records = append(records, &kgo.Record{Topic: "orders", Partition: int32(i % partitions), Value: make([]byte, 4000)})
	}
	if err := writer.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	m, _ := startMirror(t, p.config(t, "topics: [orders]", "limits: {connections_per_broker: 1, bytes_per_second: 4MB}"), "p1")
	waitFor(t, func() string {
		left := ""
		for i := range int32(partitions) {
			part := m.routes[0].partition("orders", i)
			if part == nil {
				return "no partition yet"
			}
			part.mu.Lock()
			if part.fetchTrouble != "" {
				t.Errorf("partition %d: %s", i, part.fetchTrouble)
			}
			if part.acked.source < n {
				left = "not all is copied"
			}
			part.mu.Unlock()
		}
		return left
	})
}
