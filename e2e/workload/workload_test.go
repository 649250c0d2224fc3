package workload

import (
	"testing"

	"mirror/e2e/truth"
)

func TestCertificate(t *testing.T) {
	w := &Writer{Run: 9, Producer: 3}
	first, second := w.Next("t", 1, Random), w.Next("t", 1, NoValue)
	a := truth.Record{Key: first.Key, Value: first.Value}
	b := truth.Record{Headers: []truth.Header{{Key: second.Headers[0].Key, Value: second.Headers[0].Value}}}
	if Identity(a) == "" || Identity(b) == "" || Identity(a) == Identity(b) {
		t.Errorf("identities: got %q and %q, want two different ones", Identity(a), Identity(b))
	}
	if got := Misplaced(a, "t", 1); got != "" {
		t.Errorf("at home: got %q, want nothing", got)
	}
	if Misplaced(a, "t", 2) == "" || Misplaced(a, "u", 1) == "" {
		t.Error("a record in the wrong place is not noticed")
	}
	a.Value[5000] ^= 1
	if Misplaced(a, "t", 1) == "" {
		t.Error("a changed byte is not noticed")
	}
}

// Each shape but the hollow one names itself, so that a lost one can be named.
func TestEveryShapeNamesItself(t *testing.T) {
	w := &Writer{Run: 1}
	for shape := range shapes {
		r := w.Next("t", 0, shape)
		record := truth.Record{Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			record.Headers = append(record.Headers, truth.Header{Key: h.Key, Value: h.Value})
		}
		if got, want := Identity(record) != "", shape != Hollow; got != want {
			t.Errorf("shape %d names itself: got %v, want %v", shape, got, want)
		}
	}
}
