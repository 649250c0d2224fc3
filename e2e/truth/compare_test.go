package truth

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func sample(n int) []Record {
	var records []Record
	for i := range n {
		records = append(records, Record{
			Offset: int64(i), Timestamp: int64(1000 + i), Key: []byte("k"), Value: fmt.Appendf(nil, "id-%d", i),
			Headers: []Header{{"h", []byte("v")}, {"null", nil}},
		})
	}
	return records
}

func byValue(r Record) string { return string(r.Value) }

// Each way to spoil a copy must be named by its own name, or the judge is worth nothing.
func TestCompareNamesEachFault(t *testing.T) {
	cases := []struct {
		name  string
		spoil func([]Record) []Record
		want  Verdict // without First
	}{
		{"equal", func(r []Record) []Record { return r }, Verdict{}},
		{"dropped", func(r []Record) []Record { return slices.Delete(r, 3, 4) }, Verdict{Lost: 1}},
		{"the last one dropped", func(r []Record) []Record { return r[:9] }, Verdict{Tail: 1}},
		{"repeated", func(r []Record) []Record { return slices.Insert(r, 5, r[4]) }, Verdict{Repeated: 1}},
		{"swapped", func(r []Record) []Record { r[3], r[4] = r[4], r[3]; return r }, Verdict{Reordered: 2}},
		{"header changed", func(r []Record) []Record { r[2].Headers = []Header{{"h", []byte("w")}, {"null", nil}}; return r }, Verdict{Changed: 1}},
		{"null became empty", func(r []Record) []Record { r[2].Headers = []Header{{"h", []byte("v")}, {"null", []byte{}}}; return r }, Verdict{Changed: 1}},
		{"headers swapped", func(r []Record) []Record { r[2].Headers = []Header{{"null", nil}, {"h", []byte("v")}}; return r }, Verdict{Changed: 1}},
		{"key changed", func(r []Record) []Record { r[2].Key = nil; return r }, Verdict{Changed: 1}},
		{"time changed", func(r []Record) []Record { r[2].Timestamp++; return r }, Verdict{Changed: 1}},
		{"misrouted", func(r []Record) []Record { return append(r, Record{Value: []byte("from elsewhere")}) }, Verdict{Foreign: 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Compare(sample(10), c.spoil(sample(10)), byValue)
			if (got.Err() == nil) != (c.want == Verdict{}) {
				t.Errorf("error: got %v", got.Err())
			}
			if got.First != "" && !strings.Contains(got.First, "source") {
				t.Errorf("first difference is not described: %q", got.First)
			}
			got.First = ""
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// Records that carry no identity, such as wholly empty ones, are told apart by how often they occur.
func TestCompareWithoutIdentity(t *testing.T) {
	empty := []Record{{Offset: 0}, {Offset: 1}, {Offset: 2}}
	if got := Compare(empty, empty[:2], nil); got.Tail != 1 {
		t.Errorf("one of three equal records missing: got %+v, want one not yet there", got)
	}
	if got := Compare(empty[:2], empty, nil); got.Repeated != 1 {
		t.Errorf("one equal record too many: got %+v, want one repeated", got)
	}
}

func TestDigestKeepsFieldsApart(t *testing.T) {
	a := Record{Key: []byte("ab"), Value: []byte("c")}
	b := Record{Key: []byte("a"), Value: []byte("bc")}
	if a.Digest() == b.Digest() {
		t.Error("records whose bytes are cut elsewhere have the same digest")
	}
}

// What a marker says about its producer's batches decides which of them count.
func TestForwardable(t *testing.T) {
	const txn, control = 16, 16 | 32
	batch := func(offset int64, attributes int16, producer int64, commit bool) *Batch {
		return &Batch{BaseOffset: offset, Attributes: attributes, ProducerID: producer, Commit: commit, Count: 1}
	}
	log := &Log{Batches: []*Batch{
		batch(0, 0, -1, false),
		batch(1, txn, 7, false), batch(2, txn, 8, false),
		batch(3, control, 7, false), // 7 aborts
		batch(4, txn, 7, false),
		batch(5, control, 8, true), batch(6, control, 7, true), // both commit
		batch(7, txn, 9, false), // still open
	}}
	offsets := func(batches []*Batch) []int64 {
		var got []int64
		for _, b := range batches {
			got = append(got, b.BaseOffset)
		}
		return got
	}
	if got, want := offsets(log.Forwardable(true)), []int64{0, 2, 4}; !slices.Equal(got, want) {
		t.Errorf("committed: got %v, want %v", got, want)
	}
	if got, want := offsets(log.Forwardable(false)), []int64{0, 1, 2, 4, 7}; !slices.Equal(got, want) {
		t.Errorf("uncommitted: got %v, want %v", got, want)
	}
}
