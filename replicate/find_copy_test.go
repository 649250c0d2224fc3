package replicate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/monitor"
	"mirror/offsets"
)

// findOrders is FindCopy for orders/0.
func findOrders(t *testing.T, p *pair, route ...string) (*FoundCopy, error) {
	t.Helper()
	c := p.config(t, append([]string{"topics: [orders]"}, route...)...)
	west := Cluster{c.Clusters["west"], client(t, p.west), "west-cluster"}
	east := Cluster{c.Clusters["east"], client(t, p.east), "east-cluster"}
	plan, err := PlanRoute(context.Background(), c.Routes[0], west, east, nil, nil)
	if err != nil || len(plan.Topics) != 1 {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	return FindCopy(context.Background(), c.Routes[0], west, east, &plan.Topics[0], 0)
}

func deleteTopic(t *testing.T, c *kfake.Cluster, topic string) {
	t.Helper()
	if _, err := kadm.NewClient(client(t, c)).DeleteTopic(context.Background(), topic); err != nil {
		t.Fatal(err)
	}
}

// TestFindsACopy deletes the checkpoint topic of copies with and without gaps,
// of first and later generations, with a leader that has forgotten the producer
// and one that has not: what is found is where the copy goes on, with nothing
// lost and nothing twice.
func TestFindsACopy(t *testing.T) {
	for _, c := range []struct {
		name      string
		gaps      bool // a transaction's marker is in front of the records
		again     bool // copied under generation 1
		forgotten bool // the leader does not know the producer
		n         int  // records
	}{
		{"plain", false, false, false, 30},
		{"long", false, false, true, 400},
		{"gaps", true, false, false, 30},
		{"gaps, forgotten", true, false, true, 30},
		{"again", false, true, false, 30},
		{"again with gaps, forgotten", true, true, true, 150},
		{"one record", false, false, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			conf := p.config(t, "topics: [orders]")
			gaps := int64(0)
			if c.gaps {
				transaction(t, p.west, "orders")
				gaps = endOf(p.west, "orders")
			}
			produce(t, p.west, "orders", 0, "a", c.n)
			total := endOf(p.west, "orders") - gaps
			if c.gaps {
				total++ // the transaction's record
			}
			m, stop := startMirror(t, conf, "p1")
			waitEnd(t, p.east, "west.orders", total)
			waitState(t, m, "orders", monitor.CaughtUp)
			stop()
			if c.again {
				askGeneration(t, p, gaps)
				m, stop = startMirror(t, conf, "p1")
				total += int64(c.n)
				waitEnd(t, p.east, "west.orders", total)
				waitState(t, m, "orders", monitor.CaughtUp)
				stop()
			}
			deleteTopic(t, p.east, "__mirror_west-to-east")
			if c.forgotten {
				forgetProducers(p.east)
			}
			if plan := planOf(t, p, conf.Routes[0]); !strings.Contains(plan.Topics[0].Occupied, "of this very copy") || !strings.Contains(plan.Topics[0].Occupied, "mirror checkpoints rebuild --route west-to-east") {
				t.Errorf("the plan says %q", plan.Topics[0].Occupied)
			}
			produce(t, p.west, "orders", 0, "b", 20)
			m, _ = startMirror(t, conf, "p1")
			if got := waitState(t, m, "orders", monitor.Waiting); !strings.Contains(got.Reason, "mirror checkpoints rebuild") {
				t.Errorf("reason %q", got.Reason)
			}
			found, err := findOrders(t, p)
			if err != nil {
				t.Fatal(err)
			}
			if want := gaps + int64(c.n); found.Checkpoint.Source != want || found.Checkpoint.Target != total || found.Compared != min(c.n, proofRecords) && !c.gaps {
				t.Errorf("found %+v, want source %d, target %d", found, want, total)
			}
			key := ordersKey
			key.Generation = found.Generation
			record(t, p.east, offsets.LaneOf("orders", 0, 16), key, found.Checkpoint)
			waitEnd(t, p.east, "west.orders", total+20)
			wantValues(t, values(t, p.east, "west.orders", 0, int(total)+20)[total:], "b", 20)
			waitState(t, m, "orders", monitor.CaughtUp)
			if end := endOf(p.east, "west.orders"); end != total+20 {
				t.Errorf("the target ends at %d, want %d", end, total+20)
			}
			if l := losses(t, p.east); len(l) != 0 {
				t.Errorf("losses %+v", l)
			}
		})
	}
}

// transaction writes one record in a transaction, which leaves a marker.
func transaction(t *testing.T, c *kfake.Cluster, topic string) {
	t.Helper()
	cl := client(t, c, kgo.TransactionalID("t"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(context.Background(), &kgo.Record{Topic: topic, Value: []byte("t")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := cl.EndTransaction(context.Background(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
}

// TestFindsNoCopy has nothing of the copy on the target, or nothing that proves
// where it ends.
func TestFindsNoCopy(t *testing.T) {
	copied := func(t *testing.T) *pair {
		p := newPair(t, kfake.SeedTopics(1, "orders"))
		produce(t, p.west, "orders", 0, "a", 50)
		m, stop := startMirror(t, p.config(t, "topics: [orders]"), "p1")
		waitEnd(t, p.east, "west.orders", 50)
		waitState(t, m, "orders", monitor.CaughtUp)
		stop()
		return p
	}
	t.Run("others'", func(t *testing.T) {
		p := newPair(t, kfake.SeedTopics(1, "orders"))
		if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(context.Background(), 1, 1, nil, "west.orders"); err != nil {
			t.Fatal(err)
		}
		produce(t, p.west, "orders", 0, "a", 50)
		produce(t, p.east, "west.orders", 0, "a", 50)
		if found, err := findOrders(t, p); found != nil || err != nil {
			t.Errorf("found %+v, %v", found, err)
		}
	})
	t.Run("gone from the source", func(t *testing.T) {
		p := copied(t)
		deleteRecords(t, p.west, "orders", 50)
		produce(t, p.west, "orders", 0, "b", 50)
		wantUnproven(t, p, "is the last one that the target has")
	})
}

func wantUnproven(t *testing.T, p *pair, want string) {
	t.Helper()
	found, err := findOrders(t, p)
	var unproven *UnprovenError
	if found != nil || !errors.As(err, &unproven) || !strings.Contains(unproven.Why, want) {
		t.Errorf("found %+v, %v, want %q", found, err, want)
	}
}

// The last of equal records is found by the run of records in front of it, and
// by its sequence; where neither tells it, nothing is.
func TestOnlyMatch(t *testing.T) {
	rc := &recovery{}
	for _, c := range []struct {
		name   string
		tail   tail
		best   []match
		offset int64 // -1: not proven
	}{
		{"one", tail{sequence: 3}, []match{{9, 10}}, 9},
		{"none", tail{}, nil, -1},
		{"the sequence tells", tail{sequence: 12}, []match{{9, 10}, {12, 10}, {15, 10}}, 12},
		{"nothing tells", tail{sequence: 3}, []match{{9, 10}, {12, 10}}, -1},
		{"sequences of later generations tell nothing", tail{sequence: 12, generation: 1}, []match{{9, 10}, {12, 10}}, -1},
	} {
		m, _, err := rc.onlyMatch(&c.tail, c.best)
		if (err != nil) != (c.offset < 0) || err == nil && m.offset != c.offset {
			t.Errorf("%s: got %d, %v, want %d", c.name, m.offset, err, c.offset)
		}
	}
}

// Of records that are all equal the sequence names the last one that was copied
// only where the source has no gaps: behind a transaction's marker it names the
// record in front of it.
func TestFindsACopyAmongEqualRecords(t *testing.T) {
	for _, gaps := range []bool{false, true} {
		p := newPair(t, kfake.SeedTopics(1, "orders"))
		if gaps {
			transaction(t, p.west, "orders")
		}
		same := func(n int) {
			cl := client(t, p.west, kgo.RecordPartitioner(kgo.ManualPartitioner()))
			for range n {
				if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Value: []byte("same"), Timestamp: time.UnixMilli(1e12)}).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
		}
		same(2 * proofRecords)
		m, stop := startMirror(t, p.config(t, "topics: [orders]"), "p1")
		waitState(t, m, "orders", monitor.CaughtUp)
		stop()
		want := endOf(p.west, "orders")
		same(2 * proofRecords)
		if gaps {
			wantUnproven(t, p, "gaps in the source's log")
			continue
		}
		if found, err := findOrders(t, p); err != nil || found.Checkpoint.Source != want {
			t.Errorf("found %+v, %v, want offset %d", found, err, want)
		}
	}
}

// The numbers of a checkpoint that is found give the next record the sequence
// that follows the last one.
func TestNumbering(t *testing.T) {
	for _, c := range []struct {
		last                 int64
		sequence, generation int32
	}{{99, 99, 0}, {119, 99, 0}, {100, 0, 0}, {1<<31 + 7, 5, 0}, {5<<31 + 7, 1<<31 - 1, 0}, {99, 9, 1}, {1<<33 + 3, 7, 2}, {1 << 31, 1<<31 - 1, 1}} {
		ordinal, base := numbering(c.last, c.sequence, c.generation)
		want := offsets.Sequence(int64(c.sequence)+1, 0)
		if got := offsets.Sequence(ordinal, base); got != want || ordinal > c.last+1 || base < 0 || ordinal < base {
			t.Errorf("%+v: ordinal %d, base %d, sequence %d, want %d", c, ordinal, base, got, want)
		}
	}
}

// The source goes on growing while a copy is looked for.
func TestFindsACopyUnderLoad(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	stop := steadyLoad(t, p.west, "orders")
	m, stopMirror := startMirror(t, p.config(t, "topics: [orders]"), "p1")
	waitEnd(t, p.east, "west.orders", 200)
	waitState(t, m, "orders", monitor.CaughtUp)
	stopMirror()
	found, err := findOrders(t, p)
	if end := endOf(p.east, "west.orders"); err != nil || found == nil || found.Checkpoint.Source != end {
		t.Errorf("found %+v, %v, want offset %d", found, err, end)
	}
	stop()
}
