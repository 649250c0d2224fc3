package batch

import (
	"bytes"
	"runtime"
	"testing"
)

// allocated is how many bytes f allocates, freed or not: an upper bound of what
// it holds at any time.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func skipUnderRace(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, too")
	}
}

// TestBombs re-frames batches that inflate to 64 MiB, as many records and as
// one, within a few MiB.
func TestBombs(t *testing.T) {
	skipUnderRace(t)
	const size, most = 64 << 20, 16 << 20 // zstd looks back 8 MiB
	many := sourceBatch{}
	value := make([]byte, 64<<10)
	for i := range size / len(value) {
		many.records = append(many.records, record{offset: int64(i), value: value})
	}
	one := sourceBatch{records: []record{{value: make([]byte, size)}}}
	for _, name := range []string{"gzip", "snappy-java", "lz4", "zstd"} {
		for shape, s := range map[string]sourceBatch{"many": many, "one": one} {
			s.attributes, s.wrap = compressors[name].codec, compressors[name].wrap
			raw := s.encode()
			budget := most + 3*uint64(len(raw)) // snappy makes 6 MiB of it
			for _, limit := range []int{0, 16 << 20} {
				var frames []Frame
				var err error
				got := allocated(func() { frames, err = Reframe(raw, testStamp, Options{MaxBytes: limit}) })
				if err != nil {
					t.Fatal(err)
				}
				if got > budget {
					t.Errorf("%s, %s, limit %d: %d KiB allocated for a batch of %d KiB, want at most %d", name, shape, limit, got>>10, len(raw)>>10, budget>>10)
				}
				if n := len(frames); n != 1 || frames[0].Count != len(s.records) {
					t.Errorf("%s, %s, limit %d: %d frames", name, shape, limit, n)
				}
			}
			if shape == "one" {
				continue
			}
			n := 0
			got := allocated(func() {
				if err := Records(raw, func(r Record) error { n++; return nil }); err != nil {
					t.Error(err)
				}
			})
			if n != len(s.records) || got > budget+size+size/8 {
				t.Errorf("%s: Records: %d records, %d KiB allocated", name, n, got>>10)
			}
		}
	}
}

// TestTooLargeBomb has a record that does not fit whatever it inflates to.
func TestTooLargeBomb(t *testing.T) {
	skipUnderRace(t)
	value := bytes.Repeat(noise(1<<20, 1), 64) // beyond what codecs look back
	s := sourceBatch{attributes: 3, wrap: compressors["lz4"].wrap, records: []record{{value: value}}}
	raw := s.encode()
	var err error
	got := allocated(func() { _, err = Reframe(raw, testStamp, Options{MaxBytes: 1 << 20}) })
	if large, ok := err.(*TooLargeError); !ok || large.Size < 64<<20 {
		t.Errorf("got %v, want a *TooLargeError of 64 MiB", err)
	}
	if got > 12<<20 { // two blocks of 4 MiB in, and the frame
		t.Errorf("%d KiB allocated, want at most 12 MiB", got>>10)
	}
}

func TestHundredThousandHeaders(t *testing.T) {
	s := sourceBatch{records: []record{{}}}
	for range 100_000 {
		s.records[0].headers = append(s.records[0].headers, header{"key", nil})
	}
	raw := s.encode()
	n := 0
	got := allocated(func() {
		Records(raw, func(r Record) error {
			for k, v := range r.Headers.All() {
				if string(k) == "key" && v == nil {
					n++
				}
			}
			return nil
		})
	})
	if n != 100_000 || got > 4*uint64(len(raw)) {
		t.Errorf("%d headers, %d KiB allocated for %d KiB", n, got>>10, len(raw)>>10)
	}
}

func TestNoAllocations(t *testing.T) {
	skipUnderRace(t)
	var all []byte
	for i := range 10 {
		all = append(all, sampleBatch(int64(i*10), 10, 0)...)
	}
	all = append(all, plainBatch(100_000, 1)...)
	o := Options{MaxBytes: 1 << 20}
	batches := 0
	if n := testing.AllocsPerRun(100, func() {
		s := Scan(all)
		for s.Next() {
			b := s.Batch()
			if Decide(b.Header, o) != AppendTime {
				batches++
			}
			if err := Patch(b.Raw, testStamp); err != nil {
				t.Fatal(err)
			}
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
	}); n != 0 {
		t.Errorf("scanning, deciding and patching allocates %v times", n)
	}
	if batches == 0 {
		t.Error("nothing scanned")
	}
}
