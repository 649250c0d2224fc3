package e2e

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/truth"
	"mirror/e2e/workload"
)

// produceTo writes n small records to each of the first partitions of a topic.
func produceTo(t *testing.T, client *kgo.Client, w *workload.Writer, topic string, partitions int32, n int, shape workload.Shape) {
	t.Helper()
	for i := range n * int(partitions) {
		r := workload.Kgo(w.Next(topic, int32(i)%partitions, shape))
		if err := client.ProduceSync(context.Background(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// A route from a cluster to itself is refused, whatever the addresses are called.
func TestSameCluster(t *testing.T) {
	west, _ := sharedPair(t)
	s := newScene(t, west, west, 1, 1)
	d := startDaemon(t, s.config)
	d.waitReason("same cluster")
	if topics := total(s.src, "west."+s.id+".t0"); topics != 0 {
		t.Errorf("copied %d records from a cluster to itself", topics)
	}
}

// A target topic that has records which are not ours is not touched, until the config allows to append behind them; other
// topics go on.
func TestForeignTarget(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 2, 1)
	foreign, other := s.id+".t0", s.id+".t1"
	createTopic(t, s.dst, "west."+foreign, 1, 1, nil)
	produceTo(t, s.dst, &workload.Writer{Run: 99}, "west."+foreign, 1, 5, workload.Small)
	produceTo(t, s.src, s.writer, foreign, 1, 10, workload.Small)
	produceTo(t, s.src, s.writer, other, 1, 10, workload.Small)
	d := startDaemon(t, s.config)
	d.waitReason("not empty", "allow")
	eventually(t, "the other topic", func() error { return behind(map[int32]int64{0: 10}, ends(s.dst, "west."+other)) })
	if n := total(s.dst, "west."+foreign); n != 5 {
		t.Errorf("records in the foreign topic: got %d, want the 5 it had", n)
	}
	d.stop()

	s.config.routes[0].lines = []string{"allow: [existing]"}
	d = startDaemon(t, s.config)
	eventually(t, "the records behind the foreign ones", func() error {
		d.alive()
		return behind(map[int32]int64{0: 15}, ends(s.dst, "west."+foreign))
	})
	d.stop()
	from, to := logs(t, s.src, foreign)[0], logs(t, s.dst, "west."+foreign)[0]
	if err := truth.Compare(from.Data(true), to.Data(false)[5:], workload.Identity).Err(); err != nil {
		t.Error(err)
	}
}

// Records without a key cannot go into a compacted target. By default their partition stops and says why, and the others go
// on; with on_rejected: skip they are losses and their neighbours are copied.
func TestRejectedRecords(t *testing.T) {
	for _, policy := range []string{"stop", "skip"} {
		t.Run(policy, func(t *testing.T) {
			west, east := sharedPair(t)
			s := newScene(t, west, east, 1, 2, "on_rejected: "+policy)
			topic := s.id + ".t0"
			produceTo(t, s.src, s.writer, topic, 1, 3, workload.Small)
			produceTo(t, s.src, s.writer, topic, 1, 1, workload.NoKey)
			produceTo(t, s.src, s.writer, topic, 2, 3, workload.Small)
			// The source has become compacted only now, and its cleaner leaves the newest segment alone.
			alterConfigs(t, s.src, topic, map[string]string{"cleanup.policy": "compact"})
			d := startDaemon(t, s.config)
			want := map[int32]int64{0: 3, 1: 3}
			if policy == "skip" {
				want[0] = 6
			} else {
				d.waitReason("key")
			}
			eventually(t, "what the target takes", func() error {
				d.alive()
				return behind(want, ends(s.dst, "west."+topic))
			})
			if policy == "skip" {
				eventually(t, "the loss in the status", func() error {
					return behind(map[int32]int64{0: 1}, map[int32]int64{0: d.losses()})
				})
				if entries := lossEntries(t, s); len(entries) != 1 || entries[0].From != 3 || entries[0].To != 4 {
					t.Errorf("ledger: got %+v, want one entry from 3 to 4", entries)
				}
			}
			if got := ends(s.dst, "west."+topic); got[0] != want[0] || got[1] != want[1] {
				t.Errorf("ends of the copy: got %v, want %v", got, want)
			}
		})
	}
}
