package offsets

import (
	"testing"
	"time"
)

// The newest limit counts wherever it is, so that all processes agree though an
// operator's command was interrupted half way, or two gave theirs at once.
func TestNewestRate(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 3, 4, 5, minute, 0, 0, time.UTC) }
	set := func(minute int, bytes int64) *Rate { return &Rate{BytesPerSecond: bytes, Time: at(minute)} }
	for _, c := range []struct {
		name  string
		lanes []*Rate // nil: the lane has none
		want  int64
		set   bool
	}{
		{"nobody ever set one", []*Rate{nil, nil}, 0, false},
		{"everywhere", []*Rate{set(1, 5), set(1, 5)}, 5, true},
		{"half way", []*Rate{set(1, 5), set(2, 7), set(1, 5)}, 7, true},
		{"no limit", []*Rate{set(1, 5), set(2, 0)}, 0, true},
		{"taken back", []*Rate{{File: true, Time: at(3)}, set(2, 7)}, 0, false},
		{"and set again", []*Rate{{File: true, Time: at(3)}, set(4, 9)}, 9, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var lanes []*Lane
			for i, r := range c.lanes {
				lane := NewLane(int32(i))
				if r != nil {
					if err := lane.Apply(EncodeKey(Key{Kind: KindRate}), EncodeValue(*r), 0); err != nil {
						t.Fatal(err)
					}
				}
				lanes = append(lanes, lane)
			}
			got, set := NewestRate(lanes)
			if set != c.set || set && got.BytesPerSecond != c.want {
				t.Errorf("got %+v, %v, want %d, %v", got, set, c.want, c.set)
			}
		})
	}
}
