package batch

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestWorstSize measures what compressors make of what cannot be compressed,
// in pieces of many sizes between flushes.
func TestWorstSize(t *testing.T) {
	data := noise(3<<20, 1)
	text := text(3<<20, 1)
	r := rand.New(rand.NewPCG(1, 1))
	for codec := codecGzip; codec <= codecZstd; codec++ {
		for i := range 300 {
			enc, err := takeEncoder(codec)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			enc.Reset(&out)
			before := 0
			for range r.IntN(4) + 1 {
				n := 1 + r.IntN(1<<r.IntN(21))
				in := data[:n]
				if i%3 == 0 {
					copy(text, data[:r.IntN(n)]) // half noise, half text
					in = text[:n]
				}
				for rest := in; len(rest) > 0; rest = rest[min(len(rest), packSize):] {
					if _, err := enc.Write(rest[:min(len(rest), packSize)]); err != nil {
						t.Fatal(err)
					}
				}
				// The end of the stream must fit as well, at any time.
				if r.IntN(4) == 0 {
					if err := enc.Close(); err != nil {
						t.Fatal(err)
					}
					if got, want := out.Len()-before, worstSize(codec, n); got > want {
						t.Fatalf("%s: %d bytes became %d at the end, the bound is %d", codecNames[codec], n, got, want)
					}
					break
				}
				if err := enc.Flush(); err != nil {
					t.Fatal(err)
				}
				flushed := out.Len()
				if got, want := flushed-before, worstSize(codec, n); got > want {
					t.Fatalf("%s: %d bytes became %d, the bound is %d", codecNames[codec], n, got, want)
				}
				before = flushed
			}
			giveEncoder(codec, enc)
		}
	}
}

// TestConcurrent has many goroutines share the pools of coders.
func TestConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := range 8 {
		name := compressorNames()[i]
		wg.Go(func() {
			for seed := range 4 {
				s := sourceBatch{attributes: compressors[name].codec, wrap: compressors[name].wrap}
				for j := range 50 {
					s.records = append(s.records, record{offset: int64(j), value: text(2000, uint64(seed+j*i))})
				}
				raw := s.encode()
				frames, err := Reframe(raw, testStamp, Options{MaxBytes: len(raw) * 2 / 3})
				if err != nil {
					t.Error(err)
					return
				}
				var got []record
				for _, f := range frames {
					rs, err := collect(f.Raw)
					if err != nil {
						t.Error(err)
					}
					got = append(got, rs...)
				}
				if d := diff(got, s.records, false); d != "" {
					t.Errorf("%s: %s", name, d)
				}
				// An error in the middle must leave the coder usable.
				bad := bytes.Clone(raw)
				bad[len(bad)-20] ^= 0xff
				if _, err := Reframe(seal(bad), testStamp, Options{}); err == nil && name != "none" {
					collect(bad)
				}
			}
		})
	}
}

// TestDamagedStreams has checksums that are right over compressed bytes that
// are not: no panic, and nothing but a *CorruptError or records.
func TestDamagedStreams(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, name := range compressorNames() {
		s := sourceBatch{attributes: compressors[name].codec, wrap: compressors[name].wrap}
		for j := range 40 {
			s.records = append(s.records, record{offset: int64(j), value: text(500, uint64(j))})
		}
		raw := s.encode()
		o := Options{MaxBytes: 2000, Skip: func(int64, int) bool { return true }}
		for range 200 {
			bad := bytes.Clone(raw)
			for range 1 + r.IntN(3) {
				at := HeaderSize + r.IntN(len(bad)-HeaderSize)
				if r.IntN(3) == 0 {
					at = HeaderSize + r.IntN(20) // where framing is
				}
				bad[at] = byte(r.Uint32())
			}
			seal(bad)
			if _, err := Reframe(bad, testStamp, o); err != nil && !isCorrupt(err) {
				t.Fatalf("%s: Reframe: %v", name, err)
			}
			if _, err := collect(bad); err != nil && !isCorrupt(err) {
				t.Fatalf("%s: Records: %v", name, err)
			}
		}
	}
}
