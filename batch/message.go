package batch

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
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

// readMessage takes apart one whole message of magic 0 or 1 and verifies its
// checksum. Key and value are sub-slices of raw; nil is null.
func readMessage(raw []byte) (h Header, key, value []byte, err error) {
	least := prefixSize + minLengthV0
	if len(raw) > atMagic && raw[atMagic] == 1 {
		least = prefixSize + minLengthV1
	}
	if len(raw) < least {
		return h, nil, nil, corrupt(-1, "%d bytes are too few for a message", len(raw))
	}
	h = readOldHeader(raw)
	why := h.checkOld()
	switch {
	case h.Magic < 0 || h.Magic > 1:
		why = fmt.Sprintf("magic %d where 0 or 1 is needed", h.Magic)
	case h.Size() != len(raw):
		why = fmt.Sprintf("message says it has %d bytes, but there are %d", h.Size(), len(raw))
	case crc32.ChecksumIEEE(raw[atMagic:]) != h.CRC:
		why = "checksum does not match"
	}
	if why != "" {
		return h, nil, nil, corrupt(h.BaseOffset, "%s", why)
	}
	body := raw[atOldTime:]
	if h.Magic == 1 {
		body = body[8:]
	}
	if key, body, err = takeBytes(body); err == nil {
		value, body, err = takeBytes(body)
	}
	if err == nil && len(body) > 0 {
		err = errLeftover
	}
	if err != nil {
		return h, nil, nil, corrupt(h.BaseOffset, "%v", err)
	}
	return h, key, value, nil
}

// takeBytes splits nullable bytes with an int32 length off b.
func takeBytes(b []byte) (taken, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errShort
	}
	n := int32(binary.BigEndian.Uint32(b))
	b = b[4:]
	switch {
	case n == -1:
		return nil, b, nil
	case n < 0 || int64(n) > int64(len(b)):
		return nil, nil, errShort
	}
	return b[:n:n], b[n:], nil
}
