package verify

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/twmb/franz-go/pkg/kgo"
)

// fingerprint stands for a record's content: two records are taken as equal if their fingerprints are. It is comparable, so that it can be a map key.
// Parts are kept apart so that a changed record can be told which part changed; null and empty differ (a null part is 0).
type fingerprint struct {
	key, headers uint64
	value        [2]uint64
	time         int64 // milliseconds; 0 where timestamps are not compared
}

// entry is a record as the comparison sees it.
type entry struct {
	offset int64
	print  fingerprint
	size   int32 // bytes of key, value and headers
}

// printer computes fingerprints. Not safe for concurrent use.
type printer struct {
	sum    hash.Hash
	out    [sha256.Size]byte
	length [8]byte
	noTime bool
}

func newPrinter(noTime bool) *printer { return &printer{sum: sha256.New(), noTime: noTime} }

// entry returns the record's entry.
func (p *printer) entry(r *kgo.Record) entry {
	e := entry{offset: r.Offset, size: int32(len(r.Key) + len(r.Value))}
	e.print.key, _ = p.bytes(r.Key)
	e.print.value[0], e.print.value[1] = p.bytes(r.Value)
	e.print.headers = p.headers(r.Headers)
	for _, h := range r.Headers {
		e.size += int32(len(h.Key) + len(h.Value))
	}
	if !p.noTime {
		e.print.time = r.Timestamp.UnixMilli()
	}
	return e
}

// bytes returns 128 bits that stand for b, 0 and 0 for null.
func (p *printer) bytes(b []byte) (uint64, uint64) {
	if b == nil {
		return 0, 0
	}
	p.sum.Reset()
	p.sum.Write(b)
	return p.take()
}

// headers returns 64 bits that stand for the headers in their order, 0 for none. Lengths are part of the sum, so that no two lists look alike.
func (p *printer) headers(hs []kgo.RecordHeader) uint64 {
	if len(hs) == 0 {
		return 0
	}
	p.sum.Reset()
	for _, h := range hs {
		p.framed([]byte(h.Key))
		p.framed(h.Value)
	}
	sum, _ := p.take()
	return sum
}

// framed adds b with its length in front (-1 for null) to the sum.
func (p *printer) framed(b []byte) {
	n := int64(len(b))
	if b == nil {
		n = -1
	}
	binary.BigEndian.PutUint64(p.length[:], uint64(n))
	p.sum.Write(p.length[:])
	p.sum.Write(b)
}

func (p *printer) take() (uint64, uint64) {
	out := p.sum.Sum(p.out[:0])
	return binary.BigEndian.Uint64(out) | 1, binary.BigEndian.Uint64(out[8:]) // never 0, which is null
}

// The parts of a record that can differ.
const (
	partKey     = "key"
	partValue   = "value"
	partHeaders = "headers"
	partTime    = "timestamp"
)

// parts names what differs between two records.
func parts(a, b fingerprint) []string {
	var out []string
	if a.key != b.key {
		out = append(out, partKey)
	}
	if a.value != b.value {
		out = append(out, partValue)
	}
	if a.headers != b.headers {
		out = append(out, partHeaders)
	}
	if a.time != b.time {
		out = append(out, partTime)
	}
	return out
}

// alike scores how likely two different records are the same one changed on the way; 0 is not likely.
// A shared value weighs most, then a shared key that is not null; records of one producer often share null keys, no headers and the millisecond.
func alike(a, b fingerprint) int {
	score := 0
	switch {
	case a.value == b.value && a.value != [2]uint64{}:
		score += 3
	case a.value == b.value:
		score++
	}
	switch {
	case a.key == b.key && a.key != 0:
		score += 2
	case a.key == b.key:
		score++
	}
	if a.headers == b.headers && a.headers != 0 {
		score++
	}
	if a.time == b.time && a.time > 0 {
		score++
	}
	if score < 2 {
		return 0
	}
	return score
}

// surelyAlike is alike where records that are merely similar must not be taken for each other.
func surelyAlike(a, b fingerprint) int {
	if a.value == b.value && a.value != [2]uint64{} || a.key == b.key && a.key != 0 && a.time == b.time && a.time > 0 {
		return 1
	}
	return 0
}
