package batch

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"
)

// seeds are batches of every format and codec, whole and damaged.
func seeds(f *testing.F) {
	for _, name := range compressorNames() {
		c := compressors[name]
		s := sourceBatch{base: 50, attributes: c.codec, wrap: c.wrap, lastDelta: 9, baseTime: 1700000000000}
		for i := range 5 {
			s.records = append(s.records, record{
				offset: 50 + int64(2*i), time: int64(i), key: []byte("k"), value: bytes.Repeat([]byte("v"), 20*i),
				headers: []header{{"h", nil}, {"h", []byte("x")}},
			})
		}
		f.Add(s.encode())
		if c.codec == 0 || c.codec == 4 {
			continue
		}
		for _, magic := range []int8{0, 1} {
			value := c.wrap(slices.Concat(message(magic, 0, 0, 7, []byte("k"), []byte("v")), message(magic, 3, 0, 7, nil, nil)))
			f.Add(message(magic, 3, byte(c.codec)|8, 9, nil, value))
		}
	}
	f.Add(encodeBatch(5, 0, 3, -1, -1, 0, nil))
	f.Add(message(0, 5, 0, 0, []byte("k"), nil))
	f.Add(message(1, 5, 0, 0, []byte("k"), nil))
	f.Add(plainBatch(10, 1))
	f.Add(slices.Concat(sampleBatch(1, 3, 0), message(1, 5, 0, 0, nil, nil), sampleBatch(6, 1, 8)[:70]))
}

// mend makes length and checksum right, so that fuzzing reaches what is behind
// them.
func mend(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) <= atAttributes {
		return b
	}
	binary.BigEndian.PutUint32(b[atLength:], uint32(len(b)-prefixSize))
	if b[atMagic] < 2 {
		binary.BigEndian.PutUint32(b[atOldCRC:], crc32.ChecksumIEEE(b[atMagic:]))
		return b
	}
	return seal(b)
}

func FuzzScan(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := Scan(b)
		at := 0
		for s.Next() {
			batch := s.Batch()
			if batch.Size() != len(batch.Raw) || !bytes.Equal(b[at:at+batch.Size()], batch.Raw) {
				t.Fatalf("batch at %d is not what was scanned", at)
			}
			if batch.BaseOffset < 0 || batch.LastOffset() < batch.BaseOffset || batch.Count < 0 {
				t.Fatalf("accepted %+v", batch.Header)
			}
			Decide(batch.Header, Options{})
			at += batch.Size()
		}
		if s.Trailing() != len(b)-at {
			t.Fatalf("%d bytes left, want %d", s.Trailing(), len(b)-at)
		}
		if s.Err() != nil && !isCorrupt(s.Err()) {
			t.Fatal(s.Err())
		}
	})
}

func FuzzReframe(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, raw := range [][]byte{b, mend(b)} {
			for _, limit := range []int{0, 200} {
				o := Options{From: 52, MaxBytes: limit, Skip: func(int64, int) bool { return true }}
				frames, err := Reframe(raw, testStamp, o)
				if err != nil {
					continue
				}
				n, last := 0, int64(51)
				for _, frame := range frames {
					if frame.First <= last || frame.Last < frame.First || limit > 0 && len(frame.Raw) > limit {
						t.Fatalf("frame %+v after offset %d", frame, last)
					}
					last = frame.Last
					n += frame.Count
					h := readHeader(frame.Raw)
					if !VerifyCRC(frame.Raw) || h.Size() != len(frame.Raw) || int(h.Count) != frame.Count || int(h.LastOffsetDelta) != frame.Count-1 {
						t.Fatalf("frame %+v", h)
					}
				}
				if limit > 0 {
					continue
				}
				want, err := collect(raw)
				if err != nil {
					continue // wrong inside a record, where Reframe does not look
				}
				want = slices.DeleteFunc(want, func(r record) bool { return r.offset < 52 })
				if n != len(want) {
					t.Fatalf("%d records in the frames, want %d", n, len(want))
				}
				var got []record
				for _, frame := range frames {
					rs, err := collect(frame.Raw)
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, rs...)
				}
				if d := diff(got, want, false); d != "" {
					t.Fatal(d)
				}
			}
		}
	})
}

func FuzzRecords(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, raw := range [][]byte{b, mend(b)} {
			rs, err := collect(raw)
			if err != nil {
				if !isCorrupt(err) {
					t.Fatal(err)
				}
				continue
			}
			for i := range rs {
				if i > 0 && rs[i].offset <= rs[i-1].offset {
					t.Fatalf("offset %d after %d", rs[i].offset, rs[i-1].offset)
				}
			}
		}
	})
}

func FuzzPatch(f *testing.F) {
	seeds(f)
	f.Add(plainBatch(verifyBelow, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, raw := range [][]byte{bytes.Clone(b), mend(b)} {
			before := bytes.Clone(raw)
			verified := VerifyCRC(raw)
			if err := Patch(raw, testStamp); err != nil {
				if !bytes.Equal(raw, before) {
					t.Fatal("changed in spite of an error")
				}
				continue
			}
			if VerifyCRC(raw) != verified {
				t.Fatalf("checksum verifies: before %v, after %v", verified, !verified)
			}
		}
	})
}
