package e2e

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/truth"
	"mirror/e2e/workload"
	"mirror/monitor"
)

// Two mirrors that keep names copy the same topic in both directions while applications write on both sides: each side ends
// up with what was written here and what was written there, each once and in order, and nothing goes home. Both mirrors are
// killed again and again.
func TestSameNamesBothWays(t *testing.T) {
	west, east := sharedPair(t)
	topic := unique("both")
	src, dst := clientOf(t, west), clientOf(t, east)
	createTopic(t, src, topic, 2, 1, nil)
	createTopic(t, dst, topic, 2, 1, nil)
	writers := []*workload.Writer{{Run: 1}, {Run: 2}}
	var loads []*workload.Load
	for i, c := range []*kgo.Client{
		clientOf(t, west, kgo.ProducerLinger(5*time.Millisecond)), clientOf(t, east, kgo.ProducerLinger(5*time.Millisecond)),
	} {
		load := workload.StartLoad(c, writers[i], []workload.Target{{Topic: topic, Partitions: 2}}, []workload.Shape{workload.Small}, 500, 0)
		t.Cleanup(func() { _ = load.Stop() }) // a test that failed half way has said why
		loads = append(loads, load)
	}
	lines := []string{`rename: "{topic}"`, "allow: [existing]"}
	there := newDaemon(t, "there", configOf{west: west, east: east, routes: []route{{topic + "-there", []string{topic}, lines}}})
	back := newDaemon(t, "back", configOf{west: west, east: east, from: "east", to: "west", routes: []route{{topic + "-back", []string{topic}, lines}}})
	there.start()
	back.start()
	for i := range kills() {
		before := total(src, topic) + total(dst, topic)
		eventually(t, "more records", func() error {
			there.alive()
			back.alive()
			return behind(map[int32]int64{0: before + 3000}, map[int32]int64{0: total(src, topic) + total(dst, topic)})
		})
		d := []*daemon{there, back}[i%2]
		d.kill()
		d.start()
	}
	for _, load := range loads {
		if err := load.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	for _, wait := range []struct {
		from, to *kgo.Client
		d        *daemon
		run      uint64
	}{{src, dst, there, 1}, {dst, src, back, 2}} {
		eventually(t, "all records of one side on the other", func() error {
			wait.d.alive()
			for i, from := range logs(t, wait.from, topic) {
				want := len(written(from, wait.run))
				if err := behind(map[int32]int64{int32(i): int64(want)}, map[int32]int64{int32(i): int64(len(written(logs(t, wait.to, topic)[i], wait.run)))}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	there.waitState(monitor.CaughtUp)
	back.waitState(monitor.CaughtUp)
	there.stop()
	back.stop()
	for i, from := range logs(t, src, topic) {
		to := logs(t, dst, topic)[i]
		for run := range uint64(2) {
			if err := truth.Compare(written(from, run+1), written(to, run+1), workload.Identity).Err(); err != nil {
				t.Errorf("partition %d, records written by %d: west and east differ: %v", i, run+1, err)
			}
		}
	}
}

// written are the records of one writer.
func written(log *truth.Log, run uint64) []truth.Record {
	var records []truth.Record
	for _, r := range log.Data(false) {
		if workload.RunOf(r) == run {
			records = append(records, r)
		}
	}
	return records
}
