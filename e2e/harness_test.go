package e2e

import (
	"context"
	"testing"
	"time"

	"mirror/e2e/workload"
)

// The harness itself, without a mirror: what is written by hand on both sides is judged equal, and a difference is seen.
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
	for _, log := range logs(t, src, topic) {
		for _, b := range log.Batches {
			raw := append([]byte(nil), b.Raw...)
			clear(raw[:8])
			for i := 43; i < 57; i++ {
				raw[i] = 0xff // no producer
			}
			resign(raw)
			if err := workload.ProduceRaw(context.Background(), dst, topic, log.Partition, raw); err != nil {
				t.Fatal(err)
			}
		}
	}
	copies{t: t, src: src, dst: dst, topics: map[string]string{topic: topic}}.judge()
}
