package batch

import (
	"errors"
	"fmt"
	"math"
)

// CorruptError says that bytes are not what a broker should have sent: broken
// framing, a checksum that does not match, records that contradict their
// header. Fetching again, from another replica if there is one, may help.
type CorruptError struct {
	Offset int64 // of the batch or record, or the last one known before it
	Why    string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("corrupt batch at offset %d: %s", e.Offset, e.Why)
}

// What may be wrong inside a record or message of either format.
var (
	errHollow    = errors.New("compressed message with nothing inside")
	errLeftover  = errors.New("bytes behind the end of a record")
	errShort     = errors.New("key, value or header longer than the record")
	errHeaderKey = errors.New("header without a key")
)

func corrupt(offset int64, format string, args ...any) error {
	return &CorruptError{Offset: offset, Why: fmt.Sprintf(format, args...)}
}

// check returns the fault in the fields of one whole magic 2 batch, "" if
// there is none. The checksum is not looked at.
func (h Header) check() string {
	switch {
	case h.Codec() > codecZstd:
		return fmt.Sprintf("unknown compression codec %d", h.Codec())
	case h.BaseOffset < 0:
		return "negative base offset"
	case h.LastOffsetDelta < 0 || h.BaseOffset > math.MaxInt64-int64(h.LastOffsetDelta):
		return fmt.Sprintf("last offset before base offset (delta %d)", h.LastOffsetDelta)
	case h.Count < 0:
		return fmt.Sprintf("negative record count %d", h.Count)
	}
	return ""
}

// whole decodes the header of raw, which must be exactly one magic 2 batch,
// and checks its fields.
func whole(raw []byte) (Header, error) {
	if len(raw) < HeaderSize {
		return Header{}, corrupt(-1, "%d bytes are too few for a batch header", len(raw))
	}
	h := readHeader(raw)
	if h.Magic != 2 {
		return h, corrupt(h.BaseOffset, "magic %d where 2 is needed", h.Magic)
	}
	if h.Size() != len(raw) {
		return h, corrupt(h.BaseOffset, "batch says it has %d bytes, but there are %d", h.Size(), len(raw))
	}
	if why := h.check(); why != "" {
		return h, corrupt(h.BaseOffset, "%s", why)
	}
	return h, nil
}
