package replicate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/monitor"
	"mirror/offsets"
)

// askGeneration writes what `mirror checkpoints reset` writes for orders/0.
func askGeneration(t *testing.T, p *pair, source int64) {
	t.Helper()
	var lane *offsets.Lane
	key := ordersKey
	for _, l := range lanesOf(t, p.east, "west-to-east") {
		if l.Number() == offsets.LaneOf("orders", 0, 16) {
			lane = l
		}
	}
	key.Generation = lane.Generation("orders", 0, "west.orders")
	cp, ok, err := lane.Checkpoint(key)
	if !ok || err != nil {
		t.Fatalf("checkpoint: found %v, %v", ok, err)
	}
	key.Generation++
	record(t, p.east, lane.Number(), key, offsets.Checkpoint{SourceTopicID: cp.SourceTopicID, TargetTopicID: cp.TargetTopicID, Source: source, SourceEpoch: -1,
		LastSource: -1, Ordinal: source, Base: source, Target: endOf(p.east, "west.orders"), TargetEpoch: -1, Asked: true, Time: time.Now()})
}

// generationOf is the generation that a mirror copies orders/0 under.
func generationOf(m *Mirror) int32 {
	p := m.routes[0].partition("orders", 0)
	if p == nil {
		return -1
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != phaseOpen {
		return -1
	}
	return p.generation
}

func waitGeneration(t *testing.T, want int32, mirrors ...*Mirror) {
	t.Helper()
	waitFor(t, func() string {
		for _, m := range mirrors {
			if generationOf(m) == want {
				return ""
			}
		}
		return fmt.Sprintf("nobody copies under generation %d", want)
	})
}

// TestNewGenerationUnderLoad asks for new generations while a fleet of two
// copies records that arrive. What is on the target afterwards is one copy after
// another, each whole and in order from where it was asked for.
func TestNewGenerationUnderLoad(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	a, _ := startMirror(t, c, "p1")
	b, _ := startMirror(t, c, "p2")
	stop := steadyLoad(t, p.west, "orders")
	for generation := int32(1); generation <= 3; generation++ {
		waitEnd(t, p.east, "west.orders", endOf(p.east, "west.orders")+50)
		waitFor(t, func() string {
			for _, l := range lanesOf(t, p.east, "west-to-east") {
				if len(l.Checkpoints()) > 0 {
					return ""
				}
			}
			return "no checkpoint"
		})
		askGeneration(t, p, 5)
		waitGeneration(t, generation, a, b)
	}
	n := stop()
	var got []string
	waitFor(t, func() string {
		got = values(t, p.east, "west.orders", 0, int(endOf(p.east, "west.orders")))
		if last := fmt.Sprintf("load-%d", n-1); len(got) == 0 || got[len(got)-1] != last {
			return fmt.Sprintf("%d records are there, the last is not %s", len(got), last)
		}
		return ""
	})
	copies, next := 0, 0
	for i, v := range got {
		switch v {
		case fmt.Sprintf("load-%d", next):
			next++
		case "load-5":
			copies++
			next = 6
		default:
			t.Fatalf("record %d is %s after load-%d", i, v, next-1)
		}
	}
	if copies != 3 || next != n {
		t.Errorf("%d copies after the first one, the last one ends at %d of %d", copies, next, n)
	}
	if l := losses(t, p.east); len(l) != 0 {
		t.Errorf("losses %+v", l)
	}
	cp, lane := checkpointOf(t, p.east, offsets.Key{Kind: offsets.KindCheckpoint, Topic: "orders", Target: "west.orders", Generation: 3})
	if keys := lane.Older(offsets.Key{Topic: "orders", Target: "west.orders", Generation: 3}); cp.Asked || cp.Base != 5 || len(keys) != 0 {
		t.Errorf("checkpoint %+v; of older generations there are %v", cp, keys)
	}
}

// TestNewGenerationFromTheEnd leaves records out that were not copied yet: the
// ledger names them.
func TestNewGenerationFromTheEnd(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	m, stop := copyTen(t, p, c)
	waitState(t, m, "orders", monitor.CaughtUp)
	stop()
	produce(t, p.west, "orders", 0, "left", 10)
	askGeneration(t, p, 20)
	produce(t, p.west, "orders", 0, "b", 10)
	startMirror(t, c, "p1")
	wantValues(t, values(t, p.east, "west.orders", 0, 20)[10:], "b", 10)
	got := losses(t, p.east)
	if len(got) != 1 || got[0].Loss.From != 10 || got[0].Loss.To != 20 || got[0].Loss.Cause != "skipped" {
		t.Errorf("losses %+v", got)
	}
	// A process may die between any two records: the loss is found by the older
	// checkpoint, so it is written before that one is taken back.
	var order []string
	for _, r := range laneRecords(t, p.east, "west-to-east", offsets.LaneOf("orders", 0, 16)) {
		switch key, _ := offsets.DecodeKey(r.Key); {
		case key.Kind == offsets.KindLoss:
			order = append(order, "loss")
		case key.Kind == offsets.KindCheckpoint && key.Generation == 0 && r.Value == nil:
			order = append(order, "taken back")
		}
	}
	if strings.Join(order, ", ") != "loss, taken back" {
		t.Errorf("written in the order %v", order)
	}
}

// laneRecords are the records of one lane of a route's checkpoint topic so far.
func laneRecords(t *testing.T, c *kfake.Cluster, route string, lane int32) []*kgo.Record {
	t.Helper()
	topic := offsets.TopicName(route)
	cl := client(t, c, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {lane: kgo.NewOffset().AtStart()}}))
	ends, err := kadm.NewClient(cl).ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup(topic, lane)
	var records []*kgo.Record
	for int64(len(records)) < end.Offset {
		fetches := cl.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

// TestNewGenerationOfAStopped begins a generation where the position of the
// older one cannot be told any more, which had stopped the partition, and while
// its topic is paused: the new position is shown, and copied from on resume.
func TestNewGenerationOfAStopped(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	m, stop := copyTen(t, p, c)
	waitState(t, m, "orders", monitor.CaughtUp)
	stop()
	cp, lane := checkpointOf(t, p.east, ordersKey)
	cp.LastSource, cp.Clean = 3, false
	record(t, p.east, lane.Number(), ordersKey, cp)
	m, _ = startMirror(t, c, "p1")
	waitState(t, m, "orders", monitor.Stopped)
	pauseTopic(t, p, "orders", true)
	waitState(t, m, "orders", monitor.Paused)
	askGeneration(t, p, 4)
	waitFor(t, func() string {
		if got := waitState(t, m, "orders", monitor.Paused); got.SourceOffset != 4 || got.LagRecords != 6 {
			return fmt.Sprintf("the status says %+v", got)
		}
		return ""
	})
	if end := endOf(p.east, "west.orders"); end != 10 {
		t.Errorf("%d records while paused", end)
	}
	pauseTopic(t, p, "orders", false)
	got := values(t, p.east, "west.orders", 0, 16)
	if want := "a-4 a-5 a-6 a-7 a-8 a-9"; strings.Join(got[10:], " ") != want {
		t.Errorf("got %q, want %s", got[10:], want)
	}
}

// TestTwiceAsked asks twice for the same generation, as two operators may: the
// later wish is begun as one more generation, never under numbers that the
// target has seen.
func TestTwiceAsked(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	m, _ := copyTen(t, p, c)
	waitFor(t, func() string {
		if _, ok := m.routes[0].partition("orders", 0).onRecord(); !ok {
			return "no checkpoint"
		}
		return ""
	})
	askGeneration(t, p, 8)
	waitGeneration(t, 1, m)
	values(t, p.east, "west.orders", 0, 12)
	key := ordersKey
	key.Generation = 1
	cp, lane := checkpointOf(t, p.east, key)
	cp.Source, cp.Ordinal, cp.Base, cp.LastSource, cp.Asked, cp.Time = 6, 6, 6, -1, true, time.Now()
	record(t, p.east, lane.Number(), key, cp)
	waitGeneration(t, 2, m)
	got := values(t, p.east, "west.orders", 0, 16)
	if want := "a-8 a-9 a-6 a-7 a-8 a-9"; strings.Join(got[10:], " ") != want {
		t.Errorf("got %q, want %s", got[10:], want)
	}
}

// TestFencedByANewerGeneration has the target refuse an older generation that
// this process does not know to be older, because the checkpoint topic does not
// say so: it waits with a reason, and goes on as soon as the topic says it.
func TestFencedByANewerGeneration(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	m, stop := copyTen(t, p, c)
	waitState(t, m, "orders", monitor.CaughtUp)
	stop()
	old, _ := checkpointOf(t, p.east, ordersKey)
	askGeneration(t, p, 9)
	m, stop = startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 11)
	waitState(t, m, "orders", monitor.CaughtUp)
	stop()
	key := ordersKey
	key.Generation = 1
	newer, lane := checkpointOf(t, p.east, key)
	for _, k := range lane.Keys(key) {
		record(t, p.east, lane.Number(), k, nil)
	}
	record(t, p.east, lane.Number(), ordersKey, old)
	produce(t, p.west, "orders", 0, "b", 10)
	m, _ = startMirror(t, c, "p1")
	if got := waitState(t, m, "orders", monitor.Waiting); !strings.Contains(got.Reason, "generation 1") || !strings.Contains(got.Reason, "mirror checkpoints reset") {
		t.Errorf("reason %q", got.Reason)
	}
	record(t, p.east, lane.Number(), key, newer)
	wantValues(t, values(t, p.east, "west.orders", 0, 21)[11:], "b", 10)
	if end := endOf(p.east, "west.orders"); end != 21 {
		t.Errorf("the target ends at %d", end)
	}
}
