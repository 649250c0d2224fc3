package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
	"mirror/e2e/truth"
	"mirror/e2e/workload"
	"mirror/monitor"
)

// limit is the default max.message.bytes.
const limit = 1_048_588

// codecs are the names that Java's compression.type has.
var codecs = []string{"none", "gzip", "snappy", "lz4", "zstd"}

// Records of every shape, written by the official producer and by kgo in all codecs, arrive unchanged under new names; the
// official consumer, the raw reader and `mirror verify` agree; batches that can be passed on as bytes were.
func TestShapes(t *testing.T) {
	west, east := sharedPair(t)
	s := &shapes{
		t: t, id: unique("shapes"), west: west, java: sharedJava(t), src: clientOf(t, west),
		writer: &workload.Writer{Run: uint64(time.Now().UnixNano())}, copies: make(map[string]string),
	}
	s.byJava()
	s.byKgo()
	s.stamped()
	s.transactions()
	s.byHand()
	s.compacted()

	d := startDaemon(t, configOf{west: west, east: east, routes: []route{{
		name:   s.id,
		topics: []string{"/" + s.id + `\..*/`},
		lines: []string{
			"rename:",
			fmt.Sprintf("  - {topic: %s.transactions, to: all-transactions-%s}", s.id, s.id),
			fmt.Sprintf(`  - {match: '/%s\.java\.(?P<codec>.*)/', to: "%s.{codec}.from-{source}"}`, s.id, s.id),
			fmt.Sprintf(`  - {match: '/%s\.(kgo)\.(.*)/', to: "{2}.{1}.%s"}`, s.id, s.id),
			`  - {to: "{source}.{topic}"}`,
		},
	}}})
	c := copies{t: t, src: s.src, dst: clientOf(t, east), topics: s.copies, committed: true}
	c.waitCopied(d)
	d.waitState(monitor.CaughtUp)
	if n := d.losses(); n != 0 {
		t.Errorf("losses: got %d entries, want none", n)
	}
	if out, code := d.run("verify", "--route", s.id); code != 0 {
		t.Errorf("mirror verify: exit code %d\n%s", code, out)
	}
	d.stop()
	c.judge()
	s.officialConsumerAgrees(east)
	s.passedThrough(c)
}

type shapes struct {
	t      *testing.T
	id     string
	west   *brokers.Cluster
	java   *brokers.Java
	src    *kgo.Client
	writer *workload.Writer
	copies map[string]string // source topic to target topic
}

func (s *shapes) topic(name, target string, partitions int32, configs map[string]string) string {
	topic := s.id + "." + name
	createTopic(s.t, s.src, topic, partitions, 1, configs)
	s.copies[topic] = target
	return topic
}

func (s *shapes) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// byJava writes batches of 1, 10, 1,000 and 10,000 records and a record near the limit with the official producer.
func (s *shapes) byJava() {
	for _, codec := range codecs {
		topic := s.topic("java."+codec, fmt.Sprintf("%s.%s.from-west", s.id, codec), 2, nil)
		s.must(s.java.Open(codec, s.west.Bootstrap(), map[string]string{
			"compression.type": codec, "linger.ms": "600000", "delivery.timeout.ms": "700000", "batch.size": "1000000",
		}))
		for _, shape := range workload.Ordinary() {
			s.batch(codec, topic, 0, 1, shape)
		}
		s.batch(codec, topic, 1, 10, workload.Ordinary()...)
		s.batch(codec, topic, 1, 1000, workload.Small, workload.NoKey, workload.NoValue, workload.Hollow, workload.YearsAgo)
		s.batch(codec, topic, 0, 10_000, workload.Tiny)
		s.batch(codec, topic, 1, 1, workload.AlmostTooBig)
		s.must(s.java.CloseProducer(codec))
	}
}

// batch sends n records of the shapes in turn and ends the batch.
func (s *shapes) batch(producer, topic string, partition int32, n int, shapes ...workload.Shape) {
	for i := range n {
		s.must(s.java.Send(producer, s.writer.Next(topic, partition, shapes[i%len(shapes)])))
	}
	s.must(s.java.Flush(producer))
}

// byKgo writes the same with kgo.
func (s *shapes) byKgo() {
	for _, codec := range codecs {
		topic := s.topic("kgo."+codec, fmt.Sprintf("%s.kgo.%s", codec, s.id), 2, nil)
		client := clientOf(s.t, s.west, kgo.ProducerBatchCompression(kgoCodec(codec)), kgo.ProducerLinger(50*time.Millisecond))
		var records []*kgo.Record
		for i := range 400 {
			shape := workload.Ordinary()[i%len(workload.Ordinary())]
			records = append(records, workload.Kgo(s.writer.Next(topic, int32(i%2), shape)))
		}
		s.must(client.ProduceSync(context.Background(), records...).FirstErr())
		for range 3 {
			s.must(client.ProduceSync(context.Background(), workload.Kgo(s.writer.Next(topic, 0, workload.Small))).FirstErr())
		}
	}
}

func kgoCodec(name string) kgo.CompressionCodec {
	switch name {
	case "gzip":
		return kgo.GzipCompression()
	case "snappy":
		return kgo.SnappyCompression()
	case "lz4":
		return kgo.Lz4Compression()
	case "zstd":
		return kgo.ZstdCompression()
	default:
		return kgo.NoCompression()
	}
}

// stamped writes to a topic whose records get the broker's time, compressed and not.
func (s *shapes) stamped() {
	topic := s.topic("stamped", "west."+s.id+".stamped", 1, map[string]string{"message.timestamp.type": "LogAppendTime"})
	for _, codec := range []string{"none", "zstd"} {
		name := "stamped-" + codec
		s.must(s.java.Open(name, s.west.Bootstrap(), map[string]string{"compression.type": codec, "linger.ms": "1000"}))
		s.batch(name, topic, 0, 50, workload.Ordinary()...)
		s.must(s.java.CloseProducer(name))
	}
}

// transactions interleaves three transactional producers, a plain one, commits and aborts in the same partitions.
func (s *shapes) transactions() {
	topic := s.topic("transactions", "all-transactions-"+s.id, 2, nil)
	names := []string{"tx-a", "tx-b", "tx-c"}
	for _, name := range names {
		s.must(s.java.Open(name, s.west.Bootstrap(), map[string]string{"transactional.id": s.id + name, "compression.type": "lz4"}))
	}
	s.must(s.java.Open("between", s.west.Bootstrap(), nil))
	for round := range 6 {
		for _, name := range names {
			s.must(s.java.Begin(name))
		}
		for part := range 2 {
			for _, name := range names {
				s.batch(name, topic, int32(part), 5+round, workload.Small, workload.NoKey, workload.NoValue)
			}
			s.batch("between", topic, int32(part), 3, workload.Small)
		}
		for i, name := range []string{names[round%3], names[(round+1)%3], names[(round+2)%3]} {
			if (round+i)%2 == 0 {
				s.must(s.java.Commit(name))
			} else {
				s.must(s.java.Abort(name))
			}
		}
	}
	for _, name := range append(names, "between") {
		s.must(s.java.CloseProducer(name))
	}
	aborted := 0
	for _, log := range logs(s.t, s.src, topic) {
		aborted += len(log.Data(false)) - len(log.Data(true))
	}
	if aborted == 0 {
		s.t.Fatal("no record was aborted: the case shows nothing")
	}
}

// byHand writes timestamps that no client would write.
func (s *shapes) byHand() {
	topic := s.topic("by-hand", "west."+s.id+".by-hand", 1, nil)
	for _, times := range [][]int64{{-1}, {-1, -1, -1}, {0, 1, 2}, {5, 4, 3}, {-1000, -2000}, {-1, 1_700_000_000_000}, {1_700_000_000_000, -1}} {
		var records []brokers.Record
		for _, at := range times {
			r := s.writer.Next(topic, 0, workload.Small)
			r.Timestamp = &at
			records = append(records, r)
		}
		s.must(workload.ProduceRaw(context.Background(), s.src, topic, 0, workload.HandMade(records)))
	}
}

// officialConsumerAgrees reads both sides with the Java consumer and compares what it was given.
func (s *shapes) officialConsumerAgrees(east *brokers.Cluster) {
	for source, target := range s.copies {
		want, err := s.java.Dump(s.west.Bootstrap(), true, source)
		s.must(err)
		for _, committed := range []bool{true, false} {
			got, err := s.java.Dump(east.Bootstrap(), committed, target)
			s.must(err)
			if len(want) == 0 {
				s.t.Errorf("%s: the official consumer read nothing", source)
			}
			if diff := firstDifference(byPartition(want), byPartition(got)); diff != "" {
				s.t.Errorf("%s, official consumer, committed %v: %s", source, committed, diff)
			}
		}
	}
}

// byPartition groups what was delivered and drops what a copy may change: the topic's name, the offset and the time's type.
func byPartition(records []brokers.Dumped) map[int32][]brokers.Dumped {
	grouped := make(map[int32][]brokers.Dumped)
	for _, r := range records {
		p := r.Partition
		r.Topic, r.Offset, r.TimestampType = "", 0, ""
		grouped[p] = append(grouped[p], r)
	}
	return grouped
}

func firstDifference(want, got map[int32][]brokers.Dumped) string {
	for p, records := range want {
		for i, r := range records {
			if i >= len(got[p]) || got[p][i] != r {
				return fmt.Sprintf("partition %d differs at record %d of %d (copy has %d)", p, i, len(records), len(got[p]))
			}
		}
		if len(got[p]) > len(records) {
			return fmt.Sprintf("partition %d has %d records, its copy %d", p, len(records), len(got[p]))
		}
	}
	return ""
}

// passedThrough checks that what can be copied as bytes was, and that the workload had such batches in all codecs.
func (s *shapes) passedThrough(c copies) {
	if deepOnly {
		return
	}
	seen := make(map[int]int)
	largest := int32(0)
	for source, target := range s.copies {
		from, to := logs(s.t, c.src, source), logs(s.t, c.dst, target)
		for i := range from {
			if _, err := truth.PassedThrough(from[i], to[i], true, limit); err != nil {
				s.t.Errorf("%s/%d was not passed on as it was: %v", source, i, err)
			}
			for _, b := range from[i].Forwardable(true) {
				if b.Dense() && !b.AppendTime() {
					seen[b.Codec()]++
					largest = max(largest, b.Count)
				}
			}
		}
	}
	for codec, name := range codecs {
		if seen[codec] < 10 {
			s.t.Errorf("only %d batches of codec %s can be passed on: the case shows nothing", seen[codec], name)
		}
	}
	if largest < 10_000 {
		s.t.Errorf("the largest batch has %d records, want 10,000", largest)
	}
}

// compacted makes a topic with holes inside batches and tombstones that carry a delete horizon, as only a real cleaner does,
// and then forbids further cleaning, so that both sides can be compared record by record.
func (s *shapes) compacted() {
	topic := s.topic("compacted", "west."+s.id+".compacted", 1, map[string]string{
		"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.ms": "200", "max.compaction.lag.ms": "200",
	})
	s.must(s.java.Open("compacted", s.west.Bootstrap(), map[string]string{"linger.ms": "600000", "delivery.timeout.ms": "700000"}))
	for range 10 {
		s.batch("compacted", topic, 0, 60, workload.Small, workload.Small, workload.NoValue)
	}
	eventually(s.t, "the cleaner to leave holes and a delete horizon", func() error {
		s.batch("compacted", topic, 0, 2, workload.Small)
		holes, horizon := 0, 0
		for _, b := range logs(s.t, s.src, topic)[0].Batches {
			if !b.Dense() {
				holes++
			}
			if b.Attributes&(1<<6) != 0 {
				horizon++
			}
		}
		if holes == 0 || horizon == 0 {
			return fmt.Errorf("%d batches have holes, %d a delete horizon", holes, horizon)
		}
		return nil
	})
	s.must(s.java.CloseProducer("compacted"))
	alterConfigs(s.t, s.src, topic, map[string]string{
		"min.cleanable.dirty.ratio": "1.0", "segment.ms": "604800000",
		"max.compaction.lag.ms": "9223372036854775807", "min.compaction.lag.ms": "31536000000",
	})
	s.restingLog(topic)
}

// restingLog waits until the cleaner, which looks every 200 ms, has let the log alone for some rounds.
func (s *shapes) restingLog(topic string) {
	var before []int64
	unchanged := 0
	eventually(s.t, "the cleaner to rest", func() error {
		var now []int64
		for _, b := range logs(s.t, s.src, topic)[0].Batches {
			now = append(now, b.BaseOffset, int64(b.Count), int64(b.LastOffsetDelta))
		}
		unchanged++
		if !slices.Equal(before, now) {
			unchanged = 0
		}
		before = now
		if unchanged < 20 {
			return fmt.Errorf("unchanged for %d looks", unchanged)
		}
		return nil
	})
}
