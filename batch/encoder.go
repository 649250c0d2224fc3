package batch

import (
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// encoderWindow is how far back zstd looks for repetitions, and about a third
// of the memory an encoder takes.
const encoderWindow = 1 << 20

// encoder is a compressor that can tell, by Flush, what its output has come to.
type encoder interface {
	io.Writer
	Flush() error
	Close() error
	Reset(io.Writer)
}

// encoders holds idle ones by codec.
var encoders [codecZstd + 1]sync.Pool

// takeEncoder returns an encoder for codec that is not codecNone; giveEncoder
// takes it back.
func takeEncoder(codec int) (encoder, error) {
	if e, ok := encoders[codec].Get().(encoder); ok {
		return e, nil
	}
	switch codec {
	case codecGzip:
		return gzip.NewWriter(nil), nil
	case codecSnappy:
		return new(xerialWriter), nil
	case codecLZ4:
		// Blocks of 64 KiB without checksums, as the Java client writes them.
		w := lz4.NewWriter(nil)
		err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false), lz4.ConcurrencyOption(1))
		return w, err
	case codecZstd:
		return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(encoderWindow),
			zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	}
	return nil, fmt.Errorf("unknown compression codec %d", codec)
}

func giveEncoder(codec int, e encoder) {
	e.Reset(nil) // lets go of the output
	encoders[codec].Put(e)
}

// worstSize is the most bytes that n more can add to the output of a codec,
// the end of the stream included. Snappy's format bounds a block at
// 32 + n + n/6. The others store what they cannot compress, with at most 5
// bytes for each 16 KiB, and their headers and ends are below 64 bytes.
func worstSize(codec, n int) int {
	if codec == codecSnappy {
		return n + n/6 + 36*(n/xerialBlock+1) + xerialHead
	}
	return n + n>>10 + 64
}
