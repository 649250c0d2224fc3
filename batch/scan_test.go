package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"
)

func sampleBatch(base int64, n int, attributes int16) []byte {
	s := sourceBatch{base: base, attributes: attributes, baseTime: 1700000000000, maxTime: 1700000000000 + int64(n)}
	for i := range n {
		s.records = append(s.records, record{offset: base + int64(i), time: s.baseTime + int64(i), key: []byte("key"), value: []byte("value")})
	}
	return s.encode()
}

func TestScan(t *testing.T) {
	parts := [][]byte{sampleBatch(10, 3, 0), message(1, 13, 0, 5, nil, []byte("x")), message(0, 14, 0, 0, nil, nil), sampleBatch(20, 1, 0x10)}
	all := slices.Concat(parts...)
	for cut := range len(parts[3]) + 1 {
		s := Scan(all[:len(all)-cut])
		want := parts
		if cut > 0 {
			want = parts[:3]
		}
		for i, part := range want {
			if !s.Next() {
				t.Fatalf("cut %d: batch %d: end, %v", cut, i, s.Err())
			}
			if b := s.Batch(); !bytes.Equal(b.Raw, part) || b.Size() != len(part) {
				t.Fatalf("cut %d: batch %d has other bytes", cut, i)
			}
		}
		if s.Next() || s.Err() != nil {
			t.Fatalf("cut %d: batch %+v, error %v at the end", cut, s.Batch().Header, s.Err())
		}
		if got, want := s.Trailing(), (len(parts[3])-cut)%len(parts[3]); got != want {
			t.Fatalf("cut %d: %d bytes left, want %d", cut, got, want)
		}
	}
}

func TestScanHeader(t *testing.T) {
	s := Scan(sampleBatch(10, 3, 0x1c))
	s.Next()
	h := s.Batch().Header
	if !h.AppendTime() || !h.Transactional() || h.Control() || h.Codec() != 4 || h.LastOffset() != 12 || h.Count != 3 ||
		h.LeaderEpoch != 17 || h.ProducerID != 4711 || h.ProducerEpoch != 2 || h.BaseSequence != 99 || h.MaxTimestamp != 1700000000003 {
		t.Errorf("got %+v", h)
	}
	s = Scan(message(1, 77, 0x0a, 12345, nil, xerialBytes(message(1, 0, 0, 0, nil, nil)))) // snappy, LogAppendTime
	s.Next()
	h = s.Batch().Header
	if h.Magic != 1 || h.BaseOffset != 77 || h.LastOffset() != 77 || h.Codec() != 2 || !h.AppendTime() || h.Control() ||
		h.MaxTimestamp != 12345 || h.ProducerID != -1 {
		t.Errorf("got %+v", h)
	}
}

func TestScanCorrupt(t *testing.T) {
	be := binary.BigEndian
	tests := []struct {
		name  string
		spoil func(b []byte)
		want  int64 // CorruptError.Offset behind a good batch that ends at 12
	}{
		{"length too small for magic 2", func(b []byte) { be.PutUint32(b[8:], 48) }, 13},
		{"length too small for anything", func(b []byte) { be.PutUint32(b[8:], 3) }, 13},
		{"length negative", func(b []byte) { be.PutUint32(b[8:], 1<<31) }, 13},
		{"magic 3", func(b []byte) { b[16] = 3 }, 13},
		{"magic negative", func(b []byte) { b[16] = 0x80 }, 13},
		{"codec 5", func(b []byte) { b[22] |= 5 }, 13},
		{"codec 7", func(b []byte) { b[22] |= 7 }, 13},
		{"last offset before base offset", func(b []byte) { be.PutUint32(b[23:], 1<<31) }, 13},
		{"last offset overflows", func(b []byte) { be.PutUint64(b, math.MaxInt64) }, 13},
		{"negative base offset", func(b []byte) { be.PutUint64(b, 1<<63) }, 13},
		{"negative count", func(b []byte) { be.PutUint32(b[57:], 1<<31) }, 13},
		{"count flipped to 0", func(b []byte) { be.PutUint32(b[57:], 0) }, 13},
		{"control bit flipped", func(b []byte) { b[22] |= attrControl }, 13},
		{"codec 4 in magic 1", func(b []byte) { b[16], b[17] = 1, 4 }, 13},
	}
	for _, tt := range tests {
		bad := sampleBatch(13, 2, 0)
		tt.spoil(bad)
		s := Scan(append(sampleBatch(10, 3, 0), bad...))
		if !s.Next() {
			t.Fatalf("%s: good batch not found: %v", tt.name, s.Err())
		}
		var e *CorruptError
		if s.Next() || !errors.As(s.Err(), &e) || e.Offset != tt.want || s.Next() {
			t.Errorf("%s: got error %v, want a *CorruptError at %d", tt.name, s.Err(), tt.want)
		}
		if s.Batch().Raw != nil {
			t.Errorf("%s: a batch is left", tt.name)
		}
		s = Scan(bad)
		if s.Next() || s.Err() == nil {
			t.Errorf("%s: accepted as the first batch", tt.name)
		}
	}
}

// TestScanEmpty has the shapes compaction and transactions leave behind.
func TestScanEmpty(t *testing.T) {
	empty := encodeBatch(5, 0, 3, -1, -1, 0, nil)
	marker := encodeBatch(9, attrControl|attrTransactional, 0, 7, 7, 1,
		encodeRecord(nil, 0, 0, 0, record{key: []byte{0, 0, 0, 1}, value: make([]byte, 6)}))
	s := Scan(slices.Concat(empty, marker))
	if !s.Next() || s.Batch().Count != 0 || s.Batch().LastOffset() != 8 {
		t.Errorf("empty batch: %+v, %v", s.Batch().Header, s.Err())
	}
	if !s.Next() || !s.Batch().Control() || s.Next() || s.Err() != nil {
		t.Errorf("control batch: %+v, %v", s.Batch().Header, s.Err())
	}
}
