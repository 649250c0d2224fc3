package batch

import (
	"bytes"
	stdgzip "compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"pgregory.net/rapid"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The tests' own picture of records and batches. It shares no encoding with
// the package, and what comes out is read by franz-go's decoder.

type header struct {
	key   string
	value []byte
}

type record struct {
	offset, time int64
	key, value   []byte
	headers      []header
}

func (r record) String() string {
	return fmt.Sprintf("{%d @%d %s=%s %d headers}", r.offset, r.time, short(r.key), short(r.value), len(r.headers))
}

func short(b []byte) string {
	switch {
	case b == nil:
		return "null"
	case len(b) > 8:
		return fmt.Sprintf("%x…(%d)", b[:8], len(b))
	}
	return fmt.Sprintf("%x", b)
}

func sameBytes(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// same compares what a consumer sees of a record, but not its offset.
func (r record) same(o record) bool {
	return r.time == o.time && sameBytes(r.key, o.key) && sameBytes(r.value, o.value) &&
		slices.EqualFunc(r.headers, o.headers, func(a, b header) bool {
			return a.key == b.key && sameBytes(a.value, b.value)
		})
}

// source describes a magic 2 batch as some broker may hold it.
type sourceBatch struct {
	base       int64
	lastDelta  int32 // -1: that of the last record
	baseTime   int64
	maxTime    int64
	attributes int16
	wrap       func([]byte) []byte // compresses; nil: none
	records    []record
}

func varint(b []byte, v int64) []byte {
	u := uint64(v<<1) ^ uint64(v>>63)
	for u >= 0x80 {
		b = append(b, byte(u)|0x80)
		u >>= 7
	}
	return append(b, byte(u))
}

func varbytes(b, v []byte) []byte {
	if v == nil {
		return varint(b, -1)
	}
	return append(varint(b, int64(len(v))), v...)
}

func encodeRecord(dst []byte, attributes byte, timeDelta, offsetDelta int64, r record) []byte {
	b := varint(varint([]byte{attributes}, timeDelta), offsetDelta)
	b = varbytes(varbytes(b, r.key), r.value)
	b = varint(b, int64(len(r.headers)))
	for _, h := range r.headers {
		b = varbytes(varbytes(b, []byte(h.key)), h.value)
	}
	return append(varint(dst, int64(len(b))), b...)
}

func (s sourceBatch) encode() []byte {
	var body []byte
	last := s.lastDelta
	for _, r := range s.records {
		body = encodeRecord(body, 0, r.time-s.baseTime, r.offset-s.base, r)
		last = max(last, int32(r.offset-s.base))
	}
	if s.wrap != nil {
		body = s.wrap(body)
	}
	return encodeBatch(s.base, s.attributes, last, s.baseTime, s.maxTime, int32(len(s.records)), body)
}

func encodeBatch(base int64, attributes int16, lastDelta int32, baseTime, maxTime int64, count int32, body []byte) []byte {
	be := binary.BigEndian
	b := be.AppendUint64(nil, uint64(base))
	b = be.AppendUint32(b, uint32(49+len(body)))
	b = be.AppendUint32(b, 17) // leader epoch
	b = append(b, 2, 0, 0, 0, 0)
	b = be.AppendUint16(b, uint16(attributes))
	b = be.AppendUint32(b, uint32(lastDelta))
	b = be.AppendUint64(b, uint64(baseTime))
	b = be.AppendUint64(b, uint64(maxTime))
	b = be.AppendUint64(b, 4711)
	b = be.AppendUint16(b, 2)
	b = be.AppendUint32(b, 99)
	b = be.AppendUint32(b, uint32(count))
	b = append(b, body...)
	be.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// compressors by the name tests give them; several ways to write one codec.
var compressors = map[string]struct {
	codec int16
	wrap  func([]byte) []byte
}{
	"none":        {0, nil},
	"gzip":        {1, gzipBytes},
	"snappy":      {2, func(b []byte) []byte { return s2.EncodeSnappy(nil, b) }},
	"snappy-java": {2, xerialBytes},
	"lz4":         {3, func(b []byte) []byte { return lz4Bytes(b) }},
	"lz4-java": {3, func(b []byte) []byte {
		return lz4Bytes(b, lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false))
	}},
	"zstd":      {4, func(b []byte) []byte { return zstdBytes(b, zstd.SpeedDefault) }},
	"zstd-best": {4, func(b []byte) []byte { return zstdBytes(b, zstd.SpeedBestCompression) }},
}

func compressorNames() []string {
	var names []string
	for name := range compressors {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func gzipBytes(b []byte) []byte {
	var out bytes.Buffer
	w := stdgzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func lz4Bytes(b []byte, o ...lz4.Option) []byte {
	var out bytes.Buffer
	w := lz4.NewWriter(&out)
	w.Apply(o...)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func zstdBytes(b []byte, level zstd.EncoderLevel) []byte {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true))
	if err != nil {
		panic(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

func xerialBytes(b []byte) []byte {
	out := []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1}
	for chunk := range slices.Chunk(b, 32<<10) {
		block := s2.EncodeSnappy(nil, chunk)
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(block))), block...)
	}
	return out
}

// consume reads fetched bytes the way a franz-go consumer does.
func consume(t rapid.TB, raw []byte) []record {
	t.Helper()
	p, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Offset: -1 << 62},
		&kmsg.FetchResponseTopicPartition{RecordBatches: raw}, kgo.DefaultDecompressor(), nil)
	if p.Err != nil {
		t.Fatalf("franz-go: %v", p.Err)
	}
	var rs []record
	for _, r := range p.Records {
		rec := record{offset: r.Offset, time: r.Timestamp.UnixMilli(), key: r.Key, value: r.Value}
		for _, h := range r.Headers {
			rec.headers = append(rec.headers, header{h.Key, h.Value})
		}
		rs = append(rs, rec)
	}
	return rs
}

// clientTime is what a franz-go consumer makes of a timestamp: it counts in
// nanoseconds, which overflow in the year 2262.
func clientTime(ms int64) int64 { return time.Unix(0, ms*1e6).UnixMilli() }

// decoded reads a batch with Records.
func decoded(t rapid.TB, raw []byte) []record {
	t.Helper()
	rs, err := collect(raw)
	if err != nil {
		t.Fatalf("Records: %v", err)
	}
	return rs
}

// collect reads a batch with Records as far as it goes.
func collect(raw []byte) (rs []record, err error) {
	err = Records(raw, func(r Record) error {
		rec := record{offset: r.Offset, time: r.Timestamp, key: r.Key, value: r.Value}
		for k, v := range r.Headers.All() {
			rec.headers = append(rec.headers, header{string(k), v})
		}
		if len(rec.headers) != r.Headers.Len() {
			return fmt.Errorf("Len is %d, All gave %d headers", r.Headers.Len(), len(rec.headers))
		}
		rs = append(rs, rec)
		return nil
	})
	return rs, err
}

// diff says where two lists of records part, "" if they do not.
func diff(got, want []record, offsets bool) string {
	for i := range min(len(got), len(want)) {
		if !got[i].same(want[i]) || offsets && got[i].offset != want[i].offset {
			return fmt.Sprintf("record %d: got %v, want %v", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("got %d records, want %d", len(got), len(want))
	}
	return ""
}

// checkFrames is what a broker checks of a produced batch, and more. It returns
// the records in the frames, with the offsets they had at the source if those
// were dense within each frame.
func checkFrames(t rapid.TB, frames []Frame, s Stamp, codec, maxBytes int) []record {
	t.Helper()
	var all []record
	sequence := int64(s.BaseSequence)
	for i, f := range frames {
		h := readHeader(f.Raw)
		rs := decoded(t, f.Raw)
		consumed := consume(t, f.Raw)
		for i := range consumed {
			if i < len(rs) && consumed[i].time == clientTime(rs[i].time) {
				consumed[i].time = rs[i].time
			}
		}
		if d := diff(consumed, rs, true); d != "" {
			t.Fatalf("frame %d: franz-go and Records differ: %s", i, d)
		}
		want := Header{
			Length: int32(len(f.Raw) - 12), LeaderEpoch: -1, Magic: 2, CRC: h.CRC, Attributes: int16(codec),
			LastOffsetDelta: int32(len(rs) - 1), BaseTimestamp: h.BaseTimestamp, MaxTimestamp: f.MaxTimestamp,
			ProducerID: s.ProducerID, ProducerEpoch: s.ProducerEpoch, BaseSequence: int32(sequence % (1 << 31)), Count: int32(len(rs)),
		}
		if h != want {
			t.Fatalf("frame %d: got %+v, want %+v", i, h, want)
		}
		if !VerifyCRC(f.Raw) {
			t.Fatalf("frame %d: wrong checksum", i)
		}
		if f.Count != len(rs) || f.Count == 0 {
			t.Fatalf("frame %d: Count %d, but %d records inside", i, f.Count, len(rs))
		}
		if maxBytes > 0 && len(f.Raw) > maxBytes {
			t.Fatalf("frame %d: %d bytes where %d are allowed", i, len(f.Raw), maxBytes)
		}
		latest := rs[0].time
		for j, r := range rs {
			if r.offset != int64(j) {
				t.Fatalf("frame %d: record %d has offset delta %d", i, j, r.offset)
			}
			latest = max(latest, r.time)
		}
		if latest != f.MaxTimestamp {
			t.Fatalf("frame %d: MaxTimestamp %d, latest record %d", i, f.MaxTimestamp, latest)
		}
		sequence += int64(len(rs))
		all = append(all, rs...)
	}
	return all
}
