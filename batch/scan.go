package batch

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Smallest batchLength of each format: what the header alone needs, or a
// message with null key and value.
const (
	minLengthV0 = 4 + 1 + 1 + 4 + 4
	minLengthV1 = minLengthV0 + 8
	minLengthV2 = HeaderSize - prefixSize
)

// Batch is one batch within scanned bytes.
//
// In magic 0 and 1 a Batch is one message, and of its Header these fields mean
// something: BaseOffset, LastOffsetDelta, Count, Length, Magic, CRC, Attributes
// (codec, and for magic 1 LogAppendTime), MaxTimestamp (-1 in magic 0). For a
// compressed wrapper message, which itself carries only the offset of the last
// message inside, BaseOffset, LastOffsetDelta and Count describe the messages
// inside, holes of compaction included: the Scanner decompresses it to learn
// them.
type Batch struct {
	Header
	Raw []byte // exactly this batch: a sub-slice of what was scanned
}

// Scanner steps through the batches of one partition in a fetch response.
// It allocates nothing and looks at headers only, but for two exceptions: it
// verifies the checksum of control and empty batches, and reads through the
// compressed messages of magic 0 and 1.
type Scanner struct {
	rest  []byte
	batch Batch
	next  int64 // offset behind the last batch, -1 before the first
	err   error
}

// Scan returns a Scanner over b, the record bytes of one partition.
func Scan(b []byte) Scanner { return Scanner{rest: b, next: -1} }

// Batch is the batch the last Next found.
func (s *Scanner) Batch() Batch { return s.batch }

// Err is nil or a *CorruptError that says where and why framing is broken. Its
// Offset is the one expected behind the last good batch, or what the broken
// batch says of itself when it is the first.
func (s *Scanner) Err() error { return s.err }

// Trailing is the number of bytes not yet scanned. After Next returned false
// without an error it is the size of a batch cut short, which brokers send
// where the byte limit of a fetch ends; if that was the first batch of the
// response, then its length field is wrong or the limit was too small for it.
func (s *Scanner) Trailing() int { return len(s.rest) }

// Next finds the next batch. It returns false at the end, at a batch cut
// short, or when framing is broken (see Err).
func (s *Scanner) Next() bool {
	s.batch = Batch{}
	if s.err != nil || len(s.rest) < prefixSize {
		return false
	}
	length := int32(binary.BigEndian.Uint32(s.rest[atLength:]))
	if length < minLengthV0 {
		return s.fail(fmt.Sprintf("length %d is too small for any batch", length))
	}
	if len(s.rest) <= atMagic {
		return false
	}
	magic := int8(s.rest[atMagic])
	if magic < 0 || magic > 2 {
		return s.fail(fmt.Sprintf("unknown magic %d", magic))
	}
	if least := [...]int32{minLengthV0, minLengthV1, minLengthV2}[magic]; length < least {
		return s.fail(fmt.Sprintf("length %d is too small for magic %d", length, magic))
	}
	if len(s.rest)-prefixSize < int(length) {
		return false
	}
	raw := s.rest[: prefixSize+int(length) : prefixSize+int(length)]
	h, why := scanned(raw, magic)
	if why != "" {
		return s.fail(why)
	}
	s.batch = Batch{Header: h, Raw: raw}
	s.rest = s.rest[len(raw):]
	s.next = h.LastOffset() + 1
	return true
}

// scanned decodes the header of the complete batch raw, or says what is wrong.
func scanned(raw []byte, magic int8) (h Header, why string) {
	if magic < 2 {
		return scannedOld(raw)
	}
	h = readHeader(raw)
	if why := h.check(); why != "" {
		return h, why
	}
	// These are left out by every caller, so no broker will check them again:
	// a flipped bit must not make data vanish.
	if (h.Control() || h.Count == 0) && !VerifyCRC(raw) {
		return h, "checksum of a control or empty batch does not match"
	}
	return h, ""
}

// scannedOld is scanned for magic 0 and 1.
func scannedOld(raw []byte) (h Header, why string) {
	h = readOldHeader(raw)
	if why := h.checkOld(); why != "" || h.Codec() == codecNone {
		return h, why
	}
	_, _, value, err := readMessage(raw)
	if e := (*CorruptError)(nil); errors.As(err, &e) {
		return h, e.Why
	}
	inside, err := innerSpan(h, value)
	if err != nil {
		return h, err.Error()
	}
	h.BaseOffset, h.LastOffsetDelta, h.Count = inside.first, int32(inside.last-inside.first), inside.count
	return h, ""
}

func (s *Scanner) fail(why string) bool {
	offset := s.next
	if offset < 0 {
		offset = int64(binary.BigEndian.Uint64(s.rest))
	}
	s.err = &CorruptError{Offset: offset, Why: why}
	return false
}
