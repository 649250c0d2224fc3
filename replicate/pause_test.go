package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/monitor"
	"mirror/offsets"
)

// pauseTopic writes what `mirror pause` and `mirror resume` write. The empty
// topic is the whole route.
func pauseTopic(t *testing.T, p *pair, topic string, paused bool) {
	t.Helper()
	if _, err := offsets.EnsureTopic(context.Background(), kadm.NewClient(client(t, p.east)), "__mirror_west-to-east", 16, 1); err != nil {
		t.Fatal(err)
	}
	for lane := range int32(16) {
		record(t, p.east, lane, offsets.Key{Kind: offsets.KindPause, Topic: topic}, offsets.Pause{Paused: paused, By: "ada@ops-1", Time: time.Now()})
	}
}

// steadyLoad writes records load-0, load-1, … to partition 0 of topics, one each
// at a time, until stop is called, which returns how many there are of each.
func steadyLoad(t *testing.T, c *kfake.Cluster, topics ...string) (stop func() int) {
	t.Helper()
	cl := client(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite())
	var end atomic.Bool
	done := make(chan int)
	go func() {
		n := 0
		for ; !end.Load(); n++ {
			for _, topic := range topics {
				if err := cl.ProduceSync(context.Background(), &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, "load-%d", n)}).FirstErr(); err != nil {
					t.Error(err)
				}
			}
		}
		done <- n
	}()
	var n int
	stopped := false
	stop = func() int {
		if !stopped {
			stopped = true
			end.Store(true)
			n = <-done
		}
		return n
	}
	t.Cleanup(func() { stop() })
	return stop
}

// waitEnd waits until the log of partition 0 of a topic holds at least n records.
func waitEnd(t *testing.T, c *kfake.Cluster, topic string, n int64) {
	t.Helper()
	waitFor(t, func() string {
		if end := endOf(c, topic); end < n {
			return fmt.Sprintf("%s has %d of %d records", topic, end, n)
		}
		return ""
	})
}

// TestPauseUnderLoad pauses one of two topics while records arrive: its copy
// stands still and holds nothing, its lag grows, the other one goes on; after it
// was resumed both are copied whole and in order.
func TestPauseUnderLoad(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders", "other"))
	m, _ := startMirror(t, p.config(t, "topics: [orders, other]"), "p1")
	stop := steadyLoad(t, p.west, "orders", "other")
	for range 3 {
		waitEnd(t, p.east, "west.orders", endOf(p.east, "west.orders")+100)
		pauseTopic(t, p, "orders", true)
		if got := waitState(t, m, "orders", monitor.Paused); !strings.Contains(got.Reason, "ada@ops-1") || !strings.Contains(got.Reason, "the topic was paused") {
			t.Errorf("reason %q", got.Reason)
		}
		at := endOf(p.east, "west.orders")
		waitEnd(t, p.east, "west.other", endOf(p.east, "west.other")+200)
		if end := endOf(p.east, "west.orders"); end != at {
			t.Fatalf("the copy of a paused topic has grown from %d to %d", at, end)
		}
		if ready, why := m.Ready(); !ready {
			t.Errorf("not ready: %v", why)
		}
		part := m.routes[0].partition("orders", 0)
		part.mu.Lock()
		if len(part.queue) != 0 || part.queuedBytes != 0 || part.flying != 0 || part.fetching {
			t.Errorf("a paused partition holds %d batches of %d bytes, %d in flight, fetching: %v", len(part.queue), part.queuedBytes, part.flying, part.fetching)
		}
		part.mu.Unlock()
		pauseTopic(t, p, "orders", false)
	}
	n := stop()
	wantValues(t, values(t, p.east, "west.orders", 0, n), "load", n)
	wantValues(t, values(t, p.east, "west.other", 0, n), "load", n)
	waitState(t, m, "orders", monitor.CaughtUp)
	if got := losses(t, p.east); len(got) != 0 {
		t.Errorf("losses %+v", got)
	}
}

// TestPauseSurvivesRestart restarts the mirror, and lets another process take
// the lanes over, while the whole route is paused. The lag goes on being told.
func TestPauseSurvivesRestart(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	m, stop := copyTen(t, p, c)
	waitState(t, m, "orders", monitor.CaughtUp)
	pauseTopic(t, p, "", true)
	waitState(t, m, "orders", monitor.Paused)
	stop()
	if cp, _ := checkpointOf(t, p.east, ordersKey); !cp.Clean || cp.Source != 10 {
		t.Errorf("the checkpoint of a paused partition is %+v", cp)
	}
	produce(t, p.west, "orders", 0, "b", 10)
	for _, process := range []string{"p1", "p2"} {
		m, stop = startMirror(t, c, process)
		waitFor(t, func() string {
			switch s := m.Status().Routes[0]; {
			case s.State != monitor.Paused || !strings.Contains(s.Reason, "the route was paused by ada@ops-1"):
				return fmt.Sprintf("the route is %s: %s", s.State, s.Reason)
			case s.LagRecords != 10 || s.LagSeconds == nil || s.Topics[0].Partitions[0].SourceOffset != 10:
				return fmt.Sprintf("lag %d records, want 10: %+v", s.LagRecords, s.Topics)
			}
			return ""
		})
		if end := endOf(p.east, "west.orders"); end != 10 {
			t.Fatalf("%d records copied while paused", end-10)
		}
		if process == "p1" {
			stop()
		}
	}
	pauseTopic(t, p, "", false)
	got := values(t, p.east, "west.orders", 0, 20)
	wantValues(t, got[10:], "b", 10)
}

// TestPauseBeforeTheStart pauses a route that has never run, and that is to
// begin at the end of the source: what arrives while it is paused is copied when
// it goes on, and the target topics are made meanwhile.
func TestPauseBeforeTheStart(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "before", 10)
	pauseTopic(t, p, "", true)
	m, _ := startMirror(t, p.config(t, "topics: [orders]", "start: latest"), "p1")
	if got := waitState(t, m, "orders", monitor.Paused); got.LagRecords > 0 {
		t.Errorf("lag %d", got.LagRecords)
	}
	waitFor(t, func() string {
		if lane := m.routes[0].lanes.state[offsets.LaneOf("orders", 0, 16)]; len(lane.Checkpoints()) == 0 {
			return "the start is not on record"
		}
		return ""
	})
	produce(t, p.west, "orders", 0, "a", 10)
	pauseTopic(t, p, "", false)
	wantValues(t, values(t, p.east, "west.orders", 0, 10), "a", 10)
}

// TestPauseInTrouble pauses partitions that wait or have stopped: they rest
// without a further try, and try again when they go on.
func TestPauseInTrouble(t *testing.T) {
	for _, c := range []struct {
		err   *kerr.Error
		state monitor.State
	}{{kerr.TopicAuthorizationFailed, monitor.Waiting}, {kerr.InvalidRecord, monitor.Stopped}} {
		t.Run(string(c.state), func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			produce(t, p.west, "orders", 0, "a", 10)
			m, _ := startMirror(t, p.config(t, "topics: [orders]"), "p1")
			values(t, p.east, "west.orders", 0, 10)
			answerTimes(p.east, "west.orders", c.err.Code, 1)
			produce(t, p.west, "orders", 0, "b", 10)
			waitState(t, m, "orders", c.state)
			pauseTopic(t, p, "orders", true)
			got := waitState(t, m, "orders", monitor.Paused)
			if stopped := strings.Contains(got.Reason, "before that it had stopped: "); stopped != (c.state == monitor.Stopped) {
				t.Errorf("reason %q", got.Reason)
			}
			pauseTopic(t, p, "orders", false)
			wantValues(t, values(t, p.east, "west.orders", 0, 20)[10:], "b", 10)
		})
	}
}

// TestPauseTakenBack takes a pause back while answers are awaited: the partition
// goes on and nothing is lost or repeated.
func TestPauseTakenBack(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 10)
	m, _ := startMirror(t, p.config(t, "topics: [orders]"), "p1")
	values(t, p.east, "west.orders", 0, 10)
	release := holdProduces(t, p.east, "west.orders")
	produce(t, p.west, "orders", 0, "b", 10)
	part := m.routes[0].partition("orders", 0)
	phaseIs := func(want phase) func() string {
		return func() string {
			part.mu.Lock()
			defer part.mu.Unlock()
			if part.phase != want || part.flying == 0 {
				return fmt.Sprintf("phase %d, want %d, %d in flight", part.phase, want, part.flying)
			}
			return ""
		}
	}
	waitFor(t, phaseIs(phaseOpen))
	pauseTopic(t, p, "orders", true)
	waitFor(t, phaseIs(phaseDrain))
	pauseTopic(t, p, "orders", false)
	waitFor(t, func() string {
		if _, paused := part.pausedBy(); paused {
			return "the lane still says paused"
		}
		return ""
	})
	release()
	got := values(t, p.east, "west.orders", 0, 20)
	wantValues(t, got[10:], "b", 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	if slices.Contains(got[:10], "b-0") {
		t.Error("repeated")
	}
}
