package strict

import (
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// hour is the range of timestamps on both sides: the default forward, and what the topic "recent" has backward.
const hour = int64(time.Hour / time.Millisecond)

// topicConfigs are the topics of every test. kfake does not know all of these configs; the validator is told them.
var topicConfigs = map[string]map[string]string{
	"plain":     nil,
	"compacted": {"cleanup.policy": "compact"},
	"stamped":   {"message.timestamp.type": "LogAppendTime"},
	"small":     {"max.message.bytes": "1000"},
	"segments":  {"segment.bytes": "1048576", "max.message.bytes": "2000000"},
	"zipped":    {"compression.type": "gzip"},
	"recent":    {"message.timestamp.before.max.ms": "3600000"},
}

// oneBatch is one batch and what brokers answer to it.
type oneBatch struct {
	name    string
	topic   string // "plain" if empty
	records []byte
	want    *kerr.Error // nil: taken
	kind    Kind
	refused bool // the validator remembers something
}

// at is a right batch of one record with this time.
func at(now time.Time) batchSpec {
	s := plain(1)
	s.baseTimestamp = now.UnixMilli()
	return s
}

// oneBatches is the table. slack, in milliseconds, keeps clear of a limit where the broker's clock is later than now.
func oneBatches(now time.Time, slack int64) []oneBatch {
	return []oneBatch{
		{name: "one record", records: plain(1).bytes()},
		{name: "many records, gzip", records: with(plain(50), func(s *batchSpec) { s.codec = kgo.CodecGzip }).bytes()},
		{name: "many records, snappy", records: with(plain(50), func(s *batchSpec) { s.codec = kgo.CodecSnappy }).bytes()},
		{name: "many records, lz4", records: with(plain(50), func(s *batchSpec) { s.codec = kgo.CodecLz4 }).bytes()},
		{name: "many records, zstd", records: with(plain(50), func(s *batchSpec) { s.codec = kgo.CodecZstd }).bytes()},
		{name: "two batches", records: append(plain(1).bytes(), plain(1).bytes()...), want: kerr.InvalidRecord, refused: true},
		{name: "zero bytes", records: []byte{}, want: kerr.InvalidRecord, refused: true},
		{name: "magic 1", records: with(plain(1), func(s *batchSpec) { s.forceMagic = 1 }).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "magic 3", records: with(plain(1), func(s *batchSpec) { s.forceMagic = 3 }).bytes(), want: kerr.CorruptMessage, refused: true},
		{name: "garbage under gzip", records: with(plain(1), func(s *batchSpec) { s.codec, s.body = kgo.CodecGzip, []byte("garbage") }).bytes(), want: kerr.UnknownServerError, refused: true},
		{name: "garbage under zstd", records: with(plain(1), func(s *batchSpec) { s.codec, s.body = kgo.CodecZstd, []byte("garbage") }).bytes(), want: kerr.UnknownServerError, refused: true},
		{name: "codec 5", records: with(plain(1), func(s *batchSpec) { s.attributes = 5 }).bytes(), want: kerr.UnknownServerError, refused: true},
		{name: "codec 7", records: with(plain(1), func(s *batchSpec) { s.attributes = 7 }).bytes(), want: kerr.UnknownServerError, refused: true},
		{name: "base offset 5", records: with(plain(1), func(s *batchSpec) { s.baseOffset = 5 }).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "wrong CRC", records: with(plain(1), func(s *batchSpec) { s.forceCRC = true }).bytes(), want: kerr.CorruptMessage, refused: true},
		{name: "cut by 10 bytes", records: plain(1).bytes()[:plainSize(1)-10], want: kerr.InvalidRecord, refused: true},
		{name: "cut to 40 bytes", records: plain(1).bytes()[:40], want: kerr.InvalidRecord, refused: true},
		{name: "length 20", records: with(plain(1), func(s *batchSpec) { s.forceLength = 20 }).bytes(), want: kerr.CorruptMessage, refused: true},
		{name: "five stray bytes", records: append(plain(1).bytes(), 1, 2, 3, 4, 5)},
		{name: "count 3, last delta 1", records: with(plain(3), func(s *batchSpec) { s.forceDelta = 1 }).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "count 2, last delta 5", records: with(plain(2), func(s *batchSpec) { s.forceDelta = 5 }).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "one record fewer inside", records: with(plain(2), func(s *batchSpec) { s.forceCount, s.forceDelta = 3, 2 }).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "one record more inside", records: with(plain(3), func(s *batchSpec) { s.forceCount, s.forceDelta = 2, 1 }).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "one record more inside, gzip", records: with(plain(3), func(s *batchSpec) { s.forceCount, s.forceDelta, s.codec = 2, 1, kgo.CodecGzip }).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "no record", records: with(plain(0), func(s *batchSpec) { s.body = []byte{} }).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "wrong inner delta, uncompressed", records: with(plain(2), func(s *batchSpec) { s.records[1].delta = 7 }).bytes(), refused: true},
		{name: "wrong inner delta, gzip", records: with(plain(2), func(s *batchSpec) { s.records[1].delta, s.codec = 7, kgo.CodecGzip }).bytes(), want: kerr.UnknownServerError, refused: true},
		{name: "control bit", records: with(plain(1), func(s *batchSpec) { s.attributes = bitControl }).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "append-time bit, create time", records: with(plain(1), func(s *batchSpec) { s.attributes = bitAppend }).bytes(), refused: true},
		{name: "delete-horizon bit", records: with(plain(1), func(s *batchSpec) { s.attributes = 1 << 6 }).bytes(), refused: true},
		{name: "append-time bit, append time", topic: "stamped", records: with(plain(1), func(s *batchSpec) { s.attributes = bitAppend }).bytes(), want: kerr.InvalidTimestamp, refused: true},
		{name: "producer without sequence", records: from(7, 0, -1, 1).bytes(), want: kerr.InvalidRecord, refused: true},
		{name: "producer with epoch -1", records: from(7, -1, 0, 1).bytes()},
		{name: "producer -2", records: from(-2, 0, 0, 1).bytes()},
		{name: "no key, compacted", topic: "compacted", records: with(plain(2), func(s *batchSpec) { s.records[1].key = nil }).bytes(), want: kerr.InvalidRecord, kind: Unwelcome, refused: true},
		{name: "empty key, compacted", topic: "compacted", records: with(plain(2), func(s *batchSpec) { s.records[1].key = []byte{} }).bytes()},
		{name: "larger than max.message.bytes", topic: "small", records: plain(100).bytes(), want: kerr.MessageTooLarge, kind: Unwelcome, refused: true},
		{name: "compressed below max.message.bytes", topic: "small", records: with(plain(100), func(s *batchSpec) { s.codec = kgo.CodecGzip }).bytes()},
		{name: "larger than segment.bytes", topic: "segments", records: plain(80_000).bytes(), want: kerr.RecordListTooLarge, kind: Unwelcome, refused: true},
		{name: "timestamp too early", topic: "recent", records: with(at(now), func(s *batchSpec) { s.baseTimestamp -= hour + 1 }).bytes(), want: kerr.InvalidTimestamp, kind: Unwelcome, refused: true},
		{name: "timestamp just early enough", topic: "recent", records: with(at(now), func(s *batchSpec) { s.baseTimestamp -= hour - slack }).bytes()},
		{name: "timestamp -1", topic: "recent", records: with(plain(1), func(s *batchSpec) { s.baseTimestamp = -1 }).bytes()},
		{name: "timestamp in more than an hour", records: with(at(now), func(s *batchSpec) { s.records[0].timestamp = hour + slack + 1 }).bytes(), want: kerr.InvalidTimestamp, kind: Unwelcome, refused: true},
		{name: "timestamp in an hour", records: with(at(now), func(s *batchSpec) { s.records[0].timestamp = hour }).bytes()},
		{name: "timestamp at the end of time", records: with(plain(1), func(s *batchSpec) { s.baseTimestamp = math.MaxInt64 }).bytes(), want: kerr.InvalidTimestamp, kind: Unwelcome, refused: true},
		{name: "timestamp below -1", records: with(plain(1), func(s *batchSpec) { s.baseTimestamp = -5 }).bytes()},
		{name: "timestamp below -1, recompressed", topic: "zipped", records: with(plain(1), func(s *batchSpec) { s.baseTimestamp = -5 }).bytes(), want: kerr.UnknownServerError, kind: Unwelcome, refused: true},
		{name: "transactional bit without a transactional id", records: with(from(7, 0, 0, 1), func(s *batchSpec) { s.attributes = bitTxn }).bytes(), want: kerr.TransactionalIDAuthorizationFailed, refused: true},
		{name: "derived producer id, any first sequence", records: from(1<<62|5, 0, 123456, 1).bytes()},
	}
}
