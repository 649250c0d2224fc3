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

// patchFrom is the size of a body from which on the checksum is patched
// instead of computed again. Below it verifying costs less than a microsecond;
// above it the body stays covered by the source producer's checksum all the
// way, so that a byte that flips in this process is noticed by the target.
const patchFrom = 8 << 10

// errControl is returned for a control batch: transaction markers belong to
// their cluster, and without the control bit they would read as data.
var errControl = errors.New("control batch: its records cannot be copied")

// Patch makes raw, one magic 2 batch for which Decide said Shallow, fit for a
// Produce request, in place: base offset 0, no leader epoch, the stamp, and of
// the attributes only the codec (LogAppendTime, transactional and delete
// horizon bits mean things that are not true on the target). The records are
// neither changed nor looked at.
//
// The checksum of a body of 8 KiB and more is derived from the old one without
// reading the body: damage there stays visible to the target. Of a smaller one
// it is verified and then computed; a *CorruptError says that it was wrong,
// and raw is then as it was.
func Patch(raw []byte, s Stamp) error {
	h, err := whole(raw)
	if err != nil {
		return err
	}
	if h.Control() {
		return errControl
	}
	body := len(raw) - HeaderSize
	if body < patchFrom && !VerifyCRC(raw) {
		return corrupt(h.BaseOffset, "checksum does not match")
	}
	var diff [HeaderSize - atAttributes]byte
	copy(diff[:], raw[atAttributes:])
	putStamp(raw, s)
	binary.BigEndian.PutUint16(raw[atAttributes:], uint16(h.Codec()))
	crc := uint32(0)
	if body < patchFrom {
		crc = crc32.Checksum(raw[atAttributes:], castagnoli)
	} else {
		for i := range diff {
			diff[i] ^= raw[atAttributes+i]
		}
		crc = patchCRC(h.CRC, diff[:], body)
	}
	binary.BigEndian.PutUint32(raw[atCRC:], crc)
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
