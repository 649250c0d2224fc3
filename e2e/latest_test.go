package e2e

import (
	"context"
	"testing"

	"mirror/e2e/truth"
	"mirror/e2e/workload"
	"mirror/monitor"
)

// With start: latest, a mirror that was killed while it idled, before it ever copied a record, must copy what arrived while
// it was dead: its start is remembered, not chosen again.
func TestLatest(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 1, 2, "start: latest")
	topic := s.id + ".t0"
	produce := func(n int) {
		t.Helper()
		for i := range n {
			r := workload.Kgo(s.writer.Next(topic, int32(i%2), workload.Small))
			if err := s.src.ProduceSync(context.Background(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	produce(20)
	skipped := ends(s.src, topic)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	d.waitState(monitor.CaughtUp)
	d.kill()
	produce(30)
	d.start()
	want := map[int32]int64{0: 15, 1: 15}
	eventually(t, "the records that arrived meanwhile", func() error {
		d.alive()
		return behind(want, ends(s.dst, s.topics[topic]))
	})
	d.waitState(monitor.CaughtUp)
	if n := d.losses(); n != 0 {
		t.Errorf("losses: got %d entries, want none", n)
	}
	d.stop()
	to := logs(t, s.dst, s.topics[topic])
	for i, from := range logs(t, s.src, topic) {
		var fresh []truth.Record
		for _, r := range from.Data(true) {
			if r.Offset >= skipped[from.Partition] {
				fresh = append(fresh, r)
			}
		}
		if err := truth.Compare(fresh, to[i].Data(false), workload.Identity).Err(); err != nil {
			t.Errorf("partition %d: %v", i, err)
		}
	}
}
