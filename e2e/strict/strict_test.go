package strict

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// now is what the validator's clock says in these tests.
var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type bench struct {
	cluster   *kfake.Cluster
	validator *Validator
	client    *kgo.Client
}

// topics of every test: "plain" with two partitions, "compacted", "stamped" (LogAppendTime), "small" (1,000 bytes a batch),
// "segments" (500 bytes a segment), "zipped" (compression.type gzip).
func newBench(t *testing.T) *bench {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.MaxVersions(kversion.V4_0_0()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	for topic, configs := range map[string]map[string]string{
		"plain":     nil,
		"compacted": {"cleanup.policy": "compact"},
		"stamped":   {"message.timestamp.type": "LogAppendTime"},
		"small":     {"max.message.bytes": "1000"},
		"segments":  nil,
		"zipped":    {"compression.type": "gzip"},
		"recent":    nil,
	} {
		if err := cluster.CreateTopic(topic, 2, configs); err != nil {
			t.Fatal(err)
		}
	}
	b := &bench{cluster: cluster, validator: New(cluster, WithNow(func() time.Time { return now }))}
	b.validator.Configure("segments", map[string]string{"segment.bytes": "500"})
	b.validator.Configure("recent", map[string]string{"message.timestamp.before.max.ms": "1000"})
	b.client, err = kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.client.Close)
	return b
}

func produceRequest(topic string, parts ...kmsg.ProduceRequestTopicPartition) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 5000
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = topic, parts
	req.Topics = append(req.Topics, t)
	return req
}

func partition(n int32, records []byte) kmsg.ProduceRequestTopicPartition {
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = n, records
	return p
}

// send sends the request and returns the partitions' answers by partition.
func (b *bench) send(t *testing.T, req *kmsg.ProduceRequest) map[int32]kmsg.ProduceResponseTopicPartition {
	t.Helper()
	kresp, err := b.raw(t, req, 10*time.Second)
	if err != nil {
		t.Fatalf("produce: %v", err)
	}
	answers := make(map[int32]kmsg.ProduceResponseTopicPartition)
	for _, topic := range kresp.(*kmsg.ProduceResponse).Topics {
		for _, p := range topic.Partitions {
			if _, twice := answers[p.Partition]; twice {
				t.Fatalf("partition %d is answered twice", p.Partition)
			}
			answers[p.Partition] = p
		}
	}
	return answers
}

func (b *bench) raw(t *testing.T, req *kmsg.ProduceRequest, timeout time.Duration) (kmsg.Response, error) {
	t.Helper()
	for i := range req.Topics {
		if info := b.cluster.TopicInfo(req.Topics[i].Topic); info != nil {
			req.Topics[i].TopicID = info.TopicID
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return b.client.Broker(0).Request(ctx, req)
}

func with(s batchSpec, change func(*batchSpec)) batchSpec {
	change(&s)
	return s
}

// aboutNow gives the batch the clock's time, so that only the case's own fault is found.
func aboutNow(s batchSpec) batchSpec {
	s.baseTimestamp = now.UnixMilli()
	return s
}

func TestOneBatch(t *testing.T) {
	hour := int64(time.Hour / time.Millisecond)
	cases := []struct {
		name    string
		topic   string
		records []byte
		want    *kerr.Error // nil: taken
		kind    Kind
		refused bool // something is remembered
	}{
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
		{name: "length 20", records: with(plain(1), func(s *batchSpec) { s.forceLength = 20 }).bytes()[:32], want: kerr.CorruptMessage, refused: true},
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
		{name: "larger than segment.bytes", topic: "segments", records: plain(50).bytes(), want: kerr.RecordListTooLarge, kind: Unwelcome, refused: true},
		{name: "timestamp too early", topic: "recent", records: with(aboutNow(plain(1)), func(s *batchSpec) { s.baseTimestamp -= 1001 }).bytes(), want: kerr.InvalidTimestamp, kind: Unwelcome, refused: true},
		{name: "timestamp just early enough", topic: "recent", records: with(aboutNow(plain(1)), func(s *batchSpec) { s.baseTimestamp -= 1000 }).bytes()},
		{name: "timestamp -1", topic: "recent", records: with(plain(1), func(s *batchSpec) { s.baseTimestamp = -1 }).bytes()},
		{name: "timestamp in more than an hour", records: with(aboutNow(plain(1)), func(s *batchSpec) { s.records[0].timestamp = hour + 1 }).bytes(), want: kerr.InvalidTimestamp, kind: Unwelcome, refused: true},
		{name: "timestamp in an hour", records: with(aboutNow(plain(1)), func(s *batchSpec) { s.records[0].timestamp = hour }).bytes()},
		{name: "timestamp at the end of time", records: with(plain(1), func(s *batchSpec) { s.baseTimestamp = math.MaxInt64 }).bytes(), want: kerr.InvalidTimestamp, kind: Unwelcome, refused: true},
		{name: "timestamp below -1", records: with(plain(1), func(s *batchSpec) { s.baseTimestamp = -5 }).bytes()},
		{name: "timestamp below -1, recompressed", topic: "zipped", records: with(plain(1), func(s *batchSpec) { s.baseTimestamp = -5 }).bytes(), want: kerr.UnknownServerError, kind: Unwelcome, refused: true},
		{name: "transactional bit without a transactional id", records: with(from(7, 0, 0, 1), func(s *batchSpec) { s.attributes = bitTxn }).bytes(), want: kerr.TransactionalIDAuthorizationFailed, refused: true},
		{name: "derived producer id, any first sequence", records: from(1<<62|5, 0, 123456, 1).bytes()},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			topic := c.topic
			if topic == "" {
				topic = "plain"
			}
			answer := b.send(t, produceRequest(topic, partition(0, c.records)))[0]
			if got := kerr.ErrorForCode(answer.ErrorCode); !sameError(got, c.want) {
				t.Errorf("answer: got %v, want %v", got, c.want)
			}
			refusals := b.validator.Refusals()
			if got := len(refusals) > 0; got != c.refused {
				t.Fatalf("refused: got %v, want %v", refusals, c.refused)
			}
			if c.refused && refusals[0].Kind != c.kind {
				t.Errorf("kind: got %d, want %d", refusals[0].Kind, c.kind)
			}
		})
	}
}

func plainSize(n int) int { return len(plain(n).bytes()) }

func sameError(got error, want *kerr.Error) bool {
	if want == nil {
		return got == nil
	}
	return errors.Is(got, want)
}

func TestOnePartitionFailsAlone(t *testing.T) {
	b := newBench(t)
	bad := with(plain(1), func(s *batchSpec) { s.baseOffset = 5 }).bytes()
	answers := b.send(t, produceRequest("plain", partition(0, bad), partition(1, plain(1).bytes())))
	if got, want := answers[0].ErrorCode, kerr.InvalidRecord.Code; got != want {
		t.Errorf("bad partition: got code %d, want %d", got, want)
	}
	if got := answers[1].ErrorCode; got != 0 {
		t.Errorf("good partition: got code %d, want 0", got)
	}
	if again := b.send(t, produceRequest("plain", partition(0, plain(1).bytes())))[0]; again.ErrorCode != 0 || again.BaseOffset != 0 {
		t.Errorf("a right batch afterwards: got %+v, want offset 0", again)
	}
}

func TestUnknownFormatFailsTheRequest(t *testing.T) {
	b := newBench(t)
	bad := with(plain(1), func(s *batchSpec) { s.forceMagic = 3 }).bytes()
	answers := b.send(t, produceRequest("plain", partition(0, bad), partition(1, plain(1).bytes())))
	for p, answer := range answers {
		if got, want := answer.ErrorCode, kerr.CorruptMessage.Code; got != want {
			t.Errorf("partition %d: got code %d, want %d", p, got, want)
		}
	}
	if len(answers) != 2 {
		t.Errorf("answers: got %d, want 2", len(answers))
	}
}

func TestNullRecordsAreNeverAnswered(t *testing.T) {
	b := newBench(t)
	if _, err := b.raw(t, produceRequest("plain", partition(0, nil)), 300*time.Millisecond); err == nil {
		t.Error("null records were answered")
	}
	if got := b.validator.Violations(); len(got) != 1 || !got[0].Silent {
		t.Errorf("violations: got %v, want the one that is never answered", got)
	}
}

func TestPartitionTwice(t *testing.T) {
	b := newBench(t)
	answers := b.send(t, produceRequest("plain", partition(0, plain(3).bytes()), partition(0, plain(1).bytes())))
	if got := answers[0]; got.ErrorCode != 0 {
		t.Errorf("answer: got code %d, want 0", got.ErrorCode)
	}
	if got := b.cluster.PartitionInfo("plain", 0).HighWatermark; got != 1 {
		t.Errorf("high watermark: got %d, want 1, since the later batch replaces the first", got)
	}
	if got := b.validator.Violations(); len(got) != 1 {
		t.Errorf("violations: got %v, want one", got)
	}
}

func TestOldProduceHasNoZstd(t *testing.T) {
	b := newBench(t)
	old, err := kgo.NewClient(kgo.SeedBrokers(b.cluster.ListenAddrs()...), kgo.MaxVersions(kversion.V1_0_0()))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	b.client = old
	records := with(plain(50), func(s *batchSpec) { s.codec = kgo.CodecZstd }).bytes()
	if got, want := b.send(t, produceRequest("plain", partition(0, records)))[0].ErrorCode, kerr.UnsupportedCompressionType.Code; got != want {
		t.Errorf("answer: got code %d, want %d", got, want)
	}
}

func TestInternalTopics(t *testing.T) {
	b := newBench(t)
	if err := b.cluster.CreateTopic("__transaction_state", 1, nil); err != nil {
		t.Fatal(err)
	}
	answer := b.send(t, produceRequest("__transaction_state", partition(0, plain(1).bytes())))[0]
	if got, want := answer.ErrorCode, kerr.InvalidTopicException.Code; got != want {
		t.Errorf("answer: got code %d, want %d", got, want)
	}
}

func TestSequences(t *testing.T) {
	type step struct {
		spec   batchSpec
		want   *kerr.Error
		base   int64
		repeat bool
	}
	const id = 1<<62 | 9
	cases := []struct {
		name  string
		steps []step
	}{
		{"in order", []step{{spec: from(id, 0, 10, 2)}, {spec: from(id, 0, 12, 1), base: 2}}},
		{"gap", []step{{spec: from(id, 0, 10, 2)}, {spec: from(id, 0, 13, 1), want: kerr.OutOfOrderSequenceNumber}}},
		{"overlap", []step{{spec: from(id, 0, 10, 2)}, {spec: from(id, 0, 11, 2), want: kerr.OutOfOrderSequenceNumber}}},
		{"repeat of the last", []step{{spec: from(id, 0, 10, 2)}, {spec: from(id, 0, 10, 2), repeat: true}, {spec: from(id, 0, 12, 1), base: 2}}},
		{"repeat of the fifth last", []step{
			{spec: from(id, 0, 0, 1)}, {spec: from(id, 0, 1, 1), base: 1}, {spec: from(id, 0, 2, 1), base: 2},
			{spec: from(id, 0, 3, 1), base: 3}, {spec: from(id, 0, 4, 1), base: 4}, {spec: from(id, 0, 0, 1), repeat: true},
		}},
		{"repeat of the sixth last", []step{
			{spec: from(id, 0, 0, 1)}, {spec: from(id, 0, 1, 1), base: 1}, {spec: from(id, 0, 2, 1), base: 2},
			{spec: from(id, 0, 3, 1), base: 3}, {spec: from(id, 0, 4, 1), base: 4}, {spec: from(id, 0, 5, 1), base: 5},
			{spec: from(id, 0, 0, 1), want: kerr.OutOfOrderSequenceNumber},
		}},
		{"old epoch", []step{{spec: from(id, 3, 0, 1)}, {spec: from(id, 2, 1, 1), want: kerr.InvalidProducerEpoch}}},
		{"new epoch at 0", []step{{spec: from(id, 3, 5, 1)}, {spec: from(id, 4, 0, 1), base: 1}, {spec: from(id, 4, 1, 1), base: 2}}},
		{"new epoch not at 0", []step{{spec: from(id, 3, 5, 1)}, {spec: from(id, 4, 6, 1), want: kerr.OutOfOrderSequenceNumber}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			for i, s := range c.steps {
				answer := b.send(t, produceRequest("plain", partition(0, s.spec.bytes())))[0]
				if got := kerr.ErrorForCode(answer.ErrorCode); !sameError(got, s.want) {
					t.Fatalf("step %d: got %v, want %v", i, got, s.want)
				}
				if s.want == nil && answer.BaseOffset != s.base {
					t.Errorf("step %d: got offset %d, want %d", i, answer.BaseOffset, s.base)
				}
				if got := answer.LogAppendTime != -1; got != s.repeat {
					t.Errorf("step %d: flagged as a repeat: got %v, want %v", i, got, s.repeat)
				}
			}
			if got := b.validator.Violations(); len(got) != 0 {
				t.Errorf("violations: got %v, want none", got)
			}
		})
	}
}

// The validator must not believe that a batch is in the log which a fault of the test kept out.
func TestFaultBehindTheValidator(t *testing.T) {
	b := newBench(t)
	const id = 1<<62 | 9
	b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "plain", Err: kerr.NotEnoughReplicas})
	first := from(id, 0, 10, 2).bytes()
	var codes []int16
	for range 2 {
		answer := b.send(t, produceRequest("plain", partition(0, slices.Clone(first))))[0]
		codes = append(codes, answer.ErrorCode)
		if answer.LogAppendTime != -1 {
			t.Error("the batch is flagged as a repeat")
		}
	}
	if want := []int16{kerr.NotEnoughReplicas.Code, 0}; !slices.Equal(codes, want) {
		t.Errorf("answers: got %v, want %v", codes, want)
	}
}

func TestSequenceWrap(t *testing.T) {
	state := producerState{batches: []sent{{last: maxSequence}}}
	if got := state.next(); got != 0 {
		t.Errorf("next after %d: got %d, want 0", maxSequence, got)
	}
	h := header{baseSequence: maxSequence - 1, lastDelta: 3}
	if got := h.lastSequence(); got != 1 {
		t.Errorf("last sequence: got %d, want 1", got)
	}
}

func TestKgoIsWelcome(t *testing.T) {
	b := newBench(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(b.cluster.ListenAddrs()...), kgo.DefaultProduceTopic("plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 100 {
		client.Produce(context.Background(), &kgo.Record{Value: []byte("hello"), Timestamp: now}, nil)
	}
	if err := client.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := b.validator.Refusals(); len(got) != 0 {
		t.Errorf("refusals: got %v, want none", got)
	}
}
