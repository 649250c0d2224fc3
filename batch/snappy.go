package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/s2"
)

// Snappy comes in two framings. The Java client writes xerial's: a header of 16
// bytes (magic, version, compatible version), then per block its size (int32)
// and a raw snappy block. Others (librdkafka, franz-go) write one raw block.
// What this package writes is xerial, which every client reads.
const (
	xerialHead  = 16
	xerialBlock = 32 << 10 // what the Java client puts into a block

	// maxSnappyBlock bounds what one raw block may decompress to, because a
	// block can only be decompressed as a whole.
	maxSnappyBlock = 512 << 20
	// keptSnappyBlock is the largest buffer kept for reuse.
	keptSnappyBlock = 1 << 20
)

var (
	xerialMagic  = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}
	xerialHeader = append(bytes.Clone(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1)

	errXerial = errors.New("framing cut short")
)

// snappyStream decompresses block by block.
type snappyStream struct {
	in     []byte // not yet decompressed
	xerial bool
	out    []byte // decompressed, not yet read
	buf    []byte // backing array of out
}

func (s *snappyStream) reset(b []byte, _ int8) error {
	s.in, s.out = b, nil
	s.xerial = len(b) >= xerialHead && bytes.HasPrefix(b, xerialMagic)
	if len(b) == 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (s *snappyStream) release() {
	s.in, s.out = nil, nil
	if cap(s.buf) > keptSnappyBlock {
		s.buf = nil
	}
}

func (s *snappyStream) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if len(s.in) == 0 {
			return 0, io.EOF
		}
		block, err := s.block()
		if err != nil {
			return 0, err
		}
		if err := s.decode(block); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// block takes the next raw block from the input.
func (s *snappyStream) block() ([]byte, error) {
	if !s.xerial {
		block := s.in
		s.in = nil
		return block, nil
	}
	// The Java client accepts streams put end to end, headers included.
	if bytes.HasPrefix(s.in, xerialMagic) {
		if len(s.in) < xerialHead {
			return nil, errXerial
		}
		s.in = s.in[xerialHead:]
		if len(s.in) == 0 {
			return nil, io.EOF
		}
	}
	if len(s.in) < 4 {
		return nil, errXerial
	}
	n := int64(binary.BigEndian.Uint32(s.in))
	if n > int64(len(s.in)-4) {
		return nil, errXerial
	}
	block := s.in[4 : 4+n]
	s.in = s.in[4+n:]
	return block, nil
}

func (s *snappyStream) decode(block []byte) error {
	n, err := s2.DecodedLen(block)
	if err != nil {
		return err
	}
	// Three bytes give at most 64, so a larger claim is a lie.
	if n > 22*len(block) || n > maxSnappyBlock {
		return fmt.Errorf("block of %d bytes claims to hold %d", len(block), n)
	}
	s.buf = slices.Grow(s.buf[:0], n)
	s.out, err = s2.Decode(s.buf[:n], block)
	return err
}

// xerialWriter writes what it is given as blocks.
type xerialWriter struct {
	dst     io.Writer
	buf     []byte
	started bool
}

func (w *xerialWriter) Reset(dst io.Writer) { w.dst, w.started = dst, false }
func (w *xerialWriter) Flush() error        { return nil } // every Write ends a block
func (w *xerialWriter) Close() error        { return nil }

func (w *xerialWriter) Write(p []byte) (int, error) {
	w.buf = w.buf[:0]
	if !w.started {
		w.buf = append(w.buf, xerialHeader...)
		w.started = true
	}
	for block := range slices.Chunk(p, xerialBlock) {
		at := len(w.buf)
		w.buf = slices.Grow(w.buf, 4+s2.MaxEncodedLen(len(block)))
		encoded := s2.EncodeSnappy(w.buf[at+4:cap(w.buf)], block)
		w.buf = w.buf[:at+4+len(encoded)]
		binary.BigEndian.PutUint32(w.buf[at:], uint32(len(encoded)))
	}
	_, err := w.dst.Write(w.buf)
	return len(p), err
}
