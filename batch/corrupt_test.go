package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
)

// TestCorruptRecords has batches whose checksum is right and whose records are
// not, uncompressed and compressed.
func TestCorruptRecords(t *testing.T) {
	rec := func(delta int64) []byte { return encodeRecord(nil, 0, 0, delta, record{key: []byte("k")}) }
	claim := func(length int64) []byte { return append(varint(nil, length), 0, 0, 0, 1, 1, 0) }
	tests := []struct {
		name  string
		count int32
		body  []byte
		mend  bool // Reframe does not look that deep
	}{
		{"all deltas 0", 3, slices.Concat(rec(0), rec(0), rec(0)), false},
		{"deltas from 1", 3, slices.Concat(rec(1), rec(2), rec(3)), false},
		{"delta falls", 3, slices.Concat(rec(0), rec(2), rec(1)), false},
		{"delta beyond the batch", 2, slices.Concat(rec(0), rec(3)), false},
		{"negative delta", 2, slices.Concat(rec(-1), rec(1)), false},
		{"delta of 64 bits", 2, slices.Concat(rec(0), rec(1<<40)), false},
		{"fewer records than counted", 3, slices.Concat(rec(0), rec(1)), false},
		{"more records than counted", 2, slices.Concat(rec(0), rec(1), rec(2)), false},
		{"no records at all", 3, nil, false},
		{"records where none are counted", 0, rec(0), false},
		{"a byte behind the last", 1, append(rec(0), 0), false},
		{"length beyond the end", 1, claim(7), false},
		{"length of 2 GiB", 1, claim(math.MaxInt32), false},
		{"length of 64 bits", 1, claim(1 << 40), false},
		{"length negative", 1, claim(-1), false},
		{"length too small for deltas", 1, claim(1), false},
		{"length cut short", 1, []byte{0x80}, false},
		{"endless length", 1, bytes.Repeat([]byte{0x80}, 20), false},
		{"value longer than the record", 1, []byte{12, 0, 0, 0, 1, 100, 0}, true},
		{"more headers than bytes", 1, []byte{12, 0, 0, 0, 1, 1, 100}, true},
		{"negative headers", 1, []byte{12, 0, 0, 0, 1, 1, 1}, true},
		{"header with null key", 1, []byte{16, 0, 0, 0, 1, 1, 2, 1, 1}, true},
		{"bytes behind the headers", 1, []byte{14, 0, 0, 0, 1, 1, 0, 0}, true},
	}
	for _, tt := range tests {
		for _, name := range compressorNames() {
			c := compressors[name]
			body := tt.body
			if c.wrap != nil {
				body = c.wrap(body)
			}
			raw := encodeBatch(50, c.codec, 2, 0, 0, tt.count, body)
			_, err := Reframe(raw, testStamp, Options{})
			if !isCorrupt(err) && !(tt.mend && err == nil) {
				t.Errorf("%s, %s: Reframe: got %v, want a *CorruptError", tt.name, name, err)
			}
			err = Records(raw, func(Record) error { return nil })
			if !isCorrupt(err) {
				t.Errorf("%s, %s: Records: got %v, want a *CorruptError", tt.name, name, err)
			}
		}
	}
}

func isCorrupt(err error) bool {
	var e *CorruptError
	return errors.As(err, &e)
}

// TestCorruptBytes flips every byte of small batches: nothing may pass but
// what the checksum does not cover.
func TestCorruptBytes(t *testing.T) {
	for _, name := range compressorNames() {
		c := compressors[name]
		s := sourceBatch{base: 50, attributes: c.codec, wrap: c.wrap}
		for i := range 4 {
			s.records = append(s.records, record{offset: 50 + int64(i), value: []byte("some text, some text")})
		}
		raw := s.encode()
		for i := range raw {
			bad := bytes.Clone(raw)
			bad[i] ^= 0x10
			covered := i >= 8 && (i < 12 || i >= 16)
			_, err := Reframe(bad, testStamp, Options{})
			if covered && !isCorrupt(err) {
				t.Errorf("%s, byte %d: Reframe: got %v, want a *CorruptError", name, i, err)
			}
			if err := Records(bad, func(Record) error { return nil }); covered && !isCorrupt(err) {
				t.Errorf("%s, byte %d: Records: got %v, want a *CorruptError", name, i, err)
			}
			before := bytes.Clone(bad)
			if err := Patch(bad, testStamp); covered && (!isCorrupt(err) || !bytes.Equal(bad, before)) {
				t.Errorf("%s, byte %d: Patch: got %v, want a *CorruptError and nothing changed", name, i, err)
			}
		}
	}
}

// TestPatchKeepsDamage is why large batches are not verified: damage in the
// body is still seen by the target.
func TestPatchKeepsDamage(t *testing.T) {
	for _, n := range []int{verifyBelow, 100_000} {
		raw := plainBatch(n, 1)
		for i := HeaderSize; i < len(raw); i += 997 {
			bad := bytes.Clone(raw)
			bad[i] ^= 0x40
			if err := Patch(bad, testStamp); err != nil {
				t.Fatal(err)
			}
			if VerifyCRC(bad) {
				t.Errorf("body of %d: byte %d flipped, and the checksum verifies", n, i)
			}
		}
		// In the header, too.
		bad := bytes.Clone(raw)
		bad[atMaxTime] ^= 1
		if err := Patch(bad, testStamp); err != nil || VerifyCRC(bad) {
			t.Errorf("body of %d: flipped timestamp: %v, verifies %v", n, err, VerifyCRC(bad))
		}
	}
}

func TestControlIsNotCopied(t *testing.T) {
	raw := encodeBatch(9, attrControl|attrTransactional, 0, 7, 7, 1,
		encodeRecord(nil, 0, 0, 0, record{key: []byte{0, 0, 0, 1}, value: make([]byte, 6)}))
	if _, err := Reframe(raw, testStamp, Options{}); err == nil {
		t.Error("Reframe copied a control batch")
	}
	if err := Patch(raw, testStamp); err == nil {
		t.Error("Patch took a control batch")
	}
	if rs := decoded(t, raw); len(rs) != 1 || rs[0].key[3] != 1 {
		t.Errorf("Records: got %v", rs)
	}
}

func TestNothingLeft(t *testing.T) {
	full := sampleBatch(10, 3, 0)
	for name, frames := range map[string]func() ([]Frame, error){
		"below the cursor": func() ([]Frame, error) { return Reframe(full, testStamp, Options{From: 13}) },
		"left out": func() ([]Frame, error) {
			return Reframe(full, testStamp, Options{Without: func(int64) bool { return true }})
		},
		"empty":      func() ([]Frame, error) { return Reframe(encodeBatch(5, 0, 3, -1, -1, 0, nil), testStamp, Options{}) },
		"empty zstd": func() ([]Frame, error) { return Reframe(encodeBatch(5, 4, 3, -1, -1, 0, nil), testStamp, Options{}) },
	} {
		if got, err := frames(); len(got) != 0 || err != nil {
			t.Errorf("%s: got %d frames, %v", name, len(got), err)
		}
	}
}

func TestRecordsStops(t *testing.T) {
	stop := errors.New("enough")
	n := 0
	err := Records(sampleBatch(10, 3, 0), func(Record) error { n++; return stop })
	if err != stop || n != 1 {
		t.Errorf("got %v after %d records, want %v after 1", err, n, stop)
	}
}

// TestWrongSize has every function look at slices that are not one batch.
func TestWrongSize(t *testing.T) {
	for _, raw := range [][]byte{sampleBatch(10, 3, 0), message(1, 5, 0, 0, nil, []byte("v")), message(0, 5, 0, 0, nil, nil)} {
		for n := range raw {
			short := bytes.Clone(raw[:n])
			if VerifyCRC(short) {
				t.Errorf("VerifyCRC of %d bytes of %d: true", n, len(raw))
			}
			_, err := Reframe(short, testStamp, Options{})
			for what, err := range map[string]error{"Reframe": err, "Patch": Patch(short, testStamp), "Records": Records(short, func(Record) error { return nil })} {
				if !isCorrupt(err) {
					t.Errorf("%s of %d bytes of %d: got %v, want a *CorruptError", what, n, len(raw), err)
				}
			}
		}
		long := append(bytes.Clone(raw), 0)
		if _, err := Reframe(long, testStamp, Options{}); !isCorrupt(err) {
			t.Errorf("Reframe of a byte too many: got %v", err)
		}
	}
}

func TestSequenceRunsOn(t *testing.T) {
	raw := sampleBatch(0, 10, 0)
	frames, err := Reframe(raw, Stamp{BaseSequence: math.MaxInt32 - 3}, Options{MaxBytes: 120})
	if err != nil {
		t.Fatal(err)
	}
	var got []int32
	for _, f := range frames {
		got = append(got, int32(binary.BigEndian.Uint32(f.Raw[atSequence:])))
	}
	want := []int32{2147483644, 2147483647, 2, 5}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
