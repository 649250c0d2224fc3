package batch

import (
	"errors"
	"iter"
)

// Record is one decoded record.
type Record struct {
	Offset, Timestamp int64
	Key, Value        []byte // nil is null
	Headers           Headers
}

// Headers are the headers of a record.
type Headers struct {
	raw []byte
	n   int
}

// Len is the number of headers.
func (h Headers) Len() int { return h.n }

// All yields keys and values (nil is null) in order.
func (h Headers) All() iter.Seq2[[]byte, []byte] { return func(func(k, v []byte) bool) {} }

func Records(raw []byte, fn func(Record) error) error { return errors.ErrUnsupported }
