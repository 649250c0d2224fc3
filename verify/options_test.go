package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// steady makes n records whose timestamps grow by a second.
func steady(topic string, partition int32, n int) []*kgo.Record {
	out := make([]*kgo.Record, n)
	for i := range out {
		out[i] = &kgo.Record{Topic: topic, Partition: partition, Key: fmt.Appendf(nil, "k%d", i%7), Value: fmt.Appendf(nil, "%s-%d-%d", topic, partition, i),
			Timestamp: time.UnixMilli(1_700_000_000_000 + int64(i)*1000)}
	}
	return out
}

// copied returns clusters with a topic of n records and a copy of it, changed by mutate.
func copied(t *testing.T, n int, mutate func([]*kgo.Record) []*kgo.Record) (src, dst *cluster, pairs []Pair) {
	t.Helper()
	src, dst = newCluster(t, "west"), newCluster(t, "east")
	return src, dst, fill(t, src, dst, n, mutate)
}

// fill is copied for clusters that are there.
func fill(t *testing.T, src, dst *cluster, n int, mutate func([]*kgo.Record) []*kgo.Record) []Pair {
	t.Helper()
	src.topic(t, "a", 1)
	dst.topic(t, "west.a", 1)
	src.produce(t, steady("a", 0, n)...)
	dst.produce(t, copyOf(mutate(steady("a", 0, n)), "west.a", 0)...)
	return []Pair{{Source: "a", Target: "west.a"}}
}

func unchanged(rs []*kgo.Record) []*kgo.Record { return rs }

func TestRange(t *testing.T) {
	src, dst, pairs := copied(t, 1000, func(rs []*kgo.Record) []*kgo.Record {
		rs[100].Value, rs[500].Value, rs[900].Value = []byte("x"), []byte("y"), []byte("z")
		return rs
	})
	offset := func(n int64) Bound { return Bound{Set: true, Offset: n} }
	moment := func(n int64) Bound { return Bound{Set: true, Time: time.UnixMilli(1_700_000_000_000 + n*1000)} }
	for _, c := range []struct {
		name     string
		from, to Bound
		equal    int64
		changed  int64
	}{
		{"all", Bound{}, Bound{}, 997, 3},
		{"from an offset", offset(101), Bound{}, 897, 2},
		{"to an offset", Bound{}, offset(500), 499, 1},
		{"between", offset(101), offset(500), 399, 0},
		{"from a time", moment(101), Bound{}, 897, 2},
		{"between times", moment(400), moment(600), 199, 1},
		{"nothing that late", moment(5000), Bound{}, 0, 0},
		{"from the faulty record", offset(500), offset(501), 0, 1},
	} {
		r := verified(t, src, dst, pairs, Options{From: c.from, To: c.to})
		if r.Records != c.equal || r.Counts[Changed] != c.changed || r.Total() != c.changed || r.NotCopied != 0 {
			t.Errorf("%s: %d equal, %v, want %d equal and %d changed\n%s", c.name, r.Records, r.Counts, c.equal, c.changed, text(r))
		}
	}
}

// TestRanges compares given ranges of given partitions only, and no range of a
// compacted topic.
func TestRanges(t *testing.T) {
	src, dst, pairs := copied(t, 1000, func(rs []*kgo.Record) []*kgo.Record {
		rs[100].Value, rs[500].Value = []byte("x"), []byte("y")
		return rs[:600]
	})
	key := PartitionKey{Source: pairs[0].Source, Target: pairs[0].Target}
	for _, c := range []struct {
		ranges    map[PartitionKey]Range
		equal     int64
		changed   int64
		notCopied int64
	}{
		{map[PartitionKey]Range{}, 0, 0, 0},
		{map[PartitionKey]Range{key: {101, 500}}, 399, 0, 0},
		{map[PartitionKey]Range{key: {100, 501}}, 399, 2, 0},
		{map[PartitionKey]Range{key: {501, 601}}, 99, 0, 1},
	} {
		r := verified(t, src, dst, pairs, Options{Ranges: c.ranges})
		if r.Records != c.equal || r.Counts[Changed] != c.changed || r.Total() != c.changed || r.NotCopied != c.notCopied {
			t.Errorf("%v: got %d equal, %v, %d not copied\n%s", c.ranges, r.Records, r.Counts, r.NotCopied, text(r))
		}
	}
	src.topic(t, "table", 1, "cleanup.policy", "compact")
	src.produce(t, &kgo.Record{Topic: "table", Key: []byte("k"), Value: []byte("a")}, &kgo.Record{Topic: "table", Key: []byte("k"), Value: []byte("b")})
	dst.topic(t, "table", 1)
	dst.produce(t, &kgo.Record{Topic: "table", Key: []byte("k"), Value: []byte("a")})
	table := []Pair{{Source: "table", Target: "table"}}
	r, err := Run(t.Context(), src.cl, dst.cl, table, Options{Ranges: map[PartitionKey]Range{{Source: "table", Target: "table"}: {0, 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Equal() || r.Differs() || !strings.Contains(text(r), "compacted, so that offsets 0 to 0") {
		t.Errorf("a range of a compacted topic: got\n%s", text(r))
	}
}

func TestSample(t *testing.T) {
	src, dst, pairs := copied(t, 60_000, unchanged)
	r := verified(t, src, dst, pairs, Options{Sample: 30, Seed: 4})
	expect(t, r, nil)
	if r.Records == 0 || r.Records%pieceSize != 0 || r.Records > 40_000 || r.Sampled != 30 {
		t.Errorf("a sample of 30 %% of 60,000 compared %d", r.Records)
	}
	src, dst, pairs = copied(t, 12_000, func(rs []*kgo.Record) []*kgo.Record { return slices.Delete(rs, 6000, 6001) })
	expect(t, verified(t, src, dst, pairs, Options{Sample: 99.9, Seed: 1}), map[Kind]int64{Lost: 1})
	expect(t, verified(t, src, dst, pairs, Options{Sample: 0.001, Seed: 5}), nil) // at least one piece is compared; this one is not at fault
}

// A copy that comes while verify waits is compared; what never comes is told after the wait.
func TestWait(t *testing.T) {
	onFakeClock(t, func(t *testing.T, src, dst *cluster) {
		pairs := fill(t, src, dst, 300, func(rs []*kgo.Record) []*kgo.Record { return rs[:100] })
		if r := verified(t, src, dst, pairs, Options{}); !r.Equal() || r.NotCopied != 200 || r.Records != 100 {
			t.Errorf("without waiting: %s", text(r))
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for batch := range slices.Chunk(steady("a", 0, 350)[100:290], 19) {
				time.Sleep(30 * time.Millisecond)
				dst.cl.ProduceSync(context.Background(), copyOf(batch, "west.a", 0)...)
			}
		}()
		r := verified(t, src, dst, pairs, Options{Wait: time.Second})
		<-done
		if !r.Equal() || r.NotCopied != 10 || r.Records != 290 {
			t.Errorf("waiting: %s", text(r))
		}
	})
}

func TestKnownLosses(t *testing.T) {
	src, dst, pairs := copied(t, 300, func(rs []*kgo.Record) []*kgo.Record { return slices.Delete(rs, 100, 110) })
	o := Options{Losses: []Loss{{Topic: "a", Partition: 0, Target: "west.a", From: 100, To: 110, TargetFrom: -1, TargetTo: -1, Cause: "too large"}, {Topic: "b", From: 0, To: 300}}}
	r := verified(t, src, dst, pairs, o)
	expect(t, r, nil)
	if r.KnownLost != 10 || len(r.Losses) != 1 || !strings.Contains(text(r), "known loss a[0] offsets 100 to 109: too large") {
		t.Errorf("got %d known lost\n%s", r.KnownLost, text(r))
	}
	o.Losses[0].To = 105
	expect(t, verified(t, src, dst, pairs, o), map[Kind]int64{Lost: 5})
}

func TestMissingTopicsAndPartitions(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	src.topic(t, "a", 2)
	src.produce(t, steady("a", 0, 20)...)
	src.produce(t, steady("a", 1, 30)...)
	r := verified(t, src, dst, []Pair{{Source: "a", Target: "west.a"}, {Source: "gone", Target: "west.gone"}}, Options{})
	if !r.Equal() || r.NotCopied != 50 || !strings.Contains(text(r), "target topic west.a does not exist yet") || !strings.Contains(text(r), "source topic gone does not exist") {
		t.Errorf("no target topic: %s", text(r))
	}
	dst.topic(t, "west.a", 1)
	dst.produce(t, copyOf(steady("a", 0, 20), "west.a", 0)...)
	if r := verified(t, src, dst, []Pair{{Source: "a", Target: "west.a"}}, Options{}); !r.Equal() || r.NotCopied != 30 || r.Records != 20 {
		t.Errorf("a partition is missing: %s", text(r))
	}
	// A target partition that the source does not have can hold nothing right.
	dst.topic(t, "wide", 3)
	dst.produce(t, copyOf(steady("a", 0, 20), "wide", 0)...)
	dst.produce(t, copyOf(steady("a", 1, 30), "wide", 1)...)
	dst.produce(t, copyOf(steady("a", 1, 3), "wide", 2)...)
	expect(t, verified(t, src, dst, []Pair{{Source: "a", Target: "wide"}}, Options{}), map[Kind]int64{Misrouted: 3})
}

// A target that stamps its own time is compared without timestamps, and says so.
func TestAppendTimeTarget(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	src.topic(t, "a", 1)
	dst.topic(t, "west.a", 1, "message.timestamp.type", "LogAppendTime")
	src.produce(t, steady("a", 0, 100)...)
	rs := copyOf(steady("a", 0, 100), "west.a", 0)
	for _, r := range rs {
		r.Timestamp = time.Now()
	}
	dst.produce(t, rs...)
	r := verified(t, src, dst, []Pair{{Source: "a", Target: "west.a"}}, Options{})
	expect(t, r, nil)
	if r.Records != 100 || !strings.Contains(text(r), "timestamps are not compared") {
		t.Errorf("got %s", text(r))
	}
	// Heads are then aligned by content alone, or with the help of a hint.
	if err := src.DeleteRecords("a", 0, 50); err != nil {
		t.Fatal(err)
	}
	asked := false
	for _, hint := range []func(PartitionKey, int64) (int64, bool){nil, func(_ PartitionKey, source int64) (int64, bool) { asked = source == 50; return 45, true }} {
		r = verified(t, src, dst, []Pair{{Source: "a", Target: "west.a"}}, Options{Hint: hint})
		expect(t, r, nil)
		if r.Records != 50 || r.Partitions[0].TargetOnly != 50 {
			t.Errorf("got %s", text(r))
		}
	}
	if !asked {
		t.Error("the hint was not used")
	}
}

// mirrorID is the producer id of a mirror that brought records from the cluster.
func mirrorID(cluster string) int64 { return 1<<62 | int64(originOf(cluster))<<32 | 7 }

// produceAs writes records with a producer id of our choice, as a mirror does.
func (c *cluster) produceAs(t *testing.T, id int64, sequence int32, records ...*kgo.Record) {
	t.Helper()
	var b kmsg.RecordBatch
	b.Magic, b.ProducerID, b.FirstSequence, b.PartitionLeaderEpoch = 2, id, sequence, -1
	b.FirstTimestamp = records[0].Timestamp.UnixMilli()
	b.LastOffsetDelta, b.NumRecords = int32(len(records)-1), int32(len(records))
	for i, r := range records {
		k := kmsg.Record{TimestampDelta64: r.Timestamp.UnixMilli() - b.FirstTimestamp, OffsetDelta: int32(i), Key: r.Key, Value: r.Value}
		k.Length = int32(len(k.AppendTo(nil)) - 1)
		b.Records = k.AppendTo(b.Records)
		b.MaxTimestamp = r.Timestamp.UnixMilli()
	}
	raw := sealed(b)
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 5000
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = records[0].Topic
	topics, err := kadm.NewClient(c.cl).ListTopics(t.Context(), topic.Topic)
	if err != nil {
		t.Fatal(err)
	}
	topic.TopicID = topics[topic.Topic].ID
	part := kmsg.NewProduceRequestTopicPartition()
	part.Partition, part.Records = records[0].Partition, raw
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	resp, err := c.cl.Broker(int(c.LeaderFor(topic.Topic, part.Partition))).RetriableRequest(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if code := resp.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode; code != 0 {
		t.Fatalf("produce: error %d", code)
	}
}

// Two clusters mirror a topic to each other under its own name: each side has local records and the other's, in different orders.
func TestKeptNames(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	for _, c := range []*cluster{src, dst} {
		c.topic(t, "a", 1)
	}
	west, east := steady("a", 0, 60), steady("a", 0, 80)[60:]
	src.produce(t, west[:30]...)
	dst.produce(t, east...)
	dst.produceAs(t, mirrorID("west"), 0, west[:50]...)
	src.produceAs(t, mirrorID("east"), 0, east...)
	src.produce(t, west[30:]...)
	dst.produce(t, &kgo.Record{Topic: "a", Value: []byte("local again")})
	dst.produceAs(t, mirrorID("west"), 50, west[50:]...)
	pairs := []Pair{{Source: "a", Target: "a", LocalOnly: true, NotHome: true, Shared: true}}
	r := verified(t, src, dst, pairs, Options{})
	expect(t, r, nil)
	if r.Records != 60 || r.Partitions[0].LeftOut != 20 || r.Partitions[0].Others != 21 {
		t.Errorf("got %s", text(r))
	}
	// With transit allowed, what came from the target still does not go home.
	pairs[0].LocalOnly = false
	expect(t, verified(t, src, dst, pairs, Options{}), nil)
	// A repeat by the mirror is seen among the others' records.
	dst.produceAs(t, mirrorID("west")+1, 0, west[10:12]...)
	expect(t, verified(t, src, dst, pairs, Options{}), map[Kind]int64{Repeated: 2})
}

// A later verification goes on where the one before ended.
func TestStart(t *testing.T) {
	src, dst, pairs := copied(t, 300, func(rs []*kgo.Record) []*kgo.Record { return rs[:200] })
	o := Options{Start: map[PartitionKey]Position{}}
	next := func(r *Report) {
		for _, p := range r.Partitions {
			o.Start[PartitionKey{p.Source, p.Target, p.Partition}] = p.Next
		}
	}
	r := verified(t, src, dst, pairs, o)
	next(r)
	if r.Records != 200 || r.Partitions[0].Next != (Position{200, 200}) {
		t.Errorf("got %s, next %+v", text(r), r.Partitions[0].Next)
	}
	// Everything compared is deleted; a record lost at the seam is still seen.
	if err := src.DeleteRecords("a", 0, 200); err != nil {
		t.Fatal(err)
	}
	if err := dst.DeleteRecords("west.a", 0, 200); err != nil {
		t.Fatal(err)
	}
	dst.produce(t, copyOf(steady("a", 0, 300)[201:], "west.a", 0)...)
	r = verified(t, src, dst, pairs, o)
	expect(t, r, map[Kind]int64{Lost: 1})
	if r.Records != 99 || r.Differences[0].Source.Offset != 200 {
		t.Errorf("got %s", text(r))
	}
}

// A first verification of logs with different heads leaves exact positions, even if nothing was copied of what the source still has.
func TestStartBehindOldHeads(t *testing.T) {
	src, dst, pairs := copied(t, 300, func(rs []*kgo.Record) []*kgo.Record { return rs[:150] })
	if err := src.DeleteRecords("a", 0, 200); err != nil {
		t.Fatal(err)
	}
	r := verified(t, src, dst, pairs, Options{})
	expect(t, r, nil)
	if r.NotCopied != 100 || r.Partitions[0].TargetOnly != 150 {
		t.Errorf("got %s", text(r))
	}
	dst.produce(t, copyOf(steady("a", 0, 300)[200:], "west.a", 0)...)
	p := r.Partitions[0]
	r = verified(t, src, dst, pairs, Options{Start: map[PartitionKey]Position{{p.Source, p.Target, p.Partition}: p.Next}})
	expect(t, r, nil)
	if r.Records != 100 {
		t.Errorf("got %s", text(r))
	}
}

// Retention may delete what is about to be read.
func TestTrimmedMeanwhile(t *testing.T) {
	for _, side := range []string{"source", "target"} {
		src, dst, pairs := copied(t, 5000, unchanged)
		c, topic := src, "a"
		if side == "target" {
			c, topic = dst, "west.a"
		}
		n := 0
		c.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
			c.KeepControl()
			if n++; n == 2 { // of the partition's 5000 records the first chunks were read
				go func() { _ = c.DeleteRecords(topic, 0, 4000) }()
			}
			return nil, nil, false
		})
		r := verified(t, src, dst, pairs, Options{})
		expect(t, r, nil)
		if r.Records < 1000 {
			t.Errorf("%s trimmed: %s", side, text(r))
		}
	}
}

// Everything that was to be compared may be gone before it is read.
func TestTrimmedBehindTheEnd(t *testing.T) {
	for _, configs := range [][]string{nil, {"cleanup.policy", "compact"}} {
		src, dst := newCluster(t, "west"), newCluster(t, "east")
		src.topic(t, "a", 1, configs...)
		dst.topic(t, "west.a", 1, configs...)
		src.produce(t, steady("a", 0, 100)...)
		dst.produce(t, copyOf(steady("a", 0, 90), "west.a", 0)...)
		gone := make(chan struct{})
		src.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Count: 3, Err: kerr.NotLeaderForPartition, When: func(kmsg.Request) bool {
			select {
			case <-gone:
			default:
				close(gone)
				go func() {
					src.cl.ProduceSync(context.Background(), steady("a", 0, 5)...)
					if err := src.DeleteRecords("a", 0, 103); err != nil {
						t.Error(err)
					}
				}()
			}
			return true
		}})
		r := verified(t, src, dst, []Pair{{Source: "a", Target: "west.a"}}, Options{})
		expect(t, r, nil)
		if configs == nil && !strings.Contains(text(r), "was trimmed up to offset 103") {
			t.Errorf("got %s", text(r))
		}
	}
}

// A repeat is recognised however long ago its first copy was.
func TestRepeatFromLongAgo(t *testing.T) {
	src, dst, pairs := copied(t, historySize+3000, func(rs []*kgo.Record) []*kgo.Record { return append(rs, rs[5], rs[6]) })
	r := verified(t, src, dst, pairs, Options{})
	expect(t, r, map[Kind]int64{Repeated: 2})
	if len(r.Differences) != 1 || r.Differences[0].Source.Offset != 5 {
		t.Errorf("got %s", text(r))
	}
}

// A partition that cannot be read is an error of its own; the others are compared.
func TestUnreadablePartition(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	src.topic(t, "a", 2)
	dst.topic(t, "west.a", 2)
	for p := range int32(2) {
		src.produce(t, steady("a", p, 50)...)
		dst.produce(t, copyOf(steady("a", p, 50), "west.a", p)...)
	}
	src.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Partitions: []int32{1}, Count: -1})
	r, err := Run(t.Context(), src.cl, dst.cl, []Pair{{Source: "a", Target: "west.a"}}, Options{Patience: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Equal() || r.Differs() || len(r.Errors()) != 1 || r.Errors()[0].Partition != 1 || r.Records != 50 {
		t.Errorf("got %s", text(r))
	}
}

// Faults that pass are waited for.
func TestFaultsThatPass(t *testing.T) {
	src, dst, pairs := copied(t, 500, unchanged)
	src.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Count: 3})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			src.ShufflePartitionLeaders()
			time.Sleep(5 * time.Millisecond)
		}
	}()
	expect(t, verified(t, src, dst, pairs, Options{Patience: 10 * time.Second}), nil)
	<-done
}

func TestCancelled(t *testing.T) {
	onFakeClock(t, func(t *testing.T, src, dst *cluster) {
		pairs := fill(t, src, dst, 10, func(rs []*kgo.Record) []*kgo.Record { return rs[:5] })
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		r, err := Run(ctx, src.cl, dst.cl, pairs, Options{Wait: time.Minute})
		if err == nil || r == nil || r.Equal() {
			t.Errorf("got %v, %v", r, err)
		}
	})
}

func TestProgressAndJSON(t *testing.T) {
	src, dst, pairs := copied(t, 300, func(rs []*kgo.Record) []*kgo.Record { return slices.Delete(rs, 100, 102) })
	var last Progress
	r := verified(t, src, dst, pairs, Options{Progress: func(p Progress) { last = p }})
	if last.Done != 1 || last.Partitions != 1 || last.Records != 298 || last.Total != 300 || last.Differences != 2 {
		t.Errorf("progress: got %+v", last)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"equal":false`, `"counts":{"lost":2}`, `{"kind":"lost","source":{"topic":"a","partition":0,"offset":100},"target":{"topic":"west.a","partition":0,"offset":100},"count":2,"missing":"target"}`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("JSON lacks %s:\n%s", want, b)
		}
	}
}

func TestPairs(t *testing.T) {
	src := newCluster(t, "west")
	src.topic(t, "orders", 1)
	src.topic(t, "clicks.web", 1)
	src.topic(t, "__internal", 1)
	cfg, err := config.Parse("mirror.yaml", fmt.Appendf(nil, `
clusters:
  west: {brokers: [%s]}
  east: {brokers: [localhost:1]}
routes:
  - {from: west, to: east, topics: ["/.*/"], rename: [{topic: orders, to: orders}, {to: "{source}.{topic}"}], start: latest}
`, src.ListenAddrs()[0]), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	got, err := Pairs(t.Context(), src.cl, cfg.Routes[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Pair{{Source: "clicks.web", Target: "west.clicks.web", NotHome: true}, {Source: "orders", Target: "orders", LocalOnly: true, NotHome: true, Shared: true}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if o := RouteOptions(cfg.Routes[0]); !o.StartLater || !o.ReadCommitted || o.Route != "west-to-east" {
		t.Errorf("got %+v", o)
	}
}
