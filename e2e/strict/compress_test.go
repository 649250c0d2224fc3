package strict

import (
	"bytes"

	"github.com/twmb/franz-go/pkg/kgo"
)

func compress(body []byte, codec kgo.CompressionCodecType) []byte {
	var c kgo.CompressionCodec
	switch codec {
	case kgo.CodecGzip:
		c = kgo.GzipCompression()
	case kgo.CodecSnappy:
		c = kgo.SnappyCompression()
	case kgo.CodecLz4:
		c = kgo.Lz4Compression()
	case kgo.CodecZstd:
		c = kgo.ZstdCompression()
	default:
		return body
	}
	compressor, err := kgo.DefaultCompressor(c)
	if err != nil {
		panic(err)
	}
	out, used := compressor.Compress(new(bytes.Buffer), body)
	if used != codec {
		panic("the compressor chose another codec")
	}
	return out
}
