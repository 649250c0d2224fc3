package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"mirror/e2e/truth"
	"mirror/e2e/workload"
)

// The harness itself, without a mirror: what is copied by hand is judged equal, a repeated batch and records of another
// partition are seen.
func TestHarness(t *testing.T) {
	west, east := sharedPair(t)
	src, dst := clientOf(t, west), clientOf(t, east)
	topic := unique("harness-")
	createTopic(t, src, topic, 2, 1, nil)
	createTopic(t, dst, topic, 2, 1, nil)
	targets := []workload.Target{{Topic: topic, Partitions: 2}}
	load := workload.StartLoad(src, &workload.Writer{Run: 1}, targets, workload.Ordinary(), 1000, time.Hour)
	eventually(t, "100 records", func() error { return behind(map[int32]int64{0: 50, 1: 50}, ends(src, topic)) })
	if err := load.Stop(); err != nil {
		t.Fatal(err)
	}
	from := logs(t, src, topic)
	copyBatches := func(log *truth.Log, batches []*truth.Batch) {
		t.Helper()
		for _, b := range batches {
			if err := workload.ProduceRaw(context.Background(), dst, topic, log.Partition, withoutProducer(b.Raw)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, log := range from {
		copyBatches(log, log.Batches)
	}
	for i, to := range logs(t, dst, topic) {
		if wrong := differences(from[i], to, true); len(wrong) != 0 {
			t.Errorf("partition %d: an exact copy is said to differ: %v", i, wrong)
		}
		copyBatches(to, from[i].Batches[:1])
	}
	for i, to := range logs(t, dst, topic) {
		wrong := differences(from[i], to, true)
		if len(wrong) != 1 || !strings.Contains(wrong[0].Error(), "repeated") {
			t.Errorf("partition %d: a repeated batch is judged %v", i, wrong)
		}
		if wrong := differences(from[1-i], to, true); len(wrong) < 2 {
			t.Errorf("partition %d: records of another partition are judged %v", i, wrong)
		}
	}
}

// withoutProducer makes of a batch in a log one that can be produced: offset 0 and no producer.
func withoutProducer(stored []byte) []byte {
	raw := append([]byte(nil), stored...)
	clear(raw[:8])
	for i := 43; i < 57; i++ {
		raw[i] = 0xff
	}
	resign(raw)
	return raw
}
