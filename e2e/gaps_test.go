package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/truth"
	"mirror/e2e/workload"
	"mirror/monitor"
)

// Transactions leave gaps in the source: markers and what was aborted. Positions must survive kill -9 across them, whether
// aborted records are left out or copied.
func TestKillTransactions(t *testing.T) {
	for _, isolation := range []string{"read_committed", "read_uncommitted"} {
		t.Run(isolation, func(t *testing.T) {
			west, east := sharedPair(t)
			s := newScene(t, west, east, 2, 2, "isolation: "+isolation)
			s.committed = isolation == "read_committed"
			var clients []*kgo.Client
			for i := range 3 {
				clients = append(clients, clientOf(t, west, kgo.TransactionalID(fmt.Sprintf("%s-%d", s.id, i))))
			}
			var targets []workload.Target
			for topic := range s.topics {
				targets = append(targets, workload.Target{Topic: topic, Partitions: 2})
			}
			transactions := workload.StartTransactions(clients, s.writer, targets)
			t.Cleanup(func() { _ = transactions.Stop() }) // a test that failed half way has said why
			s.startLoad(2, 300, 0)
			d := newDaemon(t, "mirror", s.config)
			d.start()
			for i := range kills() {
				s.waitMore(d, s.copied(), 400)
				d.kill()
				t.Logf("kill %d with %d records copied", i+1, s.copied())
				d.start()
			}
			if err := transactions.Stop(); err != nil {
				t.Fatal(err)
			}
			if transactions.Aborted() == 0 {
				t.Fatal("nothing was aborted: the test shows nothing")
			}
			s.stopLoad()
			s.finish(d)
		})
	}
}

// A compacted source changes under the mirror: records vanish before and after they are copied. Under kill -9, what is left
// in the source at the end is in the copy exactly once and in order, and nothing is there twice.
func TestKillCompacted(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 0, 0)
	topic := s.id + ".compacted"
	target := "west." + topic
	createTopic(t, s.src, topic, 2, 1, map[string]string{
		"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.ms": "1000", "max.compaction.lag.ms": "1000",
	})
	// The copy keeps everything, so that it shows what was sent.
	s.config.routes[0].lines = []string{`topic_defaults: {config: {min.compaction.lag.ms: "31536000000", max.compaction.lag.ms: "9223372036854775807"}}`}
	client := clientOf(t, west, kgo.ProducerLinger(5*time.Millisecond))
	shapes := []workload.Shape{workload.Small, workload.Small, workload.NoValue, workload.EmptyValue}
	s.load = workload.StartLoad(client, s.writer, []workload.Target{{Topic: topic, Partitions: 2}}, shapes, 500, 0)
	t.Cleanup(func() { _ = s.load.Stop() }) // a test that failed half way has said why
	s.topics[topic] = target
	d := newDaemon(t, "mirror", s.config)
	d.start()
	for i := range kills() {
		s.waitMore(d, s.copied(), 800)
		d.kill()
		t.Logf("kill %d with %d records copied", i+1, s.copied())
		d.start()
	}
	s.stopLoad()
	d.waitState(monitor.CaughtUp)
	holes := 0
	for _, from := range logs(t, s.src, topic) {
		for _, b := range from.Batches {
			if !b.Dense() {
				holes++
			}
		}
		eventually(t, "the last record of the source", func() error {
			to, err := truth.Read(t.Context(), s.dst, target, from.Partition)
			if err != nil {
				return err
			}
			data := from.Data(true)
			return contains(to, data[len(data)-1])
		})
	}
	if holes == 0 {
		t.Fatal("the cleaner left no holes: the test shows nothing")
	}
	d.stop()
	to := logs(t, s.dst, target)
	for i, from := range logs(t, s.src, topic) {
		judgeCompacted(t, from, to[i])
	}
}

func contains(log *truth.Log, want truth.Record) error {
	for _, r := range log.Data(false) {
		if workload.Identity(r) == workload.Identity(want) {
			return nil
		}
	}
	return fmt.Errorf("%s is not there", workload.Identity(want))
}

// judgeCompacted checks that nothing is in the copy twice, and that it has what is left of the source, in order.
func judgeCompacted(t *testing.T, from, to *truth.Log) {
	t.Helper()
	place := make(map[string]int)
	for i, r := range to.Data(false) {
		id := workload.Identity(r)
		if first, twice := place[id]; twice {
			t.Errorf("%s/%d: %s is at record %d and at %d", to.Topic, to.Partition, id, first, i)
			return
		}
		place[id] = i
	}
	data, last := to.Data(false), -1
	for _, r := range from.Data(true) {
		at, ok := place[workload.Identity(r)]
		if !ok {
			t.Errorf("%s/%d: %s at %d is lost", from.Topic, from.Partition, workload.Identity(r), r.Offset)
			return
		}
		if at <= last {
			t.Errorf("%s/%d: %s at %d is out of order", from.Topic, from.Partition, workload.Identity(r), r.Offset)
			return
		}
		if data[at].Digest() != r.Digest() {
			t.Errorf("%s/%d: %s at %d was changed", from.Topic, from.Partition, workload.Identity(r), r.Offset)
			return
		}
		last = at
	}
}
