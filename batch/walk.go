package batch

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// A record behind its offset delta has at least three bytes (null key, null
// value, no headers), and few enough that its length stays an int32 when its
// deltas grow.
const (
	minRest = 3
	maxRest = math.MaxInt32 - 32
)

var errRecordLength = errors.New("length contradicts the bytes there are")

// item is the head of one record: what changes when it moves to another batch.
// The rest of it (key, value and headers, encoded as in magic 2) follows.
type item struct {
	offset, time int64
	attributes   byte
	size         int // bytes of the rest
}

// walk steps through the records of one batch without holding them.
type walk interface {
	// next goes to the next record, past what is left of the one before;
	// io.EOF behind the last. Other errors are *CorruptError.
	next() (item, error)
	// chunk is the next piece of the record's rest, nil at its end. It is
	// valid until the next call.
	chunk() ([]byte, error)
	close()
}

// openWalk verifies the checksum of raw, one batch of any format, and begins
// to step through its records. The walk must be closed.
func openWalk(raw []byte) (Header, walk, error) {
	if len(raw) > atMagic && raw[atMagic] < 2 {
		return openOldWalk(raw)
	}
	h, err := whole(raw)
	if err != nil {
		return h, nil, err
	}
	if !VerifyCRC(raw) {
		return h, nil, corrupt(h.BaseOffset, "checksum does not match")
	}
	w := &walk2{head: h, last: -1}
	body := raw[HeaderSize:]
	if len(body) == 0 { // an empty batch may well name a codec
		return h, w, nil
	}
	if w.in, err = openInput(body, h.Codec(), h.Magic); err != nil {
		return h, nil, corrupt(h.BaseOffset, "%v", err)
	}
	return h, w, nil
}

// walk2 walks through a magic 2 batch.
type walk2 struct {
	head Header
	in   input
	read int32 // records begun
	last int   // offset delta of the record before
	rest int   // bytes of the current record not yet taken
}

func (w *walk2) close() { w.in.close() }

func (w *walk2) fault(err error) error {
	return corrupt(w.head.BaseOffset+int64(max(w.last, 0)), "record %d of %d: %v", w.read, w.head.Count, err)
}

func (w *walk2) next() (item, error) {
	if err := w.in.skip(w.rest); err != nil {
		return item{}, w.fault(err)
	}
	w.rest = 0
	if w.read == w.head.Count {
		if err := w.in.ended(); err != nil {
			return item{}, w.fault(err)
		}
		return item{}, io.EOF
	}
	w.read++
	it, err := w.record()
	if err != nil {
		return item{}, w.fault(err)
	}
	return it, nil
}

// record reads the head of a record.
func (w *walk2) record() (it item, err error) {
	length, _, err := w.in.varint()
	if err != nil {
		return it, err
	}
	attributes, err := w.in.some(1)
	if err != nil {
		return it, unexpected(err)
	}
	it.attributes = attributes[0]
	time, n1, err := w.in.varlong()
	if err != nil {
		return it, err
	}
	delta, n2, err := w.in.varint()
	if err != nil {
		return it, err
	}
	if err := w.checkDelta(delta); err != nil {
		return it, err
	}
	w.last = delta
	w.rest = length - 1 - n1 - n2
	if w.rest < minRest || w.rest > maxRest || w.in.dec == nil && w.rest > len(w.in.buf) {
		return it, errRecordLength
	}
	it.offset = w.head.BaseOffset + int64(delta)
	it.time = w.head.BaseTimestamp + time // may wrap around, as in Kafka
	if w.head.AppendTime() {
		it.time = w.head.MaxTimestamp
	}
	it.size = w.rest
	return it, nil
}

func (w *walk2) chunk() ([]byte, error) {
	if w.rest == 0 {
		return nil, nil
	}
	b, err := w.in.some(w.rest)
	if err != nil {
		return nil, w.fault(unexpected(err))
	}
	w.rest -= len(b)
	return b, nil
}

// checkDelta refuses offset deltas that do not rise or leave the batch. Brokers
// store them unchecked when the batch is not compressed, and what such a
// producer meant cannot be known.
func (w *walk2) checkDelta(delta int) error {
	if delta <= w.last || delta > int(w.head.LastOffsetDelta) {
		return fmt.Errorf("offset delta %d after %d, of at most %d", delta, w.last, w.head.LastOffsetDelta)
	}
	return nil
}
