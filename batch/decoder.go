package batch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxWindow is the largest zstd window that is accepted, and with it the most
// memory that decompressing takes: the largest that Java's consumer reads
// without being told to. Producers use 8 MiB or less unless their level is set
// above 19.
const maxWindow = 128 << 20

// stream is a decompressor that can be used again.
type stream interface {
	io.Reader
	// reset begins anew with b; magic is that of the batch b is from.
	reset(b []byte, magic int8) error
}

// decoder is a decompressor with the window that its output passes through.
type decoder struct {
	r      stream
	window [32 << 10]byte
	codec  int
}

// decoders holds idle ones by codec.
var decoders [codecZstd + 1]sync.Pool

// openDecoder returns a decoder of b; it must be closed.
func openDecoder(b []byte, codec int, magic int8) (*decoder, error) {
	d, _ := decoders[codec].Get().(*decoder)
	if d == nil {
		r, err := newStream(codec)
		if err != nil {
			return nil, err
		}
		d = &decoder{r: r, codec: codec}
	}
	if err := d.r.reset(b, magic); err != nil {
		d.close()
		return nil, fmt.Errorf("decompress %s: %w", codecNames[codec], err)
	}
	return d, nil
}

// close gives the decoder back for reuse, without its hold on the input.
func (d *decoder) close() {
	if s, ok := d.r.(interface{ release() }); ok {
		s.release()
	}
	decoders[d.codec].Put(d)
}

var codecNames = [...]string{"nothing", "gzip", "snappy", "lz4", "zstd"}

func newStream(codec int) (stream, error) {
	switch codec {
	case codecGzip:
		return new(gzipStream), nil
	case codecSnappy:
		return new(snappyStream), nil
	case codecLZ4:
		return &lz4Stream{Reader: lz4.NewReader(nil)}, nil
	case codecZstd:
		// One goroutine, none of its own: concurrency 1 decodes within Read.
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecodeBuffersBelow(0))
		return &zstdStream{Decoder: d}, err
	}
	return nil, fmt.Errorf("unknown compression codec %d", codec)
}

// source is the compressed bytes as the decompressors want them.
type source struct{ src bytes.Reader }

func (s *source) release() { s.src.Reset(nil) }

type gzipStream struct {
	gzip.Reader
	source
}

func (s *gzipStream) reset(b []byte, _ int8) error {
	s.src.Reset(b)
	return unexpected(s.Reader.Reset(&s.src))
}

type zstdStream struct {
	*zstd.Decoder
	source
}

func (s *zstdStream) reset(b []byte, _ int8) error {
	s.src.Reset(b)
	return s.Decoder.Reset(&s.src)
}

type lz4Stream struct {
	*lz4.Reader
	source
	head bytes.Reader // a corrected frame header
}

// lz4Magic begins an LZ4 frame. The library reads other kinds of frames, too,
// which no Kafka client does.
var lz4Magic = []byte{0x04, 0x22, 0x4d, 0x18}

// lz4Independent is the flag for blocks that can be read by themselves.
const lz4Independent = 0x20

func (s *lz4Stream) reset(b []byte, magic int8) error {
	if !bytes.HasPrefix(b, lz4Magic) || len(b) < 5 {
		return errors.New("no frame header")
	}
	// Java's client refuses blocks that refer to earlier ones, so there are
	// none in Kafka; in the library, earlier ones could be another batch's.
	if b[4]&lz4Independent == 0 {
		return errors.New("dependent blocks")
	}
	if magic > 0 {
		s.src.Reset(b)
		s.Reader.Reset(&s.src)
		return nil
	}
	head, err := fixLZ4Header(b)
	if err != nil {
		return err
	}
	s.head.Reset(head)
	s.src.Reset(b[len(head):])
	s.Reader.Reset(io.MultiReader(&s.head, &s.src))
	return nil
}
