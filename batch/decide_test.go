package batch

import "testing"

func TestDecide(t *testing.T) {
	dense := Header{BaseOffset: 100, Length: 988, Magic: 2, Attributes: attrTransactional | 0x40 | 4, LastOffsetDelta: 9, Count: 10}
	with := func(change func(*Header)) Header {
		h := dense
		change(&h)
		return h
	}
	tests := []struct {
		name string
		h    Header
		o    Options
		want Reason
	}{
		{"dense", dense, Options{}, Shallow},
		{"from its beginning", dense, Options{From: 100}, Shallow},
		{"from inside", dense, Options{From: 101}, Resume},
		{"up to its end", dense, Options{To: 110}, Shallow},
		{"up to inside", dense, Options{To: 109}, Resume},
		{"up to its beginning", dense, Options{To: 100}, Resume},
		{"exactly the limit", dense, Options{MaxBytes: 1000}, Shallow},
		{"over the limit", dense, Options{MaxBytes: 999}, TooLarge},
		{"holes", with(func(h *Header) { h.Count = 9 }), Options{}, Holes},
		{"more records than offsets", with(func(h *Header) { h.Count = 11 }), Options{}, Holes},
		{"append time", with(func(h *Header) { h.Attributes |= attrAppendTime }), Options{}, AppendTime},
		{"magic 1", with(func(h *Header) { h.Magic = 1 }), Options{From: 101}, OldFormat},
		{"magic 0", with(func(h *Header) { h.Magic = 0 }), Options{}, OldFormat},
		{"records to leave out", dense, Options{Without: func(int64) bool { return false }}, Resume},
		{"all offsets there are", with(func(h *Header) { h.LastOffsetDelta, h.Count = 1<<31-1, -1<<31 }), Options{}, Holes},
	}
	for _, tt := range tests {
		want := tt.want
		if forced {
			want = Forced
		}
		if got := Decide(tt.h, tt.o); got != want {
			t.Errorf("%s: got %q, want %q", tt.name, got, want)
		}
	}
}

func TestReasonLabels(t *testing.T) {
	want := []string{"", "holes", "resume", "old_format", "append_time", "too_large", "forced"}
	if len(want) != Reasons {
		t.Fatalf("%d reasons, want %d", Reasons, len(want))
	}
	for i, label := range want {
		if got := Reason(i).String(); got != label {
			t.Errorf("reason %d: got %q, want %q", i, got, label)
		}
	}
}
