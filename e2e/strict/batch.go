package strict

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	headerSize   = 61 // a batch of format 2 up to its first record
	upToLength   = 12 // base offset and length
	upToMagic    = 17 // what brokers need to tell the format
	smallestOld  = 14 // the smallest length of any format; anything below is not a batch
	zstdSince    = 7  // first version of Produce that may carry zstd
	bitAppend    = 1 << 3
	bitTxn       = 1 << 4
	bitControl   = 1 << 5
	bitsCleared  = bitAppend | ^int16(1<<6-1) // what a copier never sets: bit 3, bit 6 and those without a meaning yet
	codecZstd    = 4
	noTimestamp  = -1
	maxSequence  = 1<<31 - 1
	epochUnknown = -1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the fixed part of a batch of format 2. It is parsed here a second time on purpose: a checker that used the
// copier's parser would share its mistakes.
type header struct {
	baseOffset    int64
	length        int32
	magic         int8
	crc           uint32
	attributes    int16
	lastDelta     int32
	baseTimestamp int64
	maxTimestamp  int64
	producerID    int64
	producerEpoch int16
	baseSequence  int32
	count         int32
}

func (h header) codec() int          { return int(h.attributes & 7) }
func (h header) appendTime() bool    { return h.attributes&bitAppend != 0 }
func (h header) transactional() bool { return h.attributes&bitTxn != 0 }
func (h header) control() bool       { return h.attributes&bitControl != 0 }

// lastSequence is the sequence of the last record; 2^31-1 is followed by 0 (DefaultRecordBatch.incrementSequence).
func (h header) lastSequence() int32 {
	return int32((int64(h.baseSequence) + int64(h.lastDelta)) & maxSequence)
}

// parseHeader needs headerSize bytes; a shorter batch gives a header that no check accepts.
func parseHeader(b []byte) header {
	if len(b) < headerSize {
		return header{magic: 2, lastDelta: -1}
	}
	be := binary.BigEndian
	return header{
		baseOffset:    int64(be.Uint64(b)),
		length:        int32(be.Uint32(b[8:])),
		magic:         int8(b[16]),
		crc:           be.Uint32(b[17:]),
		attributes:    int16(be.Uint16(b[21:])),
		lastDelta:     int32(be.Uint32(b[23:])),
		baseTimestamp: int64(be.Uint64(b[27:])),
		maxTimestamp:  int64(be.Uint64(b[35:])),
		producerID:    int64(be.Uint64(b[43:])),
		producerEpoch: int16(be.Uint16(b[51:])),
		baseSequence:  int32(be.Uint32(b[53:])),
		count:         int32(be.Uint32(b[57:])),
	}
}

// next cuts one batch off b as ByteBufferLogInputStream does. ok is false when no whole batch is left.
func next(b []byte) (batch, rest []byte, ok bool, refusal *Refusal) {
	if len(b) < upToLength {
		return nil, nil, false, nil
	}
	length := int64(int32(binary.BigEndian.Uint32(b[8:])))
	if length < smallestOld {
		return nil, nil, false, malformed(kerr.CorruptMessage, "the batch's length is smaller than any batch").whole()
	}
	if len(b) < upToMagic {
		return nil, nil, false, nil
	}
	if magic := int8(b[16]); magic < 0 || magic > 2 {
		return nil, nil, false, malformed(kerr.CorruptMessage, "the batch's format is unknown").whole()
	}
	if int64(len(b)) < upToLength+length {
		return nil, nil, false, nil
	}
	return b[:upToLength+length], b[upToLength+length:], true, nil
}

// split finds the one batch that a partition of a Produce request may hold (ProduceRequest.validateRecords).
func split(records []byte, version int16) ([]byte, *Refusal) {
	if records == nil {
		r := malformed(nil, "the records are null")
		r.Silent = true
		return nil, r
	}
	batch, rest, ok, refusal := next(records)
	switch {
	case refusal != nil:
		return nil, refusal
	case !ok:
		return nil, malformed(kerr.InvalidRecord, "there is no whole batch")
	case batch[16] != 2:
		return nil, malformed(kerr.InvalidRecord, "the batch is not of format 2")
	}
	if len(batch) > 22 && batch[22]&7 == codecZstd && version < zstdSince {
		return nil, malformed(kerr.UnsupportedCompressionType, "zstd needs version 7 of Produce")
	}
	if _, _, more, refusal := next(rest); refusal != nil {
		return nil, refusal
	} else if more {
		return nil, malformed(kerr.InvalidRecord, "there is more than one batch")
	}
	return batch, nil
}

// checkBatch is what UnifiedLog and LogValidator check, in their order. A refusal with code 0 is a batch that brokers store
// although it is wrong.
func (v *Validator) checkBatch(req *kmsg.ProduceRequest, h header, batch []byte, s settings) *Refusal {
	if h.transactional() && req.TransactionID == nil {
		return malformed(kerr.TransactionalIDAuthorizationFailed, "the transactional bit is set in a request without a transactional id").whole()
	}
	switch {
	case len(batch) < headerSize:
		return malformed(kerr.CorruptMessage, "the batch is shorter than its header")
	case h.baseOffset != 0:
		return malformed(kerr.InvalidRecord, "the base offset is not 0")
	case len(batch) > s.maxMessageBytes:
		return unwelcome(kerr.MessageTooLarge, "the batch is larger than max.message.bytes")
	case crc32.Checksum(batch[21:], castagnoli) != h.crc:
		return malformed(kerr.CorruptMessage, "the CRC does not fit")
	case h.lastDelta < 0 || h.count <= 0:
		return malformed(kerr.InvalidRecord, "the batch has no records")
	case h.count != h.lastDelta+1:
		return malformed(kerr.InvalidRecord, "the record count is not the last offset delta plus one")
	case h.control():
		return malformed(kerr.InvalidRecord, "clients may not write control batches")
	case h.producerID >= 0 && h.baseSequence < 0:
		return malformed(kerr.InvalidRecord, "there is a producer id without a sequence")
	case s.appendTime && h.appendTime():
		return malformed(kerr.InvalidTimestamp, "the append-time bit is set for a topic that stamps its own time")
	case h.codec() > codecZstd:
		return malformed(kerr.UnknownServerError, "the compression codec is unknown")
	}
	found := v.checkRecords(h, batch, s)
	if found != nil && found.Code != 0 {
		return found
	}
	if len(batch) > s.segmentBytes {
		return unwelcome(kerr.RecordListTooLarge, "the batch is larger than segment.bytes")
	}
	if found == nil && h.attributes&bitsCleared != 0 {
		return malformed(nil, "attribute bit 3, 6 or a higher one is set: the stored times or tombstones would be wrong")
	}
	return found
}

// malformed and unwelcome make a refusal; a nil error means that brokers take the batch.
func malformed(err *kerr.Error, why string) *Refusal { return refuse(Malformed, err, why) }

func unwelcome(err *kerr.Error, why string) *Refusal { return refuse(Unwelcome, err, why) }

func refuse(kind Kind, err *kerr.Error, why string) *Refusal {
	r := &Refusal{Kind: kind, Why: why}
	if err != nil {
		r.Code = err.Code
	}
	return r
}

func (r *Refusal) whole() *Refusal {
	r.Request = true
	return r
}
