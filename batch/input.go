package batch

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// maxInflated bounds what the records of one batch may decompress to, the same
// bound that franz-go's consumer has. It is about time, not memory: 100 MiB of
// zstd can be made to inflate to terabytes.
const maxInflated = 2 << 30

var (
	errInflated = errors.New("records decompress to more than 2 GiB")
	errVarint   = errors.New("number is too long")
)

// input is a run of bytes that is read once, from its beginning to its end:
// the bytes of a batch themselves, or what a decoder makes of them, of which
// only a window is in memory.
type input struct {
	buf  []byte   // in memory and not yet taken; all there is when dec is nil
	dec  *decoder // nil when nothing is compressed
	left int64    // bytes the decoder may still give
}

// openInput reads b as compressed with codec. Magic is that of the batch.
// The input must be closed.
func openInput(b []byte, codec int, magic int8) (input, error) {
	if codec == codecNone {
		return input{buf: b}, nil
	}
	dec, err := openDecoder(b, codec, magic)
	if err != nil {
		return input{}, err
	}
	return input{dec: dec, left: maxInflated}, nil
}

func (in *input) close() {
	if in.dec != nil {
		in.dec.close()
	}
	*in = input{}
}

// fill makes at least one more byte available in buf, keeping those that are
// there; io.EOF when there are no more. It is called with less than a varint in
// buf, so what it moves is small.
func (in *input) fill() error {
	if in.dec == nil {
		return io.EOF
	}
	kept := copy(in.dec.window[:], in.buf)
	for {
		n, err := in.dec.r.Read(in.dec.window[kept:])
		in.left -= int64(n)
		switch {
		case in.left < 0:
			return errInflated
		case n > 0: // an error comes again at the next Read
			in.buf = in.dec.window[:kept+n]
			return nil
		case err != nil:
			return err
		}
	}
}

// some takes at least one and at most n bytes. They are valid until the next
// call of a method of in; io.EOF when there are none.
func (in *input) some(n int) ([]byte, error) {
	if len(in.buf) == 0 {
		if err := in.fill(); err != nil {
			return nil, err
		}
	}
	n = min(n, len(in.buf))
	b := in.buf[:n]
	in.buf = in.buf[n:]
	return b, nil
}

// skip takes n bytes and drops them.
func (in *input) skip(n int) error {
	for n > 0 {
		b, err := in.some(n)
		if err != nil {
			return unexpected(err)
		}
		n -= len(b)
	}
	return nil
}

// read takes n bytes and appends them to dst, which grows as they arrive: n is
// only a claim.
func (in *input) read(dst []byte, n int) ([]byte, error) {
	for n > 0 {
		b, err := in.some(n)
		if err != nil {
			return dst, unexpected(err)
		}
		dst = append(dst, b...)
		n -= len(b)
	}
	return dst, nil
}

// varlong takes a zigzag varint of up to 64 bits and says how long it was.
func (in *input) varlong() (v int64, size int, err error) {
	for {
		v, size = binary.Varint(in.buf)
		if size < 0 {
			return 0, 0, errVarint
		}
		if size > 0 {
			in.buf = in.buf[size:]
			return v, size, nil
		}
		if err := in.fill(); err != nil {
			return 0, 0, unexpected(err)
		}
	}
}

// varint is varlong for a number of 32 bits.
func (in *input) varint() (v, size int, err error) {
	long, size, err := in.varlong()
	if err == nil && (long > math.MaxInt32 || long < math.MinInt32) {
		err = errVarint
	}
	return int(long), size, err
}

// ended returns nil when every byte has been taken.
func (in *input) ended() error {
	b, err := in.some(1)
	switch {
	case len(b) > 0:
		return errors.New("bytes behind the last record")
	case err == io.EOF:
		return nil
	}
	return err
}

// unexpected is for an end where a record should go on.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
