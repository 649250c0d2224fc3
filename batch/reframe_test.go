package batch

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// oddRecords has every shape that tends to be lost on the way.
func oddRecords(base int64) []record {
	many := make([]header, 10000)
	for i := range many {
		many[i] = header{fmt.Sprint("h", i%7), []byte(fmt.Sprint(i))}
	}
	rs := []record{
		{time: -1},
		{time: 0, key: []byte{}, value: []byte{}},
		{time: math.MaxInt64, key: []byte("k")},
		{time: math.MinInt64, value: []byte("v")},
		{time: -2, key: []byte("k"), value: []byte("v"), headers: []header{{"", nil}, {"", []byte{}}, {"dup", nil}, {"dup", []byte("x")}}},
		{time: 1700000000000, headers: many},
		{time: 1600000000000, value: bytes.Repeat([]byte("large "), 50000)},
		{time: 1600000000001, value: noise(100000, 1)},
	}
	for i := range rs {
		rs[i].offset = base + int64(i)
	}
	return rs
}

func noise(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

var testStamp = Stamp{ProducerID: 1<<62 | 0xabcdef, ProducerEpoch: 5, BaseSequence: math.MaxInt32 - 2}

func TestReframeKeepsRecords(t *testing.T) {
	for _, name := range compressorNames() {
		c := compressors[name]
		for _, limit := range []int{0, 1 << 20, 210000} {
			t.Run(fmt.Sprint(name, "/", limit), func(t *testing.T) {
				want := oddRecords(1000)
				if limit == 210000 && c.codec == 0 {
					want = append(want[:6], want[7:]...) // alone larger than the limit
				}
				raw := sourceBatch{base: 1000, lastDelta: 20, baseTime: 1650000000000, maxTime: math.MaxInt64,
					attributes: c.codec | attrTransactional | 0x40, wrap: c.wrap, records: want}.encode()
				if d := diff(decoded(t, raw), want, true); d != "" {
					t.Error("Records: ", d)
				}
				before := bytes.Clone(raw)
				frames, err := Reframe(raw, testStamp, Options{MaxBytes: limit})
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(raw, before) {
					t.Error("Reframe changed its input")
				}
				got := checkFrames(t, frames, testStamp, int(c.codec), limit)
				if d := diff(got, want, false); d != "" {
					t.Error("Reframe: ", d)
				}
			})
		}
	}
}

func TestReframeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := compressors[rapid.SampledFrom(compressorNames()).Draw(t, "codec")]
		s := sourceBatch{
			base:       rapid.Int64Range(0, 1<<40).Draw(t, "base"),
			baseTime:   rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2, 2e12)).Draw(t, "baseTime"),
			maxTime:    rapid.Int64().Draw(t, "maxTime"),
			attributes: c.codec | int16(rapid.SampledFrom([]int{0, 8, 16, 64, 0x7fc0}).Draw(t, "bits")),
			wrap:       c.wrap,
		}
		offset := s.base
		for range rapid.IntRange(1, 60).Draw(t, "records") {
			offset += int64(rapid.SampledFrom([]int{0, 0, 0, 0, 1, 5}).Draw(t, "hole"))
			s.records = append(s.records, drawRecord(t, offset))
			offset++
		}
		s.lastDelta = int32(offset-s.base-1) + int32(rapid.IntRange(0, 3).Draw(t, "removed"))
		raw := s.encode()
		o := Options{
			From:     s.base + int64(rapid.IntRange(-2, 70).Draw(t, "from")),
			MaxBytes: rapid.SampledFrom([]int{0, 150, 500, 3000, 40000}).Draw(t, "limit"),
		}
		if to := s.base + int64(rapid.IntRange(-2, 70).Draw(t, "to")); to > 0 && rapid.Bool().Draw(t, "ends") {
			o.To = to
		}
		without := int64(rapid.IntRange(0, 9).Draw(t, "without"))
		if without > 1 {
			o.Without = func(offset int64) bool { return offset%without == 0 }
		}
		var skipped []int64
		o.Skip = func(offset int64, size int) bool {
			if o.MaxBytes == 0 || size <= o.MaxBytes {
				t.Fatalf("Skip asked for a record of %d bytes, limit %d", size, o.MaxBytes)
			}
			skipped = append(skipped, offset)
			return true
		}
		frames, err := Reframe(raw, testStamp, o)
		if err != nil {
			t.Fatal(err)
		}
		var want []record
		for _, r := range s.records {
			if s.attributes&8 != 0 {
				r.time = s.maxTime
			}
			switch {
			case len(skipped) > 0 && skipped[0] == r.offset:
				skipped = skipped[1:]
			case r.offset < o.From, o.To > 0 && r.offset >= o.To, o.Without != nil && o.Without(r.offset):
			default:
				want = append(want, r)
			}
		}
		if len(skipped) > 0 {
			t.Fatalf("Skip asked for offsets %v that are not copied", skipped)
		}
		if d := diff(checkFrames(t, frames, testStamp, int(c.codec), o.MaxBytes), want, false); d != "" {
			t.Fatal(d)
		}
		for _, f := range frames {
			if f.First != want[0].offset || f.Last != want[f.Count-1].offset {
				t.Fatalf("frame from %d to %d, want %d to %d", f.First, f.Last, want[0].offset, want[f.Count-1].offset)
			}
			want = want[f.Count:]
		}
	})
}

func drawRecord(t *rapid.T, offset int64) record {
	nullable := func(max int, label string) []byte {
		if rapid.IntRange(0, 4).Draw(t, label+" null") == 0 {
			return nil
		}
		n := rapid.IntRange(0, max).Draw(t, label+" size")
		if rapid.Bool().Draw(t, label+" noise") {
			return noise(n, uint64(offset)+uint64(n))
		}
		return bytes.Repeat([]byte{byte(n)}, n)
	}
	r := record{
		offset: offset,
		time:   rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2, 2e12)).Draw(t, "time"),
		key:    nullable(20, "key"),
		value:  nullable(rapid.SampledFrom([]int{10, 200, 5000}).Draw(t, "max"), "value"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "headers") {
		r.headers = append(r.headers, header{rapid.StringN(0, 5, -1).Draw(t, "header"), nullable(30, "header value")})
	}
	return r
}

func TestReframeTooLarge(t *testing.T) {
	for _, name := range compressorNames() {
		c := compressors[name]
		rs := []record{
			{offset: 7, value: []byte("first")},
			{offset: 8, value: noise(5000, 1)},
			{offset: 9, value: []byte("last")},
		}
		raw := sourceBatch{base: 7, attributes: c.codec, wrap: c.wrap, records: rs}.encode()
		frames, err := Reframe(raw, testStamp, Options{MaxBytes: 4000})
		var large *TooLargeError
		if !errors.As(err, &large) || large.Offset != 8 || large.Size <= 5000 || large.Size > 5300 {
			t.Errorf("%s: got %v, want a *TooLargeError for offset 8", name, err)
		}
		if d := diff(checkFrames(t, frames, testStamp, int(c.codec), 4000), rs[:1], false); d != "" {
			t.Errorf("%s: frames before it: %s", name, d)
		}
		// One byte more than is needed, and the size that was named, are enough.
		if _, err := Reframe(raw, testStamp, Options{MaxBytes: large.Size}); err != nil {
			t.Errorf("%s: a limit of %d is too small: %v", name, large.Size, err)
		}
	}
}

// TestReframeFills shows that split frames are about as large as allowed.
func TestReframeFills(t *testing.T) {
	const limit = 100 << 10
	for _, name := range compressorNames() {
		c := compressors[name]
		s := sourceBatch{attributes: c.codec, wrap: c.wrap}
		for i := range 3000 {
			v := append(noise(200, uint64(i)), bytes.Repeat([]byte("abc"), 200)...)
			s.records = append(s.records, record{offset: int64(i), value: v})
		}
		frames, err := Reframe(s.encode(), testStamp, Options{MaxBytes: limit})
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(checkFrames(t, frames, testStamp, int(c.codec), limit), s.records, false); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		for i, f := range frames[:len(frames)-1] {
			if len(f.Raw) < limit*95/100 {
				t.Errorf("%s: frame %d of %d has %d bytes of %d", name, i, len(frames), len(f.Raw), limit)
			}
		}
	}
}
