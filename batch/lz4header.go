package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
)

// fixLZ4Header returns the frame header of b with the checksum it should have.
// Clients that wrote magic 0 computed it over the frame's magic number as well
// (KAFKA-3160), and Kafka ignores it there.
func fixLZ4Header(b []byte) ([]byte, error) {
	const contentSize = 0x08 // flag: eight more bytes before the checksum
	size := 4 + 2 + 1        // magic number, flags and block size, checksum
	if len(b) >= size && b[4]&contentSize != 0 {
		size += 8
	}
	if len(b) < size {
		return nil, errors.New("frame header cut short")
	}
	head := bytes.Clone(b[:size])
	head[size-1] = byte(xxh32(head[4:size-1]) >> 8)
	return head, nil
}

// xxh32 is the xxHash of fewer than 16 bytes with seed 0.
func xxh32(b []byte) uint32 {
	const (
		p1 = 2654435761
		p2 = 2246822519
		p3 = 3266489917
		p4 = 668265263
		p5 = 374761393
	)
	h := uint32(p5 + len(b))
	for ; len(b) >= 4; b = b[4:] {
		h = bits.RotateLeft32(h+binary.LittleEndian.Uint32(b)*p3, 17) * p4
	}
	for _, c := range b {
		h = bits.RotateLeft32(h+uint32(c)*p5, 11) * p1
	}
	h = (h ^ h>>15) * p2
	h = (h ^ h>>13) * p3
	return h ^ h>>16
}
