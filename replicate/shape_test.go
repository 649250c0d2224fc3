package replicate

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mirror/batch"
	"mirror/kafka"
	"mirror/offsets"
)

// newTestShaper begins at a cursor with ordinal as the next one.
func newTestShaper(cursor, ordinal int64) *shaper {
	return &shaper{sieve: sieve{readCommitted: true, local: true, home: homeOrigin}, key: offsets.Key{Topic: "orders", Target: "west.orders"}, lane: 3, run: 7,
		producerID: 99, generation: 1, budget: kafka.NewBudget(1 << 20), now: time.UnixMilli(1000), cursor: cursor, epoch: 2, ordinal: ordinal}
}

// shapeAll shapes an answer as a fetcher does and returns the hold that the
// fetcher still has.
func shapeAll(s *shaper, batches ...made) (*hold, error) {
	a := answerWith(batches...)
	s.budget.Force(int64(len(a.RecordBatches)))
	h := newHold(nil, int64(len(a.RecordBatches)), s.budget)
	return h, s.shapeSafely(a, h)
}

// shaped is what tests compare of an entry.
func shaped(o *outgoing) string {
	if o.barrier() {
		return fmt.Sprintf("barrier #%d -> %d", o.ordinal, o.next)
	}
	return fmt.Sprintf("%d-%d #%d -> %d", o.first, o.last, o.ordinal, o.next)
}

func allShaped(items []*outgoing) []string {
	got := []string{}
	for _, o := range items {
		got = append(got, shaped(o))
	}
	return got
}

// TestShape checks how answers become batches: which source offsets each has,
// from which ordinal it is numbered, and from where copying goes on behind it.
func TestShape(t *testing.T) {
	for _, c := range []struct {
		name            string
		cursor, ordinal int64
		to              int64
		batches         []made
		want            []string // first-last #ordinal -> next
		end, endOrdinal int64
		gaps, skipped   int64
		holes           bool
	}{
		{name: "nothing", cursor: 5, ordinal: 3, want: []string{}, end: 5, endOrdinal: 3},
		{name: "one after another", batches: []made{{base: 0, last: 4}, {base: 5, last: 5}}, want: []string{"0-4 #0 -> 5", "5-5 #5 -> 6"}, end: 6, endOrdinal: 6},
		{name: "drift goes on", cursor: 20, ordinal: 12, batches: []made{{base: 20, last: 21}}, want: []string{"20-21 #12 -> 22"}, end: 22, endOrdinal: 14},
		{name: "a marker between", batches: []made{tx(0, 1, 1), marker(2, 1, true), {base: 3, last: 3}},
			want: []string{"0-1 #0 -> 3", "3-3 #2 -> 4"}, end: 4, endOrdinal: 3, gaps: 1},
		{name: "only a marker", cursor: 2, ordinal: 2, batches: []made{marker(2, 1, true)}, want: []string{}, end: 3, endOrdinal: 2, gaps: 1},
		{name: "a hole between batches", batches: []made{{base: 0, last: 1}, {base: 5, last: 6}},
			want: []string{"0-1 #0 -> 2", "5-6 #2 -> 7"}, end: 7, endOrdinal: 4, gaps: 3, holes: true},
		{name: "a hole before the first batch", cursor: 3, ordinal: 3, batches: []made{{base: 5, last: 6}}, want: []string{"5-6 #3 -> 7"}, end: 7, endOrdinal: 5, gaps: 2, holes: true},
		{name: "holes inside a batch", batches: []made{{base: 0, last: 5, gone: []int64{0, 3}}}, want: []string{"1-5 #0 -> 6"}, end: 6, endOrdinal: 4, holes: true},
		{name: "the last record is gone", batches: []made{{base: 0, last: 5, gone: []int64{5}}, {base: 6, last: 6}},
			want: []string{"0-4 #0 -> 6", "6-6 #5 -> 7"}, end: 7, endOrdinal: 6, holes: true},
		{name: "an empty batch", batches: []made{{base: 0, last: 0}, {base: 1, last: 3, gone: []int64{1, 2, 3}}},
			want: []string{"0-0 #0 -> 4"}, end: 4, endOrdinal: 1, gaps: 3},
		{name: "the cursor in a batch", cursor: 3, ordinal: 3, batches: []made{{base: 0, last: 5}}, want: []string{"3-5 #3 -> 6"}, end: 6, endOrdinal: 6},
		{name: "the cursor in an aborted batch", cursor: 3, ordinal: 1, batches: []made{tx(0, 5, 66)}, want: []string{}, end: 6, endOrdinal: 1, gaps: 3},
		{name: "the cursor behind all records that are left of a batch", cursor: 4, ordinal: 2, batches: []made{{base: 0, last: 5, gone: []int64{2, 3, 4, 5}}},
			want: []string{}, end: 6, endOrdinal: 2, holes: true},
		{name: "batches before the cursor", cursor: 10, ordinal: 4, batches: []made{{base: 0, last: 4}, {base: 5, last: 9}, {base: 10, last: 11}},
			want: []string{"10-11 #4 -> 12"}, end: 12, endOrdinal: 6},
		{name: "a mirror's batches", batches: []made{{base: 0, last: 1, producer: fromThird}, {base: 2, last: 2}, {base: 3, last: 3, producer: fromHome}},
			want: []string{"2-2 #0 -> 4"}, end: 4, endOrdinal: 1, gaps: 3, skipped: 2},
		{name: "the end in a batch", to: 4, batches: []made{{base: 0, last: 5}, {base: 6, last: 6}}, want: []string{"0-3 #0 -> 4"}, end: 4, endOrdinal: 4},
		{name: "the end behind a batch", to: 6, batches: []made{{base: 0, last: 5}, {base: 6, last: 6}}, want: []string{"0-5 #0 -> 6"}, end: 6, endOrdinal: 6},
		{name: "the end before the cursor's batch", cursor: 2, ordinal: 2, to: 4, batches: []made{{base: 6, last: 8}}, want: []string{}, end: 4, endOrdinal: 2, gaps: 2, holes: true},
		{name: "cursor and end in one batch", cursor: 2, ordinal: 2, to: 4, batches: []made{{base: 0, last: 5}}, want: []string{"2-3 #2 -> 4"}, end: 4, endOrdinal: 4},
		{name: "the end in an aborted batch", to: 3, batches: []made{tx(0, 5, 66)}, want: []string{}, end: 3, gaps: 3},
		{name: "the end in a hole of a batch", to: 3, batches: []made{{base: 0, last: 5, gone: []int64{2, 3, 4}}}, want: []string{"0-1 #0 -> 3"}, end: 3, endOrdinal: 2, holes: true},
		{name: "only holes before the end", to: 3, batches: []made{{base: 0, last: 5, gone: []int64{0, 1, 2}}}, want: []string{}, end: 3, holes: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTestShaper(c.cursor, c.ordinal)
			s.to = c.to
			a := aborted(answerWith(c.batches...), [2]int64{66, 0})
			if err := s.shapeSafely(a, newHold(nil, 0, s.budget)); err != nil {
				t.Fatal(err)
			}
			if got := allShaped(s.items); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if s.cursor != c.end || s.ordinal != c.endOrdinal {
				t.Errorf("ends at offset %d with ordinal %d, want %d and %d", s.cursor, s.ordinal, c.end, c.endOrdinal)
			}
			if s.gaps != c.gaps || s.skipped != c.skipped || s.holes != c.holes {
				t.Errorf("got %d gaps, %d skipped, holes %v; want %d, %d, %v", s.gaps, s.skipped, s.holes, c.gaps, c.skipped, c.holes)
			}
		})
	}
}

// TestShapeStamps checks that each batch carries the identity and the sequence
// of its first record, whichever way it is copied.
func TestShapeStamps(t *testing.T) {
	s := newTestShaper(2, 40)
	s.base = 30
	if _, err := shapeAll(s, made{base: 0, last: 4}, made{base: 5, last: 8, epoch: 6, time: 500}); err != nil {
		t.Fatal(err)
	}
	if len(s.items) != 2 {
		t.Fatalf("got %q", allShaped(s.items))
	}
	for i, want := range []struct {
		sequence int32
		reason   batch.Reason
	}{{10, batch.Resume}, {13, batch.Shallow}} {
		o := s.items[i]
		scan := batch.Scan(o.raw)
		if !scan.Next() {
			t.Fatalf("batch %d does not parse: %v", i, scan.Err())
		}
		b := scan.Batch()
		if b.ProducerID != 99 || b.ProducerEpoch != 1 || b.BaseSequence != want.sequence || b.BaseOffset != 0 || o.run != 7 || !batch.VerifyCRC(o.raw) {
			t.Errorf("batch %d: got producer %d, epoch %d, sequence %d, base %d, run %d; want 99, 1, %d, 0, 7", i, b.ProducerID, b.ProducerEpoch, b.BaseSequence, b.BaseOffset, o.run, want.sequence)
		}
		if o.reason != want.reason && batch.Decide(batch.Header{Magic: 2, Count: 1}, batch.Options{}) == batch.Shallow {
			t.Errorf("batch %d was copied for reason %q, want %q", i, o.reason, want.reason)
		}
	}
	if o := s.items[1]; o.nextEpoch != 6 || s.epoch != 6 || o.maxTimestamp != 500 {
		t.Errorf("got epochs %d and %d, time %d; want those of the source's batch: 6, 6, 500", o.nextEpoch, s.epoch, o.maxTimestamp)
	}
}

// TestShapeDamage checks that a batch which is not what its header claims ends
// shaping at its own offset: what is before it is kept, and nothing of it is
// copied or left out.
func TestShapeDamage(t *testing.T) {
	flip := func(m made, at int, bits byte) []byte {
		b := m.bytes()
		b[at] ^= bits
		return b
	}
	for _, c := range []struct {
		name string
		bad  []byte
		at   int64 // what the error names
	}{
		{"offsets go back", made{base: 1, last: 3}.bytes(), 4},
		{"offsets repeat", made{base: 3, last: 6}.bytes(), 4},
		{"a record's byte", flip(made{base: 4, last: 6}, batch.HeaderSize+8, 1), 4},
		{"a record's byte in a batch with a hole", flip(made{base: 4, last: 6, gone: []int64{5}}, batch.HeaderSize+8, 1), 4},
		{"data that became a marker", flip(made{base: 4, last: 6}, atAttributes+1, bitControl), 4},
		{"data that seems to come from a mirror", flip(made{base: 4, last: 6, producer: 1}, atProducer, 0x40), 4},
		{"data that seems to be aborted", flip(made{base: 4, last: 6, producer: 66}, atAttributes+1, bitTransactional), 4},
		{"a large mirrored batch", flip(made{base: 4, last: 6, size: 5000, producer: 1}, atProducer, 0x40), 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTestShaper(0, 0)
			a := aborted(answerWith(made{base: 0, last: 3}), [2]int64{66, 0})
			a.RecordBatches = append(append(a.RecordBatches, c.bad...), made{base: 7, last: 7}.bytes()...)
			err := s.shapeSafely(a, newHold(nil, 0, s.budget))
			var damage *batch.CorruptError
			if !errors.As(err, &damage) {
				t.Fatalf("got error %v, want a CorruptError", err)
			}
			if damage.Offset != c.at {
				t.Errorf("the error names offset %d, want %d", damage.Offset, c.at)
			}
			if got, want := allShaped(s.items), []string{"0-3 #0 -> 4"}; !slices.Equal(got, want) || s.cursor != 4 || s.ordinal != 4 {
				t.Errorf("got %q up to offset %d, ordinal %d; want %q, 4, 4", got, s.cursor, s.ordinal, want)
			}
		})
	}
}

// TestShapeWithoutRefused leaves out what the target refuses: a barrier with a
// loss and a jump of drift for each record goes before the rest of its batch.
func TestShapeWithoutRefused(t *testing.T) {
	s := newTestShaper(0, 100)
	s.skip = map[int64]string{3: "no key", 4: "no key", 9: "too old", 50: "not here"}
	if _, err := shapeAll(s, made{base: 0, last: 1}, made{base: 2, last: 6}, made{base: 7, last: 8}, made{base: 9, last: 9}, made{base: 10, last: 10}); err != nil {
		t.Fatal(err)
	}
	want := []string{"0-1 #100 -> 2", "barrier #102 -> 2", "2-6 #102 -> 7", "7-8 #105 -> 9", "barrier #107 -> 10", "10-10 #107 -> 11"}
	if got := allShaped(s.items); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	if got, want := valuesOf(t, s.items[2].raw), []string{"v2", "v5", "v6"}; !slices.Equal(got, want) {
		t.Errorf("got %q behind the barrier, want %q", got, want)
	}
	var got []string
	for _, o := range s.items {
		for _, e := range o.entries {
			if e.Lane != 3 || e.Key.Topic != "orders" || e.Key.Target != "west.orders" {
				t.Errorf("entry %+v is of another lane or partition", e)
			}
			switch v := e.Value.(type) {
			case offsets.Loss:
				got = append(got, fmt.Sprintf("%s %d: %d-%d %s", e.Key.Kind, e.Key.From, v.From, v.To, v.Detail))
			case offsets.Drift:
				got = append(got, fmt.Sprintf("%s %d: %d #%d", e.Key.Kind, e.Key.From, v.Source, v.Ordinal))
			}
		}
	}
	wantEntries := []string{"loss 3: 3-4 no key", "drift 4: 4 #103", "loss 4: 4-5 no key", "drift 5: 5 #103", "loss 9: 9-10 too old", "drift 10: 10 #107"}
	if !slices.Equal(got, wantEntries) {
		t.Errorf("got entries %q, want %q", got, wantEntries)
	}
}

// TestShapeLimit splits batches at the target's limit. A limit from its settings
// refuses a record that is larger by itself; one that was only guessed from an
// answer never does.
func TestShapeLimit(t *testing.T) {
	for _, guessed := range []bool{false, true} {
		t.Run(fmt.Sprintf("guessed %v", guessed), func(t *testing.T) {
			s := newTestShaper(0, 0)
			s.limit, s.guessed = 600, guessed
			_, err := shapeAll(s, made{base: 0, last: 7, size: 100}, made{base: 8, last: 10, size: 900})
			want := []string{"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"}
			if guessed {
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, "v8", "v9", "v10")
			} else {
				var large *batch.TooLargeError
				if !errors.As(err, &large) || large.Offset != 8 {
					t.Errorf("got error %v, want one that names offset 8", err)
				}
			}
			var got []string
			for _, o := range s.items {
				if o.first < 8 && len(o.raw) > 600 {
					t.Errorf("batch %s has %d bytes, more than 600", shaped(o), len(o.raw))
				}
				if o.ordinal != int64(len(got)) {
					t.Errorf("batch %s is numbered from %d, want %d", shaped(o), o.ordinal, len(got))
				}
				got = append(got, valuesOf(t, o.raw)...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if n := int64(len(want)); s.cursor != 8 && !guessed || s.ordinal != n {
				t.Errorf("ends at offset %d with ordinal %d, want ordinal %d", s.cursor, s.ordinal, n)
			}
		})
	}
}

// TestShapeReturnsMemory checks that all memory is given back once every batch
// is let go, those that share the answer's and those that have their own.
func TestShapeReturnsMemory(t *testing.T) {
	s := newTestShaper(1, 1)
	h, err := shapeAll(s, made{base: 0, last: 2}, made{base: 3, last: 4}, made{base: 5, last: 6}, marker(7, 1, true))
	if err != nil {
		t.Fatal(err)
	}
	budget := s.budget.(*kafka.MemoryBudget)
	want := h.bytes
	for _, o := range s.items {
		if o.hold != h { // a deep copy: the first batch, or all where every batch is copied deep
			want += int64(len(o.raw))
		}
	}
	if got := budget.Used(); got != want {
		t.Errorf("%d bytes are in use, want the answer's and those of deep copies: %d", got, want)
	}
	last := s.items[2].hold.bytes
	h.release()
	s.items[0].hold.release()
	s.items[1].hold.release()
	if got := budget.Used(); got != last {
		t.Errorf("%d bytes are in use while the last batch waits, want %d", got, last)
	}
	s.items[2].hold.release()
	if got := budget.Used(); got != 0 {
		t.Errorf("%d bytes are in use at the end", got)
	}
}

// TestShapeBehindRefused goes on inside of a batch of which a refused record was
// left out already: nothing is left to put on record, so no entry is made for it.
func TestShapeBehindRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		cursor int64
		bad    made
		want   []string
	}{
		{"the cursor is behind it", 5, made{base: 2, last: 6}, []string{"5-6 #5 -> 7"}},
		{"compaction has removed it", 2, made{base: 2, last: 6, gone: []int64{3}}, []string{"2-6 #2 -> 7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTestShaper(c.cursor, c.cursor)
			s.skip = map[int64]string{3: "no key"}
			if _, err := shapeAll(s, c.bad); err != nil {
				t.Fatal(err)
			}
			if got := allShaped(s.items); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
