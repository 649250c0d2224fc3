package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/e2e/truth"
	"mirror/e2e/workload"
	"mirror/monitor"
)

// Records that were deleted from the source before they were copied are a loss with its exact range, in the ledger and in
// the status; everything else is there, and copying goes on.
func TestLoss(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 1, 2)
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
	d := newDaemon(t, "mirror", s.config)
	d.start()
	s.waitCopied(d)
	d.waitState(monitor.CaughtUp)
	d.kill()
	all := map[int32][]truth.Record{}
	produce(40)
	for _, log := range logs(t, s.src, topic) {
		all[log.Partition] = log.Data(true)
	}
	deleteRecords(t, s, topic, 0, 17)
	d.start()
	want := map[int32]int64{0: 10 + 13, 1: 30}
	eventually(t, "the records that are left", func() error {
		d.alive()
		return behind(want, ends(s.dst, s.topics[topic]))
	})
	eventually(t, "the loss in the status", func() error {
		if n := d.losses(); n != 1 {
			return fmt.Errorf("%d losses", n)
		}
		return nil
	})
	produce(10)
	want = map[int32]int64{0: 10 + 13 + 5, 1: 35}
	eventually(t, "later records", func() error {
		d.alive()
		return behind(want, ends(s.dst, s.topics[topic]))
	})
	d.stop()
	to := logs(t, s.dst, s.topics[topic])
	for i, from := range logs(t, s.src, topic) {
		expect := append(all[from.Partition][:10:10], from.Data(true)...)
		if i == 1 {
			expect = from.Data(true)
		}
		if err := truth.Compare(expect, to[i].Data(false), workload.Identity).Err(); err != nil {
			t.Errorf("partition %d: %v", i, err)
		}
	}
	entries := lossEntries(t, s)
	if len(entries) != 1 || entries[0].Topic != topic || entries[0].Partition != 0 || entries[0].From != 10 || entries[0].To != 17 {
		t.Errorf("ledger: got %+v, want one entry of %s/0 from 10 to 17", entries, topic)
	}
}

func deleteRecords(t *testing.T, s *scene, topic string, partition int32, before int64) {
	t.Helper()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: partition, At: before})
	answers, err := kadm.NewClient(s.src).DeleteRecords(context.Background(), offsets)
	if err == nil {
		err = answers.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// lossEntry is what the checkpoint topic says of one loss, in key and value.
type lossEntry struct {
	Kind      string `json:"kind"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"`
	Cause     string `json:"cause"`
}

// lossEntries reads the loss ledger as it is on the target.
func lossEntries(t *testing.T, s *scene) []lossEntry {
	t.Helper()
	var entries []lossEntry
	for _, log := range logs(t, s.dst, "__mirror_"+s.id) {
		for _, r := range log.Data(false) {
			var e lossEntry
			if err := json.Unmarshal(r.Key, &e); err != nil || e.Kind != "loss" || r.Value == nil {
				continue
			}
			if err := json.Unmarshal(r.Value, &e); err != nil {
				t.Fatal(err)
			}
			entries = append(entries, e)
		}
	}
	return entries
}
