package batch

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// oldWalk walks through one magic 0 or 1 message, or the messages inside if it
// is a wrapper. It holds one message at a time.
type oldWalk struct {
	head Header
	raw  []byte // the message, while it is still to be returned itself; nil for a wrapper
	in   input  // the messages inside a wrapper
	base int64  // is added to the offsets inside
	last int64  // the offset before, -1 at first
	msg  []byte // buffer of one message inside
	rest []byte // of the current record, as in magic 2
	todo []byte // what of rest chunk has not given out
}

// openOldWalk is openWalk for magic 0 and 1.
func openOldWalk(raw []byte) (Header, walk, error) {
	h, _, value, err := readMessage(raw)
	if err != nil {
		return h, nil, err
	}
	w := &oldWalk{head: h, raw: raw, last: -1}
	if h.Codec() == codecNone {
		return h, w, nil
	}
	w.raw = nil
	inside, err := innerSpan(h, value)
	if err != nil {
		return h, nil, corrupt(h.BaseOffset, "%v", err)
	}
	w.base = inside.base
	if w.in, err = openInput(value, h.Codec(), h.Magic); err != nil {
		return h, nil, corrupt(h.BaseOffset, "%v", err)
	}
	return h, w, nil
}

func (w *oldWalk) close() { w.in.close() }

func (w *oldWalk) chunk() (b []byte, err error) {
	b, w.todo = w.todo, nil
	return b, nil
}

func (w *oldWalk) next() (item, error) {
	raw := w.raw
	w.raw = nil
	if raw == nil {
		var err error
		if raw, err = w.inner(); err != nil {
			return item{}, err
		}
	}
	h, key, value, err := readMessage(raw)
	if err != nil {
		return item{}, err
	}
	offset, err := w.place(h)
	if err != nil {
		return item{}, err
	}
	w.rest = appendBytes(w.rest[:0], key)
	w.rest = appendBytes(w.rest, value)
	w.rest = append(w.rest, 0) // no headers
	w.todo = w.rest
	it := item{offset: offset, time: h.MaxTimestamp, size: len(w.rest)}
	if w.head.AppendTime() {
		it.time = w.head.MaxTimestamp
	}
	return it, nil
}

// inner reads the next message of a wrapper; io.EOF behind the last.
func (w *oldWalk) inner() ([]byte, error) {
	if w.in.dec == nil {
		return nil, io.EOF // a message that was no wrapper has been returned
	}
	size, err := readPrefix(&w.in, &w.msg)
	if err == nil {
		w.msg, err = w.in.read(w.msg, size)
	}
	switch {
	case err == io.EOF:
		return nil, io.EOF
	case err != nil:
		return nil, corrupt(max(w.last, 0), "message inside: %v", err)
	}
	return w.msg, nil
}

// place is the offset of a message in the log.
func (w *oldWalk) place(h Header) (int64, error) {
	if w.in.dec == nil {
		return h.BaseOffset, nil
	}
	offset := w.base + h.BaseOffset
	switch {
	case h.Codec() != codecNone || h.Magic != w.head.Magic:
		return 0, corrupt(w.head.BaseOffset, "magic %d, codec %d inside a compressed message of magic %d", h.Magic, h.Codec(), w.head.Magic)
	case offset <= w.last || offset > w.head.BaseOffset:
		return 0, corrupt(w.head.BaseOffset, "offset %d after %d inside", offset, w.last)
	}
	w.last = offset
	return offset, nil
}

// span is what the messages inside a wrapper cover.
type span struct {
	base        int64 // is to be added to the offsets inside
	first, last int64 // offsets in the log
	count       int32
}

// innerSpan reads through the messages inside the wrapper h with this value.
// In magic 0 their offsets are those of the log. In magic 1 they count from the
// first message the producer packed, and the wrapper carries the offset of the
// last one (KIP-31), so only the end of the stream tells what they are.
func innerSpan(h Header, value []byte) (s span, err error) {
	in, err := openInput(value, h.Codec(), h.Magic)
	if err != nil {
		return s, err
	}
	defer in.close()
	var prefix []byte
	for ; ; s.count++ {
		size, err := readPrefix(&in, &prefix)
		if err == nil {
			err = in.skip(size)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return s, err
		}
		s.last = int64(binary.BigEndian.Uint64(prefix))
		if s.last < 0 || s.last > h.BaseOffset {
			return s, fmt.Errorf("offset %d inside a message at %d", s.last, h.BaseOffset)
		}
		if s.count == 0 {
			s.first = s.last
		}
	}
	if s.count == 0 {
		return s, errHollow
	}
	if h.Magic == 1 {
		s.base = h.BaseOffset - s.last
	}
	s.first += s.base
	s.last += s.base
	if s.first > s.last || s.last-s.first > math.MaxInt32 {
		return s, fmt.Errorf("offsets %d to %d inside one message", s.first, s.last)
	}
	return s, nil
}

// readPrefix reads the offset and the size of a message into buf and returns
// how many bytes follow; io.EOF when there is no message.
func readPrefix(in *input, buf *[]byte) (int, error) {
	first, err := in.some(1)
	if err != nil {
		return 0, err
	}
	*buf, err = in.read(append((*buf)[:0], first...), prefixSize-1)
	if err != nil {
		return 0, err
	}
	size := int32(binary.BigEndian.Uint32((*buf)[atLength:]))
	if size < minLengthV0 || size > maxRecord {
		return 0, fmt.Errorf("message of %d bytes", size)
	}
	return int(size), nil
}

// appendBytes appends nullable bytes with a varint length, as in magic 2.
func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(dst, -1)
	}
	return append(binary.AppendVarint(dst, int64(len(b))), b...)
}
