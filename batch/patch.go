package batch

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// Stamp is what the target's brokers know a batch by.
type Stamp struct {
	ProducerID    int64
	ProducerEpoch int16
	BaseSequence  int32 // of the first record, 0 .. 2^31-1
}

// verifyBelow is the size of a body up to which Patch verifies the checksum,
// which then costs less than a microsecond.
const verifyBelow = 8 << 10

// errControl is returned for a control batch: transaction markers belong to
// their cluster, and without the control bit they would read as data.
var errControl = errors.New("control batch: its records cannot be copied")

// Patch makes raw, one magic 2 batch for which Decide said Shallow, fit for a
// Produce request, in place: base offset 0, no leader epoch, the stamp, and of
// the attributes only the codec (LogAppendTime, transactional and delete
// horizon bits mean things that are not true on the target). The records are
// neither changed nor looked at.
//
// The new checksum is derived from the old one without reading the body, in
// the same time for any size. So the body stays covered by the checksum that
// the source's producer computed, all the way: a byte that flips in this
// process makes the target refuse the batch. Batches with a body below 8 KiB
// are verified as well. A *CorruptError says that this failed, or that raw is
// not one whole batch, and raw is then as it was.
func Patch(raw []byte, s Stamp) error {
	h, err := whole(raw)
	if err != nil {
		return err
	}
	if h.Control() {
		return errControl
	}
	body := len(raw) - HeaderSize
	if body < verifyBelow && !VerifyCRC(raw) {
		return corrupt(h.BaseOffset, "checksum does not match")
	}
	before := crc32.Checksum(raw[atAttributes:HeaderSize], castagnoli)
	putStamp(raw, s)
	binary.BigEndian.PutUint16(raw[atAttributes:], uint16(h.Codec()))
	after := crc32.Checksum(raw[atAttributes:HeaderSize], castagnoli)
	binary.BigEndian.PutUint32(raw[atCRC:], patchCRC(h.CRC, before, after, body))
	return nil
}

// putStamp writes the fields that a produced batch has in common whatever is
// in it.
func putStamp(raw []byte, s Stamp) {
	be := binary.BigEndian
	be.PutUint64(raw, 0)
	be.PutUint32(raw[atEpoch:], ^uint32(0))
	be.PutUint64(raw[atProducerID:], uint64(s.ProducerID))
	be.PutUint16(raw[atPEpoch:], uint16(s.ProducerEpoch))
	be.PutUint32(raw[atSequence:], uint32(s.BaseSequence))
}
