package offsets

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// apply replays records given as key, value pairs; a nil value is a tombstone.
func apply(t *testing.T, l *Lane, key Key, value any) {
	t.Helper()
	var raw []byte
	if value != nil {
		raw = EncodeValue(value)
	}
	if err := l.Apply(EncodeKey(key), raw, l.Next()); err != nil {
		t.Fatal(err)
	}
}

var ordersKey = Key{Topic: "orders", Partition: 3, Target: "west.orders"}

func cpAt(source int64) Checkpoint {
	return Checkpoint{Source: source, LastSource: source - 1, Ordinal: source, Target: source, Time: when}
}

func TestLaneViews(t *testing.T) {
	l := NewLane(5)
	other := ordersKey
	other.Partition = 4
	gen2 := ordersKey
	gen2.Generation = 2
	apply(t, l, ordersKey.copyOf(KindCheckpoint), cpAt(10))
	apply(t, l, ordersKey.copyOf(KindCheckpoint), cpAt(20))
	apply(t, l, gen2.copyOf(KindCheckpoint), cpAt(7))
	for _, from := range []int64{300, 100, 200} {
		k := ordersKey.copyOf(KindDrift)
		k.From = from
		apply(t, l, k, Drift{Source: from, Ordinal: from / 2})
		k.Kind = KindLoss
		apply(t, l, k, Loss{From: from, To: from + 1, TargetFrom: -1, TargetTo: -1})
	}
	apply(t, l, Key{Kind: KindLoss, Topic: "a", Target: "b"}, Loss{To: 5})
	apply(t, l, Key{Kind: KindConfig, Target: "west.orders"}, TopicConfig{Keys: []string{"retention.ms"}})
	apply(t, l, Key{Kind: KindOwner, Member: "h2"}, Owner{Process: "h2"})
	apply(t, l, Key{Kind: KindOwner, Member: "h1"}, Owner{Process: "h1", Lanes: []int32{5}})

	if c, ok, err := l.Checkpoint(ordersKey); !ok || err != nil || c.Source != 20 {
		t.Errorf("checkpoint: got %+v, %v, %v", c, ok, err)
	}
	if c, ok, err := l.Checkpoint(gen2); !ok || err != nil || c.Source != 7 {
		t.Errorf("checkpoint of generation 2: got %+v, %v, %v", c, ok, err)
	}
	if _, ok, err := l.Checkpoint(other); ok || err != nil {
		t.Errorf("checkpoint of another partition: got %v, %v", ok, err)
	}
	var sources []int64
	for _, d := range l.Drifts(ordersKey) {
		sources = append(sources, d.Source)
	}
	if want := []int64{100, 200, 300}; !slices.Equal(sources, want) {
		t.Errorf("drifts: got %v, want %v", sources, want)
	}
	if got := l.Drifts(gen2); got != nil {
		t.Errorf("drifts of generation 2: got %v", got)
	}
	var losses []string
	for _, e := range l.Losses() {
		losses = append(losses, fmt.Sprintf("%s %d", e.Key.Topic, e.Loss.From))
	}
	if got, want := strings.Join(losses, ", "), "a 0, orders 100, orders 200, orders 300"; got != want {
		t.Errorf("losses: got %s, want %s", got, want)
	}
	if c, ok := l.Config("west.orders"); !ok || !slices.Equal(c.Keys, []string{"retention.ms"}) {
		t.Errorf("config: got %+v, %v", c, ok)
	}
	if owners := l.Owners(); len(owners) != 2 || owners[0].Process != "h1" {
		t.Errorf("owners: got %+v", owners)
	}
	if got := l.Generation("orders", 3, "west.orders"); got != 2 {
		t.Errorf("generation: got %d, want 2", got)
	}
	if got := l.Generation("orders", 4, "west.orders"); got != 0 {
		t.Errorf("generation of another partition: got %d, want 0", got)
	}
	want := []Key{ordersKey.copyOf(KindCheckpoint), gen2.copyOf(KindCheckpoint)}
	if got := l.Checkpoints(); !slices.Equal(got, want) {
		t.Errorf("checkpoints: got %v, want %v", got, want)
	}
	if got := len(l.Keys(ordersKey)); got != 7 {
		t.Errorf("keys: got %d, want 7", got)
	}
	for _, k := range l.Keys(gen2) {
		apply(t, l, k, nil)
	}
	if got := l.Generation("orders", 3, "west.orders"); got != 0 {
		t.Errorf("generation after its tombstones: got %d, want 0", got)
	}
	if l.Number() != 5 || len(l.Faults()) != 0 {
		t.Errorf("lane %d, faults %v", l.Number(), l.Faults())
	}
}

func TestLanePause(t *testing.T) {
	l := NewLane(0)
	check := func(when string, route, orders, clicks bool) {
		t.Helper()
		if l.Paused("") != route || l.Paused("orders") != orders || l.Paused("clicks") != clicks {
			t.Errorf("%s: got %v %v %v, want %v %v %v", when, l.Paused(""), l.Paused("orders"), l.Paused("clicks"), route, orders, clicks)
		}
	}
	route, orders := Key{Kind: KindPause}, Key{Kind: KindPause, Topic: "orders"}
	check("nothing", false, false, false)
	apply(t, l, orders, Pause{Paused: true})
	check("topic paused", false, true, false)
	apply(t, l, route, Pause{Paused: true})
	apply(t, l, orders, Pause{Paused: false})
	check("route paused", true, true, true)
	apply(t, l, route, nil)
	check("tombstone", false, false, false)
	if err := l.Apply(EncodeKey(orders), []byte(`{"v":9}`), l.Next()); err == nil {
		t.Error("a pause of version 9 is no error")
	}
	check("pause of a newer version", false, true, false)
}

func TestLaneAppliesOnce(t *testing.T) {
	l := NewLane(0)
	key := EncodeKey(ordersKey.copyOf(KindCheckpoint))
	for _, r := range []struct{ source, offset int64 }{{10, 100}, {20, 105}, {15, 100}, {15, 105}} {
		if err := l.Apply(key, EncodeValue(cpAt(r.source)), r.offset); err != nil {
			t.Fatal(err)
		}
	}
	if c, _, _ := l.Checkpoint(ordersKey); c.Source != 20 || l.Next() != 106 {
		t.Errorf("got source %d, next %d, want 20, 106", c.Source, l.Next())
	}
}

func TestLaneFaults(t *testing.T) {
	other := ordersKey
	other.Partition = 4
	newer := func(err error) bool { var e *NewerError; return errors.As(err, &e) && e.Version == 2 }
	damaged := func(err error) bool { var e *CorruptError; return errors.As(err, &e) && !newer(err) }
	none := func(err error) bool { return err == nil }
	drift := ordersKey.copyOf(KindDrift)
	drift.From = 5
	gen1 := ordersKey.copyOf(KindCheckpoint)
	gen1.Generation = 1
	tests := []struct {
		name  string
		key   Key
		value string
		want  func(error) bool // of Checkpoint(ordersKey)
	}{
		{"newer checkpoint", ordersKey.copyOf(KindCheckpoint), `{"v":2}`, newer},
		{"newer drift", drift, `{"v":2}`, newer},
		{"newer map page", ordersKey.copyOf(KindMap), `{"v":2}`, newer},
		{"newer loss", ordersKey.copyOf(KindLoss), `{"v":2}`, newer},
		{"newer pause of the topic", Key{Kind: KindPause, Topic: "orders"}, `{"v":2}`, newer},
		{"newer pause of the route", Key{Kind: KindPause}, `{"v":2}`, newer},
		{"newer pause of another topic", Key{Kind: KindPause, Topic: "clicks"}, `{"v":2}`, none},
		{"newer config", Key{Kind: KindConfig, Target: "west.orders"}, `{"v":2}`, newer},
		{"newer owner", Key{Kind: KindOwner, Member: "h"}, `{"v":2}`, none},
		{"newer checkpoint of another partition", other.copyOf(KindCheckpoint), `{"v":2}`, none},
		{"newer checkpoint of another generation", gen1, `{"v":2}`, none},
		{"damaged checkpoint", ordersKey.copyOf(KindCheckpoint), `{"v":1,"source":`, damaged},
		{"empty checkpoint", ordersKey.copyOf(KindCheckpoint), ``, damaged},
		{"damaged drift", drift, `{"v":1}`, damaged},
		{"drift under another key", drift, `{"v":1,"source":6,"ordinal":6}`, damaged},
		{"damaged map page", ordersKey.copyOf(KindMap), `{"v":1,"runs":[[]]}`, none},
		{"damaged loss", ordersKey.copyOf(KindLoss), `{"v":1}`, none},
		{"damaged pause", Key{Kind: KindPause}, `{`, none},
	}
	for _, tt := range tests {
		l := NewLane(0)
		apply(t, l, ordersKey.copyOf(KindCheckpoint), cpAt(10))
		apply(t, l, other.copyOf(KindCheckpoint), cpAt(11))
		if err := l.Apply(EncodeKey(tt.key), []byte(tt.value), 7); err == nil || !strings.Contains(err.Error(), tt.key.String()) {
			t.Errorf("%s: Apply: got %v, want an error that names %s", tt.name, err, tt.key)
		}
		c, ok, err := l.Checkpoint(ordersKey)
		if !tt.want(err) || !ok || c.Source != 10 {
			t.Errorf("%s: got %+v, %v, %v", tt.name, c, ok, err)
		}
		if len(l.Faults()) != 1 || l.Faults()[tt.key] == nil {
			t.Errorf("%s: faults %v", tt.name, l.Faults())
		}
		if _, ok, err := l.Checkpoint(other); !ok || tt.key.Kind != KindPause && tt.key.Kind != KindConfig && (err != nil) != (tt.key.Partition == 4) {
			t.Errorf("%s: partition 4: %v, %v", tt.name, ok, err)
		}
		// A tombstone heals.
		if err := l.Apply(EncodeKey(tt.key), nil, 8); err != nil || len(l.Faults()) != 0 {
			t.Errorf("%s: after a tombstone: %v, faults %v", tt.name, err, l.Faults())
		}
	}
}

func TestLaneGoodValueHeals(t *testing.T) {
	l := NewLane(0)
	key := EncodeKey(ordersKey.copyOf(KindCheckpoint))
	if err := l.Apply(key, []byte(`{`), 0); err == nil {
		t.Error("no error")
	}
	if _, ok, err := l.Checkpoint(ordersKey); ok || err == nil {
		t.Errorf("only a damaged checkpoint: got %v, %v", ok, err)
	}
	if got := l.Generation("orders", 3, "west.orders"); got != 0 || len(l.Checkpoints()) != 1 {
		t.Errorf("generation %d, checkpoints %v", got, l.Checkpoints())
	}
	apply(t, l, ordersKey.copyOf(KindCheckpoint), cpAt(10))
	if _, ok, err := l.Checkpoint(ordersKey); !ok || err != nil || len(l.Faults()) != 0 {
		t.Errorf("got %v, %v, faults %v", ok, err, l.Faults())
	}
}

func TestLaneIgnoresLoudly(t *testing.T) {
	l := NewLane(0)
	for i := range int64(10_000) {
		key := fmt.Sprintf(`{"kind":"later","id":"%d"}`, i)
		if i%2 == 0 {
			key = fmt.Sprintf("garbage %d", i)
		}
		if err := l.Apply([]byte(key), []byte(`{"v":1}`), i); err == nil {
			t.Fatalf("%s: no error", key)
		}
	}
	if err := l.Apply([]byte(`{"kind":"later"}`), nil, 10_000); err != nil {
		t.Errorf("a tombstone of an unknown kind: %v", err)
	}
	if err := l.Apply(nil, []byte(`{"v":1}`), 10_001); err == nil {
		t.Error("a record without a key is no error")
	}
	faults := l.Faults()
	var unknown *UnknownKindError
	if len(faults) != 1 || !strings.HasPrefix(faults[Key{}].Error(), "10001 records were ignored") || !errors.As(faults[Key{}], &unknown) {
		t.Errorf("faults: %.200v", faults)
	}
	if len(l.values)+len(l.faults) != 0 || len(l.broken) > brokenKept {
		t.Errorf("%d values, %d faults, %d broken are kept", len(l.values), len(l.faults), len(l.broken))
	}
	if _, _, err := l.Checkpoint(ordersKey); err != nil {
		t.Errorf("a partition stops for it: %v", err)
	}
}

func TestLaneRouteFaults(t *testing.T) {
	l := NewLane(0)
	if _, ok := l.Route(); ok || len(l.Faults()) != 0 {
		t.Errorf("an empty lane: %v, faults %v", ok, l.Faults())
	}
	apply(t, l, Key{Kind: KindRoute}, RouteFacts{SourceCluster: "S", Pages: 3})
	apply(t, l, Key{Kind: KindRoute, Page: 2}, RouteFacts{Topics: []string{"b"}})
	if _, ok := l.Route(); ok {
		t.Error("complete without page 1")
	}
	if err := l.Faults()[Key{Kind: KindRoute}]; err == nil || !strings.Contains(err.Error(), "page 1 of 3 is missing") {
		t.Errorf("fault: %v", err)
	}
	apply(t, l, Key{Kind: KindRoute, Page: 1}, RouteFacts{Topics: []string{"a"}})
	if facts, ok := l.Route(); !ok || !slices.Equal(facts.Topics, []string{"a", "b"}) || len(l.Faults()) != 0 {
		t.Errorf("got %+v, %v, faults %v", facts, ok, l.Faults())
	}
}

// A map page that cannot be read is a gap, and is replaced at the next writing.
func TestLaneMapWithDamagedPage(t *testing.T) {
	m := NewMap(0)
	for i := range int64(3 * PageRuns) {
		mustAdd(t, m, i*3, i*2, 2)
	}
	l := NewLane(0)
	for _, e := range m.Entries(ordersKey) {
		apply(t, l, e.Key, e.Value)
	}
	got := l.Map(ordersKey)
	if !slices.Equal(got.Runs(), m.Runs()) {
		t.Errorf("runs: got %v", got.Runs())
	}
	key := ordersKey.copyOf(KindMap)
	key.Page = 1
	if err := l.Apply(EncodeKey(key), []byte(`{"v":1,"runs":7}`), l.Next()); err == nil {
		t.Error("no error")
	}
	if got := len(l.Map(ordersKey).Runs()); got != 3*PageRuns {
		t.Errorf("the page before is not used: %d runs", got)
	}
	l2 := NewLane(0) // compaction removed the page before
	for _, e := range m.Entries(ordersKey) {
		t.Errorf("unexpected %v", e)
	}
	m.Unsaved()
	for _, e := range m.Entries(ordersKey) {
		value := EncodeValue(e.Value)
		if e.Key.Page == 1 {
			value = []byte(`{`)
		}
		if err := l2.Apply(EncodeKey(e.Key), value, l2.Next()); (err == nil) == (e.Key.Page == 1) {
			t.Errorf("page %d: %v", e.Key.Page, err)
		}
	}
	damaged := l2.Map(ordersKey)
	if got := len(damaged.Runs()); got != 2*PageRuns {
		t.Errorf("%d runs, want %d", got, 2*PageRuns)
	}
	low, exact, slack, _ := damaged.Translate(PageRuns*3 + 30)
	if want := int64(PageRuns*2 + 20); low > want || exact || low+slack < want {
		t.Errorf("in the gap: got %d, %v, slack %d, want %d", low, exact, slack, want)
	}
	changed, deleted := damaged.Pages()
	if len(changed) != 2 || !slices.Equal(deleted, []int32{2}) {
		t.Errorf("to be written: %d pages, tombstones %v", len(changed), deleted)
	}
}

func TestLaneReturnsCopies(t *testing.T) {
	l := NewLane(0)
	apply(t, l, Key{Kind: KindConfig, Target: "a"}, TopicConfig{Keys: []string{"x"}})
	apply(t, l, Key{Kind: KindRoute}, RouteFacts{Topics: []string{"x"}, Pages: 1})
	apply(t, l, Key{Kind: KindOwner, Member: "h"}, Owner{Lanes: []int32{1}})
	value := EncodeValue(MapPage{Runs: []Run{{Count: 5}}})
	if err := l.Apply(EncodeKey(ordersKey.copyOf(KindMap)), value, 3); err != nil {
		t.Fatal(err)
	}
	c, _ := l.Config("a")
	r, _ := l.Route()
	c.Keys[0], r.Topics[0], l.Owners()[0].Lanes[0] = "y", "y", 2
	clear(value)
	c, _ = l.Config("a")
	r, _ = l.Route()
	if c.Keys[0] != "x" || r.Topics[0] != "x" || l.Owners()[0].Lanes[0] != 1 || len(l.Map(ordersKey).Runs()) != 1 {
		t.Error("a caller can change the lane")
	}
}

// anyValue draws a value for a key.
func anyValue(t *rapid.T, k Key) any {
	n := rapid.Int64Range(0, 1000).Draw(t, "n")
	switch k.Kind {
	case KindRoute:
		return RouteFacts{Topics: []string{fmt.Sprint(n)}, Pages: int32(n % 4)}
	case KindCheckpoint:
		return cpAt(n)
	case KindMap:
		return MapPage{Runs: []Run{{Source: n, Target: n, Count: 1}}}
	case KindDrift:
		return Drift{Source: k.From, Ordinal: n}
	case KindLoss:
		return Loss{From: k.From, To: k.From, Cause: fmt.Sprint(n)}
	case KindPause:
		return Pause{Paused: n%2 == 0}
	case KindBackfill:
		return Backfill{From: n, To: n + 1}
	case KindConfig:
		return TopicConfig{Keys: []string{fmt.Sprint(n)}}
	}
	return Owner{Process: fmt.Sprint(n)}
}

// sets is the index of a lane without the order of its keys.
func sets(copies map[Key][]Key) map[Key][]Key {
	s := map[Key][]Key{}
	for place, keys := range copies {
		s[place] = sorted(keys)
	}
	return s
}

// TestLaneReplayAfterCompaction: what a compacted topic still has gives the
// same state as everything that was ever written, whether its tombstones are
// still there or not, and wherever compaction has stopped.
func TestLaneReplayAfterCompaction(t *testing.T) {
	type record struct{ key, value []byte }
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"a", "b", "c"})
		var log []record
		for range rapid.IntRange(0, 60).Draw(t, "records") {
			k := anyKey(t, name)
			k.Partition, k.Generation, k.From, k.TargetFrom, k.Page = k.Partition%2, k.Generation%2, k.From%3, k.TargetFrom%2, k.Page%3
			r := record{key: EncodeKey(k)}
			switch rapid.IntRange(0, 9).Draw(t, "value") {
			case 0, 1: // tombstone
			case 2:
				r.value = []byte(`{"v":2}`)
			default:
				r.value = EncodeValue(anyValue(t, k))
			}
			log = append(log, r)
		}
		last := map[string]int{}
		for i, r := range log {
			last[string(r.key)] = i
		}
		cleaned := rapid.IntRange(0, len(log)).Draw(t, "cleaned up to")
		keepTombstones := rapid.Bool().Draw(t, "keep tombstones")
		all, compacted := NewLane(0), NewLane(0)
		for i, r := range log {
			_ = all.Apply(r.key, r.value, int64(i)) // newer versions are errors, as meant
			if i < cleaned && (last[string(r.key)] != i || r.value == nil && !keepTombstones) {
				continue
			}
			_ = compacted.Apply(r.key, r.value, int64(i))
		}
		// A value that a newer one shadows is an older record, which compaction removes.
		for k := range all.faults {
			delete(all.values, k)
			delete(compacted.values, k)
		}
		for _, part := range []struct {
			name      string
			got, want any
		}{
			{"values", compacted.values, all.values}, {"faults", compacted.faults, all.faults},
			{"copies", sets(compacted.copies), sets(all.copies)},
		} {
			if !reflect.DeepEqual(part.got, part.want) {
				t.Fatalf("%s: got %v, want %v", part.name, part.got, part.want)
			}
		}
	})
}
