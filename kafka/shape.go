package kafka

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kbin"
)

// kind is how a field of a response is laid out on the wire.
type kind uint8

const (
	fixed  kind = iota // size bytes
	text               // a string, null or not: int16 length, or a varint of the length plus one when flexible
	blob               // bytes, null or not: int32 length, or a varint of the length plus one when flexible
	array              // of fields: int32 length, or a varint of the length plus one when flexible
	tagged             // a tag of its struct: not in the order of the fields
)

// field is one field of a response, as the message definitions of Apache Kafka describe it
// (clients/src/main/resources/common/message).
type field struct {
	kind     kind
	size     int     // of a fixed one, in bytes
	from, to int16   // versions that have it; to 0: no end
	tag      uint32  // of a tagged one
	fields   []field // of an array's element, or of a tagged struct
	repeated bool    // a tagged array instead of a tagged struct
}

func (f *field) in(version int16) bool {
	return f.from <= version && (f.to == 0 || version <= f.to)
}

// shape is the layout of one kind of response.
type shape struct {
	flexible int16 // from this version on
	fields   []field
}

var errShort = errors.New("it ends before the data it announces")

// check walks over a response body and returns an error when kmsg's decoder must not see it. That decoder allocates an
// array of the announced length when as many bytes are left, though an element may need a hundred times its bytes in
// memory, and it runs through an announced number of tags, up to 2^32, even where no byte is left.
func (s *shape) check(body []byte, version int16) error {
	w := walker{Reader: kbin.Reader{Src: body}, version: version, flexible: version >= s.flexible}
	return w.walk(s.fields)
}

// walker goes over one response.
type walker struct {
	kbin.Reader
	version  int16
	flexible bool
}

// walk goes over one struct: its fields in order, then its tags.
func (w *walker) walk(fields []field) error {
	for i := range fields {
		f := &fields[i]
		if f.kind == tagged || !f.in(w.version) {
			continue
		}
		if err := w.field(f); err != nil {
			return err
		}
	}
	if !w.flexible {
		return nil
	}
	return w.tags(fields)
}

func (w *walker) field(f *field) error {
	switch f.kind {
	case fixed:
		w.Span(f.size)
	case text:
		w.skip(w.length(2))
	case blob:
		w.skip(w.length(4))
	case array:
		return w.array(f.fields)
	}
	if !w.Ok() {
		return errShort
	}
	return nil
}

// skip goes over n bytes; below 0 stands for null.
func (w *walker) skip(n int) {
	if n > 0 {
		w.Span(n)
	}
}

// length reads the length of a string, bytes or an array, which takes width bytes when the version is not flexible.
func (w *walker) length(width int) int {
	switch {
	case w.flexible:
		return int(w.Uvarint()) - 1
	case width == 2:
		return int(w.Int16())
	default:
		return int(w.Int32())
	}
}

func (w *walker) array(fields []field) error {
	n := w.length(4)
	if !w.Ok() {
		return errShort
	}
	if least := w.least(fields); n > len(w.Src)/least {
		return fmt.Errorf("it announces %d elements of at least %d bytes in %d bytes", n, least, len(w.Src))
	}
	for range n {
		if err := w.walk(fields); err != nil {
			return err
		}
	}
	return nil
}

// least returns the smallest size of one array element in bytes, at least 1.
func (w *walker) least(fields []field) int {
	n := 0
	for i := range fields {
		f := &fields[i]
		switch {
		case f.kind == tagged || !f.in(w.version):
		case f.kind == fixed:
			n += f.size
		case w.flexible:
			n++
		case f.kind == text:
			n += 2
		default:
			n += 4
		}
	}
	if w.flexible {
		n++
	}
	return max(n, 1)
}

func (w *walker) tags(fields []field) error {
	n := int(w.Uvarint())
	if !w.Ok() {
		return errShort
	}
	if n > len(w.Src)/2 {
		return fmt.Errorf("it announces %d tags in %d bytes", n, len(w.Src))
	}
	for range n {
		tag := w.Uvarint()
		value := w.Span(int(w.Uvarint()))
		if !w.Ok() {
			return errShort
		}
		if err := w.tag(fields, tag, value); err != nil {
			return err
		}
	}
	return nil
}

// tag goes over the value of a tag if it is one that kmsg decodes.
func (w *walker) tag(fields []field, tag uint32, value []byte) error {
	for i := range fields {
		f := &fields[i]
		if f.kind != tagged || f.tag != tag || !f.in(w.version) {
			continue
		}
		inner := walker{Reader: kbin.Reader{Src: value}, version: w.version, flexible: true}
		if f.repeated {
			return inner.array(f.fields)
		}
		return inner.walk(f.fields)
	}
	return nil
}
