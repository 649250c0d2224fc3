package replicate

import (
	"crypto/sha256"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/batch"
	"mirror/offsets"
)

// digests are those of records in one batch.
func digests(t *testing.T, m made) []digest {
	t.Helper()
	m.last = m.base + int64(len(m.records)) - 1
	raw := m.bytes()
	r := &reader{sieve: sieve{home: noOrigin}}
	scan := batch.Scan(raw)
	if !scan.Next() {
		t.Fatal(scan.Err())
	}
	if err := r.decode(scan.Batch(), m.base); err != nil {
		t.Fatal(err)
	}
	return r.pending
}

// TestDigestsDiffer checks that records which differ in any way that a consumer
// can see have different digests, and equal ones the same.
func TestDigestsDiffer(t *testing.T) {
	h := func(kv ...string) (all []kmsg.Header) {
		for i := 0; i < len(kv); i += 2 {
			all = append(all, kmsg.Header{Key: kv[i], Value: []byte(kv[i+1])})
		}
		return all
	}
	different := []kmsg.Record{
		{},
		{Key: []byte{}},
		{Value: []byte{}},
		{Key: []byte{}, Value: []byte{}},
		{Key: []byte("a")},
		{Value: []byte("a")},
		{Key: []byte("ab"), Value: []byte("c")},
		{Key: []byte("a"), Value: []byte("bc")},
		{Headers: h("a", "b")},
		{Headers: h("ab", "")},
		{Headers: []kmsg.Header{{Key: "ab"}}}, // null
		{Headers: h("a", "b", "c", "d")},
		{Headers: h("c", "d", "a", "b")},
		{Key: []byte("a"), Headers: h("b", "c")},
		{Key: []byte("a"), Value: []byte("b"), Headers: h("c", "")},
	}
	once, again := digests(t, made{records: different}), digests(t, made{base: 500, records: different})
	if len(once) != len(different) || len(again) != len(different) {
		t.Fatalf("got %d and %d digests, want %d", len(once), len(again), len(different))
	}
	seen := map[[sha256.Size]byte]int{}
	for i, d := range once {
		if j, dup := seen[d.sum]; dup {
			t.Errorf("records %d and %d have the same digest: %+v, %+v", j, i, different[j], different[i])
		}
		seen[d.sum] = i
		if d.sum != again[i].sum {
			t.Errorf("record %d has another digest at another offset", i)
		}
		if again[i].offset != int64(500+i) {
			t.Errorf("record %d has offset %d, want %d", i, again[i].offset, 500+i)
		}
	}
}

// TestIsCopiedAs compares timestamps only where the target keeps those of the
// source.
func TestIsCopiedAs(t *testing.T) {
	record := []kmsg.Record{{Value: []byte("a")}}
	source := digests(t, made{time: 1000, records: record})[0]
	for _, c := range []struct {
		name   string
		target made
		want   bool
	}{
		{"same", made{base: 7, time: 1000, records: record}, true},
		{"another time", made{base: 7, time: 1001, records: record}, false},
		{"the target's own time", made{base: 7, time: 1001, attributes: bitAppendTime, records: record}, true},
		{"another value", made{base: 7, time: 1000, records: []kmsg.Record{{Value: []byte("b")}}}, false},
		{"another value at the target's own time", made{base: 7, time: 1001, attributes: bitAppendTime, records: []kmsg.Record{{Value: []byte("b")}}}, false},
	} {
		if got := source.isCopiedAs(digests(t, c.target)[0]); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestReaderPassesOver leaves out records before the cursor and those that are
// known not to be on the target.
func TestReaderPassesOver(t *testing.T) {
	r := &reader{without: map[int64]bool{3: true}}
	scan := batch.Scan(made{base: 0, last: 5}.bytes())
	if !scan.Next() {
		t.Fatal(scan.Err())
	}
	if err := r.decode(scan.Batch(), 2); err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, d := range r.pending {
		got = append(got, d.offset)
	}
	if len(got) != 3 || got[0] != 2 || got[1] != 4 || got[2] != 5 {
		t.Errorf("got offsets %v, want [2 4 5]", got)
	}
}

// TestKnownAtStart tells partitions that were there at the route's first start,
// to which start applies, from those that came later.
func TestKnownAtStart(t *testing.T) {
	facts := offsets.RouteFacts{Topics: []string{startTopic("a", 12), startTopic("ab", 1), startTopic("a.b", 3), "c", "d:x"}}
	for _, c := range []struct {
		topic  string
		number int32
		want   bool
	}{
		{"a", 0, true}, {"a", 11, true}, {"a", 12, false}, // partitions added later
		{"ab", 0, true}, {"ab", 1, false}, {"a.b", 2, true}, {"a.b", 3, false},
		{"", 0, false}, {"b", 0, false}, {"abc", 0, false}, {"a.", 0, false},
		{"c", 0, false}, {"d", 0, false}, // not as this version writes them
	} {
		if got := knownAtStart(facts, c.topic, c.number); got != c.want {
			t.Errorf("%s/%d: got %v, want %v", c.topic, c.number, got, c.want)
		}
	}
	if knownAtStart(offsets.RouteFacts{}, "a", 0) {
		t.Error("a topic is known to a route without facts")
	}
}
