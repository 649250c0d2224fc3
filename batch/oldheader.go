package batch

import (
	"encoding/binary"
	"fmt"
)

// Where the fields of a magic 0 or 1 message begin (LegacyRecord in Kafka).
// The CRC-32 (IEEE) covers magic to the end.
const (
	atOldCRC        = 12
	atOldAttributes = 17
	atOldTime       = 18 // magic 1 only
)

// readOldHeader decodes the header of one magic 0 or 1 message; b must hold
// the whole message.
func readOldHeader(b []byte) Header {
	be := binary.BigEndian
	h := Header{
		BaseOffset:    int64(be.Uint64(b)),
		Length:        int32(be.Uint32(b[atLength:])),
		LeaderEpoch:   -1,
		Magic:         int8(b[atMagic]),
		CRC:           be.Uint32(b[atOldCRC:]),
		Attributes:    int16(b[atOldAttributes] & attrCodec),
		BaseTimestamp: -1,
		MaxTimestamp:  -1,
		ProducerID:    -1,
		ProducerEpoch: -1,
		BaseSequence:  -1,
		Count:         1,
	}
	if h.Magic == 1 {
		h.Attributes |= int16(b[atOldAttributes] & attrAppendTime)
		h.BaseTimestamp = int64(be.Uint64(b[atOldTime:]))
		h.MaxTimestamp = h.BaseTimestamp
	}
	return h
}

// checkOld returns the fault in the fields of a magic 0 or 1 message, "" if
// there is none.
func (h Header) checkOld() string {
	switch {
	case h.Codec() > codecLZ4: // zstd came with magic 2 (KIP-110)
		return fmt.Sprintf("unknown compression codec %d for magic %d", h.Codec(), h.Magic)
	case h.BaseOffset < 0:
		return "negative offset"
	}
	return ""
}
