package batch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
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
	if value == nil {
		return h, nil, corrupt(h.BaseOffset, "compressed message with nothing inside")
	}
	if w.base, err = innerBase(h, value); err != nil {
		return h, nil, corrupt(h.BaseOffset, "%v", err)
	}
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
	case err == io.EOF && w.last < 0:
		return nil, corrupt(w.head.BaseOffset, "compressed message with nothing inside")
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

// innerBase is what the offsets inside the wrapper h with this value count
// from. In magic 0 they are those of the log. In magic 1 they count from the
// first message the producer packed, and the wrapper carries the offset of the
// last one (KIP-31), so the stream has to be read to its end to know.
func innerBase(h Header, value []byte) (int64, error) {
	if h.Magic == 0 {
		return 0, nil
	}
	in, err := openInput(value, h.Codec(), h.Magic)
	if err != nil {
		return 0, err
	}
	defer in.close()
	var prefix []byte
	for last := int64(0); ; {
		size, err := readPrefix(&in, &prefix)
		if err == io.EOF {
			return h.BaseOffset - last, nil
		}
		if err == nil {
			err = in.skip(size)
		}
		if err != nil {
			return 0, err
		}
		last = int64(binary.BigEndian.Uint64(prefix))
		if last < 0 || last > h.BaseOffset {
			return 0, fmt.Errorf("offset %d inside a message at %d", last, h.BaseOffset)
		}
	}
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

// readMessage takes apart one whole message of magic 0 or 1 and verifies its
// checksum. Key and value are sub-slices of raw; nil is null.
func readMessage(raw []byte) (h Header, key, value []byte, err error) {
	least := prefixSize + minLengthV0
	if len(raw) > atMagic && raw[atMagic] == 1 {
		least = prefixSize + minLengthV1
	}
	if len(raw) < least {
		return h, nil, nil, corrupt(-1, "%d bytes are too few for a message", len(raw))
	}
	h = readOldHeader(raw)
	why := h.checkOld()
	switch {
	case h.Magic < 0 || h.Magic > 1:
		why = fmt.Sprintf("magic %d where 0 or 1 is needed", h.Magic)
	case h.Size() != len(raw):
		why = fmt.Sprintf("message says it has %d bytes, but there are %d", h.Size(), len(raw))
	case crc32.ChecksumIEEE(raw[atMagic:]) != h.CRC:
		why = "checksum does not match"
	}
	if why != "" {
		return h, nil, nil, corrupt(h.BaseOffset, "%s", why)
	}
	body := raw[atOldTime:]
	if h.Magic == 1 {
		body = body[8:]
	}
	if key, body, err = takeBytes(body); err == nil {
		value, body, err = takeBytes(body)
	}
	if err == nil && len(body) > 0 {
		err = errLeftover
	}
	if err != nil {
		return h, nil, nil, corrupt(h.BaseOffset, "%v", err)
	}
	return h, key, value, nil
}

var (
	errLeftover  = errors.New("bytes behind the end of a record")
	errShort     = errors.New("key, value or header longer than the record")
	errHeaderKey = errors.New("header without a key")
)

// takeBytes splits nullable bytes with an int32 length off b.
func takeBytes(b []byte) (taken, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errShort
	}
	n := int32(binary.BigEndian.Uint32(b))
	b = b[4:]
	switch {
	case n == -1:
		return nil, b, nil
	case n < 0 || int64(n) > int64(len(b)):
		return nil, nil, errShort
	}
	return b[:n:n], b[n:], nil
}

// appendBytes appends nullable bytes with a varint length, as in magic 2.
func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(dst, -1)
	}
	return append(binary.AppendVarint(dst, int64(len(b))), b...)
}
