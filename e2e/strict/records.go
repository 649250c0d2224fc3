package strict

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// inner is the part of a record that brokers look at.
type inner struct {
	timestampDelta int64
	offsetDelta    int64
	nullKey        bool
}

// checkRecords looks into the batch: a broker decompresses each batch that it is sent and reads every record.
func (v *Validator) checkRecords(h header, batch []byte, s settings) *Refusal {
	body := batch[headerSize:]
	if h.codec() != 0 {
		plain, err := kgo.DefaultDecompressor().Decompress(body, kgo.CompressionCodecType(h.codec()))
		if err != nil {
			return malformed(kerr.UnknownServerError, fmt.Sprintf("the records cannot be decompressed: %v", err))
		}
		body = plain
	}
	var wrongDelta, keyless, badTime *Refusal
	now := v.now().UnixMilli()
	for i := range h.count {
		r, rest, ok := readInner(body)
		if !ok {
			return malformed(kerr.InvalidRecord, fmt.Sprintf("the batch ends at record %d of %d", i, h.count))
		}
		body = rest
		timestamp := h.baseTimestamp + r.timestampDelta
		switch {
		case r.offsetDelta != int64(i) && wrongDelta == nil:
			wrongDelta = innerDelta(h.codec(), i, r.offsetDelta)
		case s.compacted && r.nullKey:
			keyless = keyless.or(unwelcome(kerr.InvalidRecord, fmt.Sprintf("record %d has no key, but the topic is compacted", i)))
			keyless.Records = append(keyless.Records, i)
		case !s.appendTime && s.timestampOutside(timestamp, now):
			badTime = badTime.or(unwelcome(kerr.InvalidTimestamp, fmt.Sprintf("record %d has timestamp %d, outside the topic's range", i, timestamp)))
			badTime.Records = append(badTime.Records, i)
		case timestamp < noTimestamp && s.recompresses(h.codec()):
			return unwelcome(kerr.UnknownServerError, fmt.Sprintf("record %d has timestamp %d, which a broker cannot recompress", i, timestamp))
		}
	}
	if len(body) > 0 {
		return malformed(kerr.InvalidRecord, fmt.Sprintf("there are %d bytes behind the last record", len(body)))
	}
	for _, refusal := range []*Refusal{keyless, badTime, wrongDelta} {
		if refusal != nil {
			return refusal
		}
	}
	return nil
}

// or keeps the first refusal of a kind.
func (r *Refusal) or(other *Refusal) *Refusal {
	if r != nil {
		return r
	}
	return other
}

// innerDelta: a broker checks the deltas only where it has to decompress, and stores wrong ones as they are otherwise.
func innerDelta(codec int, index int32, delta int64) *Refusal {
	why := fmt.Sprintf("record %d has offset delta %d", index, delta)
	if codec == 0 {
		return malformed(nil, why)
	}
	return malformed(kerr.UnknownServerError, why)
}

// readInner reads one record: length, attributes, timestamp delta, offset delta, key length; the rest is skipped by length.
func readInner(b []byte) (r inner, rest []byte, ok bool) {
	length, n := binary.Varint(b)
	if n <= 0 || length < 1 || length > int64(len(b)-n) {
		return r, nil, false
	}
	record, rest := b[n:n+int(length)], b[n+int(length):]
	record = record[1:]
	if r.timestampDelta, n = binary.Varint(record); n <= 0 {
		return r, nil, false
	}
	record = record[n:]
	if r.offsetDelta, n = binary.Varint(record); n <= 0 {
		return r, nil, false
	}
	record = record[n:]
	keyLength, n := binary.Varint(record)
	if n <= 0 {
		return r, nil, false
	}
	r.nullKey = keyLength < 0
	return r, rest, true
}

// timestampOutside is LogValidator.recordHasInvalidTimestamp, with Java's wrapping arithmetic. -1 means no timestamp.
func (s settings) timestampOutside(timestamp, now int64) bool {
	if timestamp == noTimestamp {
		return false
	}
	age := now - timestamp
	return age > s.before || -age > s.after
}

// recompresses says whether a broker would compress the batch anew for this topic.
func (s settings) recompresses(codec int) bool {
	names := [...]string{"uncompressed", "gzip", "snappy", "lz4", "zstd"}
	return s.compression != "producer" && s.compression != names[codec]
}

// defaultAfter is message.timestamp.after.max.ms since 4.0 (KIP-1030).
const defaultAfter = int64(time.Hour / time.Millisecond)
