package strict

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// now is what the validator's clock says in these tests.
var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// bench is something that answers Produce: kfake with the validator, or, with neither of them, a real broker.
type bench struct {
	cluster   *kfake.Cluster
	validator *Validator
	client    *kgo.Client
	node      int
}

// newBench starts a kfake cluster with the topics of topicConfigs, two partitions each.
func newBench(t *testing.T) *bench {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.MaxVersions(kversion.V4_0_0()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	for topic := range topicConfigs {
		if err := cluster.CreateTopic(topic, 2, nil); err != nil {
			t.Fatal(err)
		}
	}
	b := &bench{cluster: cluster, node: 0, validator: New(cluster, WithNow(func() time.Time { return now }))}
	for topic, configs := range topicConfigs {
		b.validator.Configure(topic, configs)
	}
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
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for i := range req.Topics {
		details, err := kadm.NewClient(b.client).ListTopicsWithInternal(ctx, req.Topics[i].Topic)
		if err != nil {
			return nil, err
		}
		req.Topics[i].TopicID = details[req.Topics[i].Topic].ID
	}
	return b.client.Broker(b.node).Request(ctx, req)
}

func with(s batchSpec, change func(*batchSpec)) batchSpec {
	change(&s)
	return s
}

func TestOneBatch(t *testing.T) {
	for _, c := range oneBatches(now, 0) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			answer := b.send(t, produceRequest(c.on(), partition(0, c.records)))[0]
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

func (c oneBatch) on() string {
	if c.topic == "" {
		return "plain"
	}
	return c.topic
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
