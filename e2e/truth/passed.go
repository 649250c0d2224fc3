package truth

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// allowedBits are the attribute bits that a copier clears: append time, transactional, delete horizon and the higher ones.
const allowedBits = ^int16(7)

// PassedThrough checks that every batch of the source that may be passed on as bytes was: the target has a batch at the same
// place with the same bytes from the records on and the same header but for offset, leader epoch, CRC, producer and the bits
// above. The target must have been empty before and written without interruption. It returns how many batches were checked.
func PassedThrough(source, target *Log, committed bool, limit int) (int, error) {
	at := make(map[int64]*Batch)
	for _, b := range target.Batches {
		at[b.BaseOffset] = b
	}
	checked := 0
	place := target.Start
	for _, b := range source.Forwardable(committed) {
		here := place
		place += int64(len(b.Records))
		if !b.Dense() || b.AppendTime() || len(b.Raw) > limit {
			continue
		}
		copied := at[here]
		if copied == nil {
			return checked, fmt.Errorf("source batch at %d: the target has no batch at %d", b.BaseOffset, here)
		}
		if err := sameBatch(b, copied); err != nil {
			return checked, fmt.Errorf("source batch at %d, target batch at %d: %w", b.BaseOffset, here, err)
		}
		checked++
	}
	return checked, nil
}

func sameBatch(source, target *Batch) error {
	if !bytes.Equal(source.Raw[headerSize:], target.Raw[headerSize:]) {
		return fmt.Errorf("the bytes from 61 on differ (%d and %d bytes, codec %d and %d)",
			len(source.Raw), len(target.Raw), source.Codec(), target.Codec())
	}
	for _, field := range []struct {
		name           string
		source, target int64
	}{
		{"codec", int64(source.Attributes &^ allowedBits), int64(target.Attributes &^ allowedBits)},
		{"attribute bits above the codec", 0, int64(target.Attributes & allowedBits)},
		{"last offset delta", int64(source.LastOffsetDelta), int64(target.LastOffsetDelta)},
		{"base timestamp", source.BaseTimestamp, target.BaseTimestamp},
		{"max timestamp", source.MaxTimestamp, target.MaxTimestamp},
		{"count", int64(source.Count), int64(target.Count)},
		{"length", int64(binary.BigEndian.Uint32(source.Raw[lengthAt:])), int64(binary.BigEndian.Uint32(target.Raw[lengthAt:]))},
	} {
		if field.source != field.target {
			return fmt.Errorf("%s: source %d, target %d", field.name, field.source, field.target)
		}
	}
	return nil
}

// CleanLog checks that the target's log holds nothing but data: no markers, no transactional bit, no holes.
func CleanLog(target *Log) error {
	next := target.Start
	for _, b := range target.Batches {
		if b.Control() || b.Transactional() {
			return fmt.Errorf("target batch at %d is a marker or transactional", b.BaseOffset)
		}
		if b.BaseOffset != next || !b.Dense() {
			return fmt.Errorf("target batch at %d covers %d offsets with %d records, and %d was next", b.BaseOffset, b.LastOffsetDelta+1, b.Count, next)
		}
		next = b.LastOffset() + 1
	}
	return nil
}
