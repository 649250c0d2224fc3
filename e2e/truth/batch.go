package truth

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	headerSize   = 61
	lengthAt     = 8
	beforeLength = 12 // bytes that the length field does not count
)

// Batch is one record batch of format 2 as a broker keeps it.
type Batch struct {
	BaseOffset      int64
	LeaderEpoch     int32
	Attributes      int16
	LastOffsetDelta int32
	BaseTimestamp   int64
	MaxTimestamp    int64
	ProducerID      int64
	ProducerEpoch   int16
	BaseSequence    int32
	Count           int32
	Raw             []byte
	Records         []Record // decoded; nil in control batches
	Commit          bool     // a control batch that commits
}

// Codec is 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
func (b *Batch) Codec() int { return int(b.Attributes & 7) }

// AppendTime says that the broker stamped its own time: MaxTimestamp, for every record.
func (b *Batch) AppendTime() bool { return b.Attributes&8 != 0 }

// Transactional says that the records count only once their transaction commits.
func (b *Batch) Transactional() bool { return b.Attributes&16 != 0 }

// Control says that the batch is a marker and no data.
func (b *Batch) Control() bool { return b.Attributes&32 != 0 }

// LastOffset is the last offset that the batch covers, also where compaction has removed the record.
func (b *Batch) LastOffset() int64 { return b.BaseOffset + int64(b.LastOffsetDelta) }

// Dense says that every offset of the batch has a record.
func (b *Batch) Dense() bool { return b.Count > 0 && b.Count == b.LastOffsetDelta+1 }

// cut takes one whole batch off the front of what a Fetch answered; nil when only a part of one is left.
func cut(b []byte) (batch *Batch, rest []byte, err error) {
	if len(b) < headerSize {
		return nil, nil, nil
	}
	size := beforeLength + int(int32(binary.BigEndian.Uint32(b[lengthAt:])))
	if b[16] != 2 {
		return nil, nil, fmt.Errorf("read batch at %d: format %d", binary.BigEndian.Uint64(b), b[16])
	}
	if size < headerSize {
		return nil, nil, fmt.Errorf("read batch at %d: size %d", binary.BigEndian.Uint64(b), size)
	}
	if size > len(b) {
		return nil, nil, nil
	}
	raw, rest := b[:size:size], b[size:]
	be := binary.BigEndian
	batch = &Batch{
		BaseOffset:      int64(be.Uint64(raw)),
		LeaderEpoch:     int32(be.Uint32(raw[12:])),
		Attributes:      int16(be.Uint16(raw[21:])),
		LastOffsetDelta: int32(be.Uint32(raw[23:])),
		BaseTimestamp:   int64(be.Uint64(raw[27:])),
		MaxTimestamp:    int64(be.Uint64(raw[35:])),
		ProducerID:      int64(be.Uint64(raw[43:])),
		ProducerEpoch:   int16(be.Uint16(raw[51:])),
		BaseSequence:    int32(be.Uint32(raw[53:])),
		Count:           int32(be.Uint32(raw[57:])),
		Raw:             raw,
	}
	if got, want := crc32.Checksum(raw[21:], castagnoli), be.Uint32(raw[17:]); got != want {
		return nil, nil, fmt.Errorf("read batch at %d: CRC %08x, header says %08x", batch.BaseOffset, got, want)
	}
	return batch, rest, batch.decode()
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
