package replicate

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/monitor"
)

// endOf is the end of partition 0 of a topic, 0 while there is no such topic.
func endOf(c *kfake.Cluster, topic string) int64 {
	if p := c.PartitionInfo(topic, 0); p != nil {
		return p.HighWatermark
	}
	return 0
}

// TestLostHeadBesideOthers restarts behind a stale checkpoint of a partition
// that others write, too, after the source dropped records that were copied.
func TestLostHeadBesideOthers(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 100)
	_, stop := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 100)
	stop()
	cp, lane := checkpointOf(t, p.east, ordersKey)
	cp.Source, cp.LastSource, cp.Ordinal, cp.Target, cp.Clean = 40, 39, 40, 40, false
	record(t, p.east, lane.Number(), ordersKey, cp)
	produce(t, p.east, "west.orders", 0, "foreign", 1)
	deleteRecords(t, p.west, "orders", 60)
	produce(t, p.west, "orders", 0, "b", 10)
	m, _ := startMirror(t, c, "p1")
	waitState(t, m, "orders", monitor.CaughtUp)
	got := values(t, p.east, "west.orders", 0, int(endOf(p.east, "west.orders")))
	if len(got) != 111 {
		t.Fatalf("got %d records, want 111", len(got))
	}
	wantValues(t, got[:100], "a", 100)
	wantValues(t, got[101:], "b", 10)
}

// TestCompactedBehindSkipped restarts behind a stale checkpoint of a compacted
// source of which a record was left out by policy. The position is found by
// content there, and the record that is not on the target must not end the match.
func TestCompactedBehindSkipped(t *testing.T) {
	p := newPair(t)
	policy := "compact"
	if _, err := kadm.NewClient(client(t, p.west)).CreateTopic(context.Background(), 1, 1, map[string]*string{"cleanup.policy": &policy}, "orders"); err != nil {
		t.Fatal(err)
	}
	c := p.config(t, "topics: [orders]", "on_rejected: skip", "topic_defaults: {config: {max.message.bytes: 1000}}")
	cl := client(t, p.west, kgo.ProducerBatchCompression(kgo.NoCompression()))
	put := func(key string, size int) {
		t.Helper()
		if err := cl.ProduceSync(context.Background(), &kgo.Record{Topic: "orders", Key: []byte(key), Value: bytes.Repeat([]byte("v"), size)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		put(fmt.Sprint("k", i), 10)
	}
	_, stop := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 5)
	stop()
	cp, lane := checkpointOf(t, p.east, ordersKey)
	put("big", 5000)
	for i := range 5 {
		put(fmt.Sprint("l", i), 10)
	}
	_, stop = startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 10)
	stop()
	cp.Clean = false
	record(t, p.east, lane.Number(), ordersKey, cp)
	m, _ := startMirror(t, c, "p1")
	waitState(t, m, "orders", monitor.CaughtUp)
	put("last", 10)
	values(t, p.east, "west.orders", 0, 11)
	waitState(t, m, "orders", monitor.CaughtUp)
	if end := endOf(p.east, "west.orders"); end != 11 {
		t.Errorf("target ends at %d, want 11", end)
	}
}

// TestSourceCreatedAgainThenKilled goes on in a new source topic after a loss in
// the old one, from the start checkpoint.
func TestSourceCreatedAgainThenKilled(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]", "refresh: 200ms")
	m, stop := copyTen(t, p, c)
	waitState(t, m, "orders", monitor.CaughtUp)
	var blocked atomic.Bool
	blocked.Store(true)
	id := p.east.TopicInfo("west.orders").TopicID
	p.east.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.east.KeepControl()
		r := req.(*kmsg.ProduceRequest)
		if !blocked.Load() || r.Topics[0].TopicID != id {
			return nil, nil, false
		}
		resp := r.ResponseKind().(*kmsg.ProduceResponse)
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic, rt.TopicID = r.Topics[0].Topic, r.Topics[0].TopicID
		rp := kmsg.NewProduceResponseTopicPartition()
		rp.ErrorCode = kerr.NotEnoughReplicas.Code
		rt.Partitions = append(rt.Partitions, rp)
		resp.Topics = append(resp.Topics, rt)
		return resp, nil, true
	})
	produce(t, p.west, "orders", 0, "lost", 10)
	waitFor(t, func() string {
		if s := m.Status().Routes[0].Topics[0].Partitions[0]; s.SourceEnd == 20 {
			return ""
		}
		return "end not seen"
	})
	recreate(t, p.west, "orders")
	produce(t, p.west, "orders", 0, "b", 5)
	waitFor(t, func() string {
		for _, l := range losses(t, p.east) {
			if l.Loss.Cause == "source_recreated" {
				return ""
			}
		}
		return "no loss on record"
	})
	blocked.Store(false)
	got := values(t, p.east, "west.orders", 0, 15)
	wantValues(t, got[10:], "b", 5)
	stop()
	cp, lane := checkpointOf(t, p.east, ordersKey)
	cp.Source, cp.LastSource, cp.Ordinal, cp.Target, cp.Clean = 0, -1, 0, 10, false
	record(t, p.east, lane.Number(), ordersKey, cp)
	produce(t, p.west, "orders", 0, "c", 5)
	startMirror(t, c, "p1")
	got = values(t, p.east, "west.orders", 0, 20)
	wantValues(t, got[15:], "c", 5)
}
