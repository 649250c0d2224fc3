package offsets

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The values below must never change: a broker knows our past batches by them.
func TestProducerIDIsPinned(t *testing.T) {
	id := TopicID{0: 1, 15: 0xff}
	tests := []struct {
		name string
		in   Lineage
		want int64
	}{
		{"by id", Lineage{SourceCluster: "MkU3OEVBNTcwNTJENDM2Qg", SourceTopicID: id, SourceTopic: "orders", Partition: 3, Target: "west.orders"}, 0x459f122ccb4f32b4},
		{"by name", Lineage{SourceCluster: "MkU3OEVBNTcwNTJENDM2Qg", SourceTopic: "orders", Partition: 3, Target: "west.orders"}, 0x459f122cd7592994},
		{"empty", Lineage{}, 0x4e3b0c4497ff043f},
	}
	for _, tt := range tests {
		if got := tt.in.ProducerID(); got != tt.want {
			t.Errorf("%s: got %#x, want %#x", tt.name, got, tt.want)
		}
	}
}

func TestProducerIDTellsLineagesApart(t *testing.T) {
	id := TopicID{1}
	lineages := []Lineage{
		{SourceCluster: "a", SourceTopicID: id, Partition: 1, Target: "t"},
		{SourceCluster: "b", SourceTopicID: id, Partition: 1, Target: "t"},
		{SourceCluster: "a", SourceTopicID: TopicID{2}, Partition: 1, Target: "t"},
		{SourceCluster: "a", SourceTopicID: id, Partition: 2, Target: "t"},
		{SourceCluster: "a", SourceTopicID: id, Partition: 1, Target: "u"},
		{SourceCluster: "a", SourceTopicID: id, Partition: 1, Target: "t", Copy: "backfill-1"},
		{SourceCluster: "a", SourceTopicID: id, Partition: 1, Target: "", Copy: "t"},
		{SourceCluster: "a", SourceTopic: string(id[:]), Partition: 1, Target: "t"},
		{SourceCluster: "a", SourceTopic: "ab", Partition: 1, Target: "c"},
		{SourceCluster: "aa", SourceTopic: "b", Partition: 1, Target: "c"},
	}
	seen := map[int64]Lineage{}
	for _, l := range lineages {
		if other, twice := seen[l.ProducerID()]; twice {
			t.Errorf("%+v and %+v have the same producer id", l, other)
		}
		seen[l.ProducerID()] = l
	}
	named := lineages[0]
	named.SourceTopic = "renamed"
	if named.ProducerID() != lineages[0].ProducerID() {
		t.Error("the name counts although there is an id")
	}
}

func TestProducerIDLayout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Lineage{
			SourceCluster: rapid.String().Draw(t, "cluster"),
			SourceTopic:   rapid.String().Draw(t, "topic"),
			Partition:     rapid.Int32Min(0).Draw(t, "partition"),
			Target:        rapid.String().Draw(t, "target"),
		}
		id := l.ProducerID()
		if id>>60 != 0b0100 {
			t.Fatalf("%#x: the top four bits are not 0100", id)
		}
		origin, mirror := OriginOf(id)
		if !mirror || origin != Origin(l.SourceCluster) {
			t.Fatalf("OriginOf(%#x): got %#x, %v, want %#x", id, origin, mirror, Origin(l.SourceCluster))
		}
	})
}

func TestOriginOf(t *testing.T) {
	tests := []struct {
		id     int64
		origin uint32
		mirror bool
	}{
		{-1, 0, false}, {-2, 0, false}, {math.MinInt64, 0, false},
		{0, 0, false}, {1 << 40, 0, false}, {1<<62 - 1, 0, false},
		{1 << 62, 0, true},
		{1<<62 | 0xabcdef1<<32 | 7, 0xabcdef1, true},
		{math.MaxInt64, 1<<28 - 1, true}, // a later layout is a mirror's too
	}
	for _, tt := range tests {
		if origin, mirror := OriginOf(tt.id); origin != tt.origin || mirror != tt.mirror {
			t.Errorf("OriginOf(%#x): got %#x, %v, want %#x, %v", tt.id, origin, mirror, tt.origin, tt.mirror)
		}
	}
}

func TestSequence(t *testing.T) {
	tests := []struct {
		ordinal, base int64
		want          int32
	}{
		{0, 0, 0}, {41, 0, 41}, {41, 41, 0}, {1<<31 - 1, 0, math.MaxInt32}, {1 << 31, 0, 0}, {1<<40 + 5, 3, 2}, {0, 1, math.MaxInt32},
	}
	for _, tt := range tests {
		if got := Sequence(tt.ordinal, tt.base); got != tt.want {
			t.Errorf("Sequence(%d, %d): got %d, want %d", tt.ordinal, tt.base, got, tt.want)
		}
	}
}

func TestOrdinalNearEdges(t *testing.T) {
	tests := []struct {
		seq        int32
		base, near int64
		want       int64
	}{
		{0, 0, 0, 0},
		{math.MaxInt32, 0, 1 << 31, 1<<31 - 1}, // just before the wrap
		{0, 0, 1<<31 - 1, 1 << 31},             // just behind it
		{5, 100, 1 << 31, 1<<31 + 105},         // with a base
		{1 << 30, 0, 0, -(1 << 30)},            // half a round: the earlier one
		{1<<30 - 1, 0, 0, 1<<30 - 1},           // one less: the later one
		{7, 0, 5<<31 + 1<<30 + 6, 5<<31 + 7},   // near is half a round behind
		{7, 0, 5<<31 + 1<<30 + 8, 6<<31 + 7},   // and here more than half
		{math.MaxInt32, 3, 3, 2},               // below the base
	}
	for _, tt := range tests {
		if got := OrdinalNear(tt.seq, tt.base, tt.near); got != tt.want {
			t.Errorf("OrdinalNear(%d, %d, %d): got %d, want %d", tt.seq, tt.base, tt.near, got, tt.want)
		}
	}
}

func TestOrdinalNearInvertsSequence(t *testing.T) {
	offset := rapid.Int64Range(0, 1<<50)
	rapid.Check(t, func(t *rapid.T) {
		base, ordinal := offset.Draw(t, "base"), offset.Draw(t, "ordinal")
		distance := rapid.Int64Range(-sequenceHalf+1, sequenceHalf).Draw(t, "distance")
		if got := OrdinalNear(Sequence(ordinal, base), base, ordinal+distance); got != ordinal {
			t.Fatalf("got %d, want %d", got, ordinal)
		}
	})
}

func TestOrdinalNearIsNearest(t *testing.T) {
	offset := rapid.Int64Range(0, 1<<50)
	rapid.Check(t, func(t *rapid.T) {
		seq := rapid.Int32Min(0).Draw(t, "seq")
		base, near := offset.Draw(t, "base"), offset.Draw(t, "near")
		got := OrdinalNear(seq, base, near)
		if Sequence(got, base) != seq {
			t.Fatalf("%d has sequence %d, not %d", got, Sequence(got, base), seq)
		}
		if d := got - near; d < -sequenceHalf || d >= sequenceHalf {
			t.Fatalf("%d is %d away from %d", got, d, near)
		}
	})
}

func TestLaneOf(t *testing.T) {
	// Pinned: a partition whose lane changes does not find its checkpoint.
	for _, tt := range []struct {
		topic     string
		partition int32
		want      int32
	}{{"orders", 0, 4}, {"orders", 1, 7}, {"clicks", 300, 1}} {
		if got := LaneOf(tt.topic, tt.partition, 16); got != tt.want {
			t.Errorf("LaneOf(%s, %d, 16): got %d, want %d", tt.topic, tt.partition, got, tt.want)
		}
	}
	for _, lanes := range []int32{0, -1} {
		if got := LaneOf("orders", 5, lanes); got != 0 {
			t.Errorf("%d lanes: got lane %d", lanes, got)
		}
	}
	counts := make([]int, 16)
	for partition := range int32(16_000) {
		counts[LaneOf("clicks", partition, 16)]++
	}
	for lane, n := range counts {
		if n < 700 || n > 1300 {
			t.Errorf("lane %d has %d of 16,000 partitions", lane, n)
		}
	}
}

func TestTopicName(t *testing.T) {
	if got := TopicName("west-to-east"); got != "__mirror_west-to-east" {
		t.Errorf("got %s", got)
	}
}
