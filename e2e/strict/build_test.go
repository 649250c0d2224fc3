package strict

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kgo"
)

// record is one record of a hand-made batch.
type record struct {
	delta     int64 // offset delta
	timestamp int64 // delta to the batch's base
	key       []byte
	value     []byte
}

// batchSpec says what a hand-made batch looks like. Fields with a leading "force" overwrite what would be right.
type batchSpec struct {
	records       []record
	codec         kgo.CompressionCodecType
	body          []byte // instead of records
	attributes    int16  // besides the codec
	baseOffset    int64
	baseTimestamp int64
	producerID    int64
	epoch         int16
	sequence      int32
	forceCount    int32
	forceDelta    int32
	forceMagic    byte
	forceCRC      bool
	forceLength   int32
}

// plain is a right batch of n records with keys, without a producer.
func plain(n int) batchSpec {
	s := batchSpec{producerID: -1, epoch: -1, sequence: -1, baseTimestamp: 1}
	for i := range n {
		s.records = append(s.records, record{delta: int64(i), key: []byte("k"), value: []byte("value")})
	}
	return s
}

// from is a right batch of n records of a producer.
func from(producer int64, epoch int16, sequence int32, n int) batchSpec {
	s := plain(n)
	s.producerID, s.epoch, s.sequence = producer, epoch, sequence
	return s
}

func (s batchSpec) bytes() []byte {
	body := s.body
	if body == nil {
		for _, r := range s.records {
			body = appendRecord(body, r)
		}
		body = compress(body, s.codec)
	}
	count, delta := int32(len(s.records)), int32(len(s.records))-1
	if s.forceCount != 0 {
		count = s.forceCount
	}
	if s.forceDelta != 0 {
		delta = s.forceDelta
	}
	magic := byte(2)
	if s.forceMagic != 0 {
		magic = s.forceMagic
	}
	b := make([]byte, headerSize, headerSize+len(body))
	be := binary.BigEndian
	be.PutUint64(b, uint64(s.baseOffset))
	be.PutUint32(b[12:], ^uint32(0))
	b[16] = magic
	be.PutUint16(b[21:], uint16(s.attributes|int16(s.codec)))
	be.PutUint32(b[23:], uint32(delta))
	be.PutUint64(b[27:], uint64(s.baseTimestamp))
	be.PutUint64(b[35:], uint64(s.baseTimestamp))
	be.PutUint64(b[43:], uint64(s.producerID))
	be.PutUint16(b[51:], uint16(s.epoch))
	be.PutUint32(b[53:], uint32(s.sequence))
	be.PutUint32(b[57:], uint32(count))
	b = append(b, body...)
	length := int32(len(b) - upToLength)
	if s.forceLength != 0 {
		length = s.forceLength
	}
	be.PutUint32(b[8:], uint32(length))
	be.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
	if s.forceCRC {
		b[17] ^= 0xff
	}
	return b
}

func appendRecord(b []byte, r record) []byte {
	var p []byte
	p = append(p, 0)
	p = binary.AppendVarint(p, r.timestamp)
	p = binary.AppendVarint(p, r.delta)
	for _, field := range [][]byte{r.key, r.value} {
		if field == nil {
			p = binary.AppendVarint(p, -1)
			continue
		}
		p = binary.AppendVarint(p, int64(len(field)))
		p = append(p, field...)
	}
	p = binary.AppendVarint(p, 0)
	b = binary.AppendVarint(b, int64(len(p)))
	return append(b, p...)
}
