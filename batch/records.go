package batch

import (
	"encoding/binary"
	"io"
	"iter"
)

// maxRecord is the largest record, in bytes and decompressed, that Records
// decodes: records are held one at a time. Reframe has no such limit for
// magic 2.
const maxRecord = 256 << 20

// Record is one decoded record. Its bytes belong to whoever has it.
type Record struct {
	Offset    int64
	Timestamp int64  // ms; the broker's where the batch has LogAppendTime, -1 for magic 0
	Key       []byte // nil is null
	Value     []byte // nil is null
	Headers   Headers
}

// Headers are the headers of a record, in order, repeated keys included. They
// stay encoded, so that a record with a million headers costs no more memory
// than its bytes.
type Headers struct {
	raw []byte
	n   int
}

// Len is the number of headers.
func (h Headers) Len() int { return h.n }

// All yields key and value of each header; a nil value is null.
func (h Headers) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		b := h.raw
		for range h.n {
			var key, value []byte
			key, b, _ = takeVar(b) // parseRest has been through here
			value, b, _ = takeVar(b)
			if !yield(key, value) {
				return
			}
		}
	}
}

// Records decodes the records of raw, one batch of any format and codec (or
// one magic 0 or 1 message with what it wraps), and calls fn for each, in
// order. It stops at fn's first error and returns it. The checksum is verified
// first; a *CorruptError says that the bytes are not a whole and sound batch,
// possibly after fn was called for some of its records.
//
// Memory is bounded by the largest record, 256 MiB at most.
func Records(raw []byte, fn func(Record) error) error {
	_, w, err := openWalk(raw)
	if err != nil {
		return err
	}
	defer w.close()
	for {
		it, err := w.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		r, err := decode(w, it)
		if err != nil {
			return err
		}
		if err := fn(r); err != nil {
			return err
		}
	}
}

// decode reads the rest of the record it into bytes of its own.
func decode(w walk, it item) (Record, error) {
	if it.size > maxRecord {
		return Record{}, corrupt(it.offset, "record of %d bytes", it.size)
	}
	rest := make([]byte, 0, min(it.size, 1<<20)) // size is only a claim
	for {
		b, err := w.chunk()
		if err != nil {
			return Record{}, err
		}
		if b == nil {
			break
		}
		rest = append(rest, b...)
	}
	r := Record{Offset: it.offset, Timestamp: it.time}
	if err := r.parseRest(rest); err != nil {
		return Record{}, corrupt(it.offset, "%v", err)
	}
	return r, nil
}

// parseRest takes apart key, value and headers.
func (r *Record) parseRest(b []byte) (err error) {
	if r.Key, b, err = takeVar(b); err != nil {
		return err
	}
	if r.Value, b, err = takeVar(b); err != nil {
		return err
	}
	n, size := binary.Varint(b)
	if size <= 0 || n < 0 || n > int64(len(b)) {
		return errShort
	}
	b = b[size:]
	r.Headers = Headers{raw: b, n: int(n)}
	for range n {
		var key []byte
		if key, b, err = takeVar(b); err != nil {
			return err
		}
		if key == nil {
			return errHeaderKey
		}
		if _, b, err = takeVar(b); err != nil {
			return err
		}
	}
	if len(b) > 0 {
		return errLeftover
	}
	return nil
}

// takeVar splits nullable bytes with a varint length off b.
func takeVar(b []byte) (taken, rest []byte, err error) {
	n, size := binary.Varint(b)
	if size <= 0 {
		return nil, nil, errShort
	}
	b = b[size:]
	switch {
	case n == -1:
		return nil, b, nil
	case n < 0 || n > int64(len(b)):
		return nil, nil, errShort
	}
	return b[:n:n], b[n:], nil
}
