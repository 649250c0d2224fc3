package e2e

import (
	"context"
	"fmt"
	"testing"

	"mirror/e2e/workload"
)

// Sixty topics appear while the mirror is busy with others, each with its first records at once: a broker that has just
// created a topic answers a first batch now and then with "not the leader", and what was sent behind it must not get in
// first. Every first record is there, once.
func TestNewTopics(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 2, 4)
	s.startLoad(4, 2000, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	s.waitMore(d, 0, 500)
	for i := range 60 {
		topic := s.addTopic(fmt.Sprintf("new%d", i), 2, 1)
		for n := range 8 {
			// One batch for each record, so that there are more batches than one window holds.
			r := workload.Kgo(s.writer.Next(topic, int32(n%2), workload.Small))
			if err := s.src.ProduceSync(context.Background(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.waitMore(d, s.copied(), 1000)
	s.stopLoad()
	s.finish(d)
}
