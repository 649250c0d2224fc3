package offsets

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// copyModel is one source partition that is copied, and its records in a lane.
type copyModel struct {
	mapModel
	m          *Map
	lane       *Lane
	generation int32
	shared     bool
	begun      bool // the generation has a checkpoint on record
}

func (c *copyModel) key(kind string) Key {
	return Key{Kind: kind, Topic: "orders", Partition: 3, Target: "west.orders", Generation: c.generation}
}

// save puts the first n of the records that the owner would write now on record:
// the checkpoint, then what changed of the map. A process that dies in between
// goes on with what is there.
func (c *copyModel) save(n int) {
	_ = c.m.Add(c.end.source, c.end.target, 0)
	entries := append([]Entry{{Key: c.key(KindCheckpoint), Value: Checkpoint{Source: c.end.source, LastSource: -1, SourceEpoch: -1, Target: c.end.target, TargetEpoch: -1}}},
		c.m.Entries(c.key(KindMap))...)
	written := min(n, len(entries))
	for _, e := range entries[:written] {
		var value []byte
		if e.Value != nil {
			value = EncodeValue(e.Value)
		}
		if err := c.lane.Apply(EncodeKey(e.Key), value, c.lane.Next()); err != nil {
			panic(err)
		}
	}
	c.begun = c.begun || written > 0
	if written < len(entries) {
		c.m = c.lane.Map(c.key(KindMap))
	}
}

// check asks for every offset.
func (c *copyModel) check(t *rapid.T) {
	tr, ok, err := c.lane.Translator("orders", 3, "west.orders")
	if err != nil || ok != c.begun {
		t.Fatalf("translator: got %v, %v, want %v", ok, err, c.begun)
	}
	if !ok {
		return
	}
	if tr.Generation != c.generation || tr.End() > c.end.source {
		t.Fatalf("generation %d up to source %d, want %d, not beyond %d", tr.Generation, tr.End(), c.generation, c.end.source)
	}
	before := int64(0)
	for source := range c.end.source + 3 {
		got, want := tr.Translate(source), c.exact(source)
		switch {
		case got.Target > want || got.Target < before:
			t.Fatalf("offset %d: got %+v, want %d or earlier, and not below %d; %s", source, got, want, before, describe(tr.positions))
		case got.Missing != max(source-tr.End(), 0):
			t.Fatalf("offset %d: %d are missing, want those from %d on", source, got.Missing, tr.End())
		case got.Missing > 0:
		case got.Target+got.Slack < want && (c.has(source, tr.End()) || !c.shared):
			t.Fatalf("offset %d: got %+v, which is more than its slack before %d; %s", source, got, want, describe(tr.positions))
		}
		before = got.Target
	}
}

// TestTranslateAgainstModel copies a partition with gaps, records of others,
// thinned maps, crashes between two records of the checkpoint topic, and new
// generations. At any moment no position may be translated to a later place than
// the exact one, and the error must be stated.
func TestTranslateAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{2, 7, 70, 1000}).Draw(t, "limit")
		c := &copyModel{m: NewMap(limit), lane: NewLane(1), shared: rapid.Bool().Draw(t, "shared")}
		c.end.source = rapid.Int64Range(0, 5).Draw(t, "start")
		add := func(n int64) {
			from := c.end
			c.copyRecords(n)
			if err := c.m.Add(from.source, from.target, n); err != nil {
				t.Fatal(err)
			}
		}
		count := rapid.Int64Range(1, 6)
		t.Repeat(map[string]func(*rapid.T){
			"records": func(t *rapid.T) { add(count.Draw(t, "n")) },
			"gap":     func(t *rapid.T) { c.end.source += count.Draw(t, "gap") },
			"transactions": func(t *rapid.T) {
				for range rapid.IntRange(1, 90).Draw(t, "transactions") {
					add(2)
					c.end.source++
				}
			},
			"foreign": func(t *rapid.T) {
				if c.shared {
					c.end.target += count.Draw(t, "foreign")
				}
			},
			"save":          func(t *rapid.T) { c.save(MaxPages) },
			"crash in save": func(t *rapid.T) { c.save(rapid.IntRange(0, 3).Draw(t, "written")) },
			"reset": func(t *rapid.T) { // a new copy behind what is there
				c.generation++
				c.pairs, c.m, c.begun = nil, NewMap(limit), true
				c.end.source = rapid.Int64Range(0, c.end.source).Draw(t, "from")
				c.save(1)
			},
			"": c.check,
		})
	})
}

func TestTranslator(t *testing.T) {
	l := NewLane(0)
	if _, ok, err := l.Translator("orders", 3, "west.orders"); ok || err != nil {
		t.Errorf("nothing is copied: got %v, %v", ok, err)
	}
	m := NewMap(0)
	for _, add := range [][3]int64{{100, 0, 50}, {160, 50, 40}} { // source 150 to 159 had nothing to copy
		if err := m.Add(add[0], add[1], add[2]); err != nil {
			t.Fatal(err)
		}
	}
	at := ordersKey.copyOf(KindCheckpoint)
	apply(t, l, at, Checkpoint{Source: 210, Target: 90, LastSource: 199, SourceEpoch: -1, TargetEpoch: -1})
	for _, e := range m.Entries(ordersKey) {
		apply(t, l, e.Key, e.Value)
	}
	tr, ok, err := l.Translator("orders", 3, "west.orders")
	if !ok || err != nil {
		t.Fatalf("got %v, %v", ok, err)
	}
	for _, c := range []struct {
		name   string
		source int64
		want   Translation
	}{
		{"in front of the first record", 7, Translation{Target: 0}},
		{"a record", 120, Translation{Target: 20}},
		{"a gap", 155, Translation{Target: 50}},
		{"the end of the last record", 200, Translation{Target: 90}},
		{"a gap at the end", 205, Translation{Target: 90}},
		{"the end", 210, Translation{Target: 90}},
		{"not copied yet", 217, Translation{Target: 90, Missing: 7}},
	} {
		if got := tr.Translate(c.source); got != c.want {
			t.Errorf("%s: offset %d: got %+v, want %+v", c.name, c.source, got, c.want)
		}
	}
	// A generation that was asked for has no copy; one that has begun does not use the older one's map.
	next := at
	next.Generation = 1
	apply(t, l, next, Checkpoint{Source: 100, LastSource: -1, SourceEpoch: -1, TargetEpoch: -1, Asked: true})
	if _, ok, err := l.Translator("orders", 3, "west.orders"); ok || err != nil {
		t.Errorf("a generation that was only asked for: got %v, %v", ok, err)
	}
	apply(t, l, next, Checkpoint{Source: 150, Target: 110, LastSource: -1, SourceEpoch: -1, TargetEpoch: -1})
	if tr, ok, err := l.Translator("orders", 3, "west.orders"); !ok || err != nil || tr.Translate(120) != (Translation{Target: 0, Slack: 110}) {
		t.Errorf("an older position in a new generation: got %+v, %v, %v", tr.Translate(120), ok, err)
	}
	next.Generation = 2
	if err := l.Apply(EncodeKey(next), []byte(`{"v":99}`), l.Next()); err == nil {
		t.Fatal("a record of a later version is taken")
	}
	if _, ok, err := l.Translator("orders", 3, "west.orders"); ok || !errors.As(err, new(*NewerError)) {
		t.Errorf("a record of a later version: got %v, %v", ok, err)
	}
}

func TestTranslationFrom(t *testing.T) {
	at := Translation{Target: 10, Slack: 5}
	for _, c := range []struct {
		begin int64
		want  Translation
	}{
		{0, at}, {10, at}, {13, Translation{Target: 13, Slack: 2}}, {15, Translation{Target: 15}}, {18, Translation{Target: 18, Gone: 3}},
	} {
		if got := at.From(c.begin); got != c.want {
			t.Errorf("from %d: got %+v, want %+v", c.begin, got, c.want)
		}
	}
}
