package batch

import "encoding/binary"

// HeaderSize is the length of a magic 2 batch header in bytes.
const HeaderSize = 61

// Where the fields of a magic 2 header begin. The first four fields up to and
// including magic are at the same place in magic 0 and 1, whose crc stands
// where magic 2 has the leader epoch.
const (
	atLength     = 8
	atEpoch      = 12
	atMagic      = 16
	atCRC        = 17
	atAttributes = 21
	atLastDelta  = 23
	atBaseTime   = 27
	atMaxTime    = 35
	atProducerID = 43
	atPEpoch     = 51
	atSequence   = 53
	atCount      = 57

	// prefixSize is what batchLength does not count: itself and baseOffset.
	prefixSize = 12
)

// Attribute bits of a batch. Magic 0 and 1 know the codec only, magic 1 also
// the timestamp type.
const (
	attrCodec         = 0x07
	attrAppendTime    = 0x08
	attrTransactional = 0x10
	attrControl       = 0x20
)

// Compression codecs as numbered in the attributes.
const (
	codecNone = iota
	codecGzip
	codecSnappy
	codecLZ4
	codecZstd
)

// Header is the header of a record batch, decoded. Times are in milliseconds
// since 1970; -1 means none.
type Header struct {
	BaseOffset      int64
	Length          int32 // as in the header: the bytes after its own field, at 12
	LeaderEpoch     int32
	Magic           int8
	CRC             uint32
	Attributes      int16
	LastOffsetDelta int32
	BaseTimestamp   int64
	MaxTimestamp    int64
	ProducerID      int64
	ProducerEpoch   int16
	BaseSequence    int32
	Count           int32 // records in the batch, as claimed
}

// Codec is the compression codec: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
func (h Header) Codec() int { return int(h.Attributes & attrCodec) }

// Control reports whether the batch holds transaction markers, not data.
func (h Header) Control() bool { return h.Attributes&attrControl != 0 }

// Transactional reports whether the batch is part of a transaction.
func (h Header) Transactional() bool { return h.Attributes&attrTransactional != 0 }

// AppendTime reports whether the broker stamped the batch (LogAppendTime):
// every record's time is then MaxTimestamp, whatever its delta says.
func (h Header) AppendTime() bool { return h.Attributes&attrAppendTime != 0 }

// LastOffset is the last offset the batch covers. Compaction may have removed
// the record there.
func (h Header) LastOffset() int64 { return h.BaseOffset + int64(h.LastOffsetDelta) }

// Size is the size of the whole batch in bytes.
func (h Header) Size() int { return prefixSize + int(h.Length) }

// readHeader decodes a magic 2 header; b must hold HeaderSize bytes.
func readHeader(b []byte) Header {
	_ = b[HeaderSize-1]
	be := binary.BigEndian
	return Header{
		BaseOffset:      int64(be.Uint64(b)),
		Length:          int32(be.Uint32(b[atLength:])),
		LeaderEpoch:     int32(be.Uint32(b[atEpoch:])),
		Magic:           int8(b[atMagic]),
		CRC:             be.Uint32(b[atCRC:]),
		Attributes:      int16(be.Uint16(b[atAttributes:])),
		LastOffsetDelta: int32(be.Uint32(b[atLastDelta:])),
		BaseTimestamp:   int64(be.Uint64(b[atBaseTime:])),
		MaxTimestamp:    int64(be.Uint64(b[atMaxTime:])),
		ProducerID:      int64(be.Uint64(b[atProducerID:])),
		ProducerEpoch:   int16(be.Uint16(b[atPEpoch:])),
		BaseSequence:    int32(be.Uint32(b[atSequence:])),
		Count:           int32(be.Uint32(b[atCount:])),
	}
}
