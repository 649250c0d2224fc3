package replicate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
	"mirror/monitor"
	"mirror/offsets"
)

// startDialing is startMirror with a dial function.
func startDialing(t *testing.T, c *config.Config, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (*Mirror, func()) {
	t.Helper()
	m, err := New(c, Options{Log: testLog(t), Process: "p1", Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Run(ctx)
	}()
	stop := func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return m, stop
}

// endOf is the end of a partition.
func endOf(t *testing.T, c *kfake.Cluster, topic string) int64 {
	t.Helper()
	ends, err := kadm.NewClient(client(t, c)).ListEndOffsets(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := ends.Lookup(topic, 0)
	return e.Offset
}

// TestRevokeWhileBeginning revokes lanes while discovery finds a new topic in
// one of them: once they are gone nothing of it may be copied by this process.
func TestRevokeWhileBeginning(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [/.*/]", "refresh: 100ms")
	produce(t, p.west, "orders", 0, "a", 10)
	m, _ := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	var slow atomic.Bool
	slow.Store(true)
	id := p.east.TopicInfo("west.orders").TopicID
	p.east.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.east.KeepControl()
		for _, rt := range req.(*kmsg.ProduceRequest).Topics {
			if rt.TopicID == id && slow.Load() {
				p.east.SleepControl(func() {
					for slow.Load() {
						time.Sleep(10 * time.Millisecond)
					}
				})
			}
		}
		return nil, nil, false
	})
	produce(t, p.west, "orders", 0, "b", 10)
	r := m.routes[0]
	waitFor(t, func() string {
		if r.flying() > 0 {
			return ""
		}
		return "nothing in flight"
	})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		var all []int32
		for i := range c.Routes[0].Lanes {
			all = append(all, int32(i))
		}
		r.fleet.onRevoked(context.Background(), all, false)
	}()
	time.Sleep(100 * time.Millisecond)
	produceNew := func() {
		if _, err := kadm.NewClient(client(t, p.west)).CreateTopic(context.Background(), 1, 1, nil, "late"); err != nil {
			t.Fatal(err)
		}
		produce(t, p.west, "late", 0, "c", 10)
	}
	produceNew()
	time.Sleep(time.Second)
	slow.Store(false)
	<-gone
	before := endOf(t, p.east, "west.late")
	produce(t, p.west, "late", 0, "d", 10)
	time.Sleep(2 * time.Second)
	if after := endOf(t, p.east, "west.late"); after != before {
		t.Errorf("west.late grew from %d to %d records after its lane was revoked", before, after)
	}
}

// TestFollowerOfLanesLags lets the replay of the checkpoint topic fall behind:
// a partition whose own start checkpoint is not replayed yet must not take its
// source for another topic.
func TestFollowerOfLanesLags(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]", "start: latest")
	produce(t, p.west, "orders", 0, "old", 10)
	var blind atomic.Bool
	var once sync.Once
	var since time.Time
	p.east.ControlKey(kmsg.ListOffsets.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.east.KeepControl()
		r := req.(*kmsg.ListOffsetsRequest)
		if len(r.Topics) == 0 || r.Topics[0].Topic != "west.orders" {
			return nil, nil, false
		}
		once.Do(func() { since = time.Now(); blind.Store(true) })
		if time.Since(since) > 800*time.Millisecond {
			return nil, nil, false
		}
		resp := r.ResponseKind().(*kmsg.ListOffsetsResponse)
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic = "west.orders"
		rp := kmsg.NewListOffsetsResponseTopicPartition()
		rp.ErrorCode = kerr.UnknownServerError.Code
		rt.Partitions = append(rt.Partitions, rp)
		resp.Topics = append(resp.Topics, rt)
		return resp, nil, true
	})
	p.east.ControlKey(kmsg.Fetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.east.KeepControl()
		r := req.(*kmsg.FetchRequest)
		id := p.east.TopicInfo("__mirror_west-to-east").TopicID
		if blind.Load() && len(r.Topics) == 0 { // a fetch session goes on
			resp := r.ResponseKind().(*kmsg.FetchResponse)
			resp.ErrorCode = kerr.FetchSessionIDNotFound.Code
			return resp, nil, true
		}
		for _, rt := range r.Topics {
			if (rt.Topic == "__mirror_west-to-east" || rt.TopicID == id) && blind.Load() {
				resp := r.ResponseKind().(*kmsg.FetchResponse)
				for _, rt := range r.Topics {
					x := kmsg.NewFetchResponseTopic()
					x.Topic, x.TopicID = rt.Topic, rt.TopicID
					for _, rp := range rt.Partitions {
						y := kmsg.NewFetchResponseTopicPartition()
						y.Partition, y.ErrorCode = rp.Partition, kerr.NotLeaderForPartition.Code
						x.Partitions = append(x.Partitions, y)
					}
					resp.Topics = append(resp.Topics, x)
				}
				return resp, nil, true
			}
		}
		return nil, nil, false
	})
	m, _ := startMirror(t, c, "p1")
	waitFor(t, func() string {
		if !blind.Load() || p.east.TopicInfo("west.orders") == nil {
			return "not there yet"
		}
		return ""
	})
	answerTimes(p.east, "west.orders", kerr.NotLeaderForPartition.Code, 1)
	waitState(t, m, "orders", monitor.CaughtUp)
	produce(t, p.west, "orders", 0, "a", 10)
	wantValues(t, values(t, p.east, "west.orders", 0, 10), "a", 10)
	time.Sleep(time.Second)
	blind.Store(false)
	time.Sleep(2 * time.Second)
	if end := endOf(t, p.east, "west.orders"); end != 10 {
		t.Errorf("target ends at %d, want 10", end)
	}
}

// TestDeadFollower reads from the replica that the leader names, which cannot
// be reached: reading goes back to the leader.
func TestDeadFollower(t *testing.T) {
	p := newPair(t, kfake.NumBrokers(2), kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 10)
	leader := p.west.LeaderFor("orders", 0)
	other := 1 - leader
	dead := p.west.ListenAddrs()[other]
	id := p.west.TopicInfo("orders").TopicID
	var named atomic.Bool
	p.west.ControlKey(kmsg.Fetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		r := req.(*kmsg.FetchRequest)
		if !named.CompareAndSwap(false, true) {
			return nil, nil, false
		}
		resp := r.ResponseKind().(*kmsg.FetchResponse)
		x := kmsg.NewFetchResponseTopic()
		x.Topic, x.TopicID = "orders", id
		y := kmsg.NewFetchResponseTopicPartition()
		y.HighWatermark, y.LastStableOffset, y.LogStartOffset, y.PreferredReadReplica = 10, 10, 0, other
		x.Partitions = append(x.Partitions, y)
		resp.Topics = append(resp.Topics, x)
		return resp, nil, true
	})
	c := p.config(t, "topics: [orders]")
	c.Clusters["west"].Brokers = []string{p.west.ListenAddrs()[leader]}
	startDialing(t, c, func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == dead {
			return nil, errors.New("connection refused")
		}
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	})
	wantValues(t, values(t, p.east, "west.orders", 0, 10), "a", 10)
}

// TestUnreachableTargetShows checks that a target broker that cannot be reached
// is not shown as copying.
func TestUnreachableTargetShows(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 10)
	var down atomic.Bool
	var mu sync.Mutex
	var conns []net.Conn
	m, _ := startDialing(t, c, func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == p.east.ListenAddrs()[0] && down.Load() {
			return nil, errors.New("connection refused")
		}
		var d net.Dialer
		nc, err := d.DialContext(ctx, network, addr)
		if err == nil && addr == p.east.ListenAddrs()[0] {
			mu.Lock()
			conns = append(conns, nc)
			mu.Unlock()
		}
		return nc, err
	})
	values(t, p.east, "west.orders", 0, 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	down.Store(true)
	mu.Lock()
	for _, nc := range conns {
		nc.Close()
	}
	mu.Unlock()
	time.Sleep(200 * time.Millisecond)
	produce(t, p.west, "orders", 0, "b", 10)
	time.Sleep(8 * time.Second)
	got := waitState(t, m, "orders", monitor.Waiting)
	if got.Reason == "" {
		t.Error("no reason")
	}
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
	got := values(t, p.east, "west.orders", 0, int(endOf(t, p.east, "west.orders")))
	if len(got) != 111 {
		t.Fatalf("got %d records, want 111", len(got))
	}
}

func configTopic(t *testing.T, c *kfake.Cluster, topic, key, value string) {
	t.Helper()
	if _, err := kadm.NewClient(client(t, c)).AlterTopicConfigs(context.Background(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: key, Value: &value}}, topic); err != nil {
		t.Fatal(err)
	}
}

// TestCompactedBehindSkipped restarts behind a stale checkpoint of a compacted
// source of which a record was left out by policy.
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
	time.Sleep(500 * time.Millisecond)
	if end := endOf(t, p.east, "west.orders"); end != 10 {
		t.Errorf("target ends at %d, want 10", end)
	}
}

// TestShrunkLimitRefusesNothing answers a batch of two records with
// MESSAGE_TOO_LARGE: each record alone is taken, so nothing is refused.
func TestShrunkLimitRefusesNothing(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 1)
	m, _ := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 1)
	waitState(t, m, "orders", monitor.CaughtUp)
	answerTimes(p.east, "west.orders", kerr.MessageTooLarge.Code, 1)
	cl := client(t, p.west, kgo.ProducerLinger(200*time.Millisecond), kgo.ProducerBatchCompression(kgo.NoCompression()))
	err := cl.ProduceSync(context.Background(), &kgo.Record{Topic: "orders", Value: bytes.Repeat([]byte("x"), 600_000)},
		&kgo.Record{Topic: "orders", Value: bytes.Repeat([]byte("y"), 100_000)}).FirstErr()
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() string {
		s := m.Status().Routes[0].Topics[0].Partitions[0]
		if s.State == monitor.Stopped {
			t.Fatalf("stopped: %s", s.Reason)
		}
		if endOf(t, p.east, "west.orders") == 3 {
			return ""
		}
		return "not copied"
	})
}

// TestSourceCreatedAgainThenKilled goes on in a new source topic after a loss in
// the old one, from the start checkpoint.
func TestSourceCreatedAgainThenKilled(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]", "refresh: 200ms")
	produce(t, p.west, "orders", 0, "a", 10)
	m, stop := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 10)
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
	if got[14] != "b-4" {
		t.Skipf("the old records were copied first: %v", got[10:])
	}
	stop()
	cp, lane := checkpointOf(t, p.east, ordersKey)
	cp.Source, cp.LastSource, cp.Ordinal, cp.Target, cp.Clean = 0, -1, 0, 10, false
	record(t, p.east, lane.Number(), ordersKey, cp)
	produce(t, p.west, "orders", 0, "c", 5)
	startMirror(t, c, "p1")
	got = values(t, p.east, "west.orders", 0, 20)
	wantValues(t, got[15:], "c", 5)
}

// TestCheckpointsGoneExisting waits with allow: [existing], too, when the
// target has batches of this very copy and the checkpoint topic is gone.
func TestCheckpointsGoneExisting(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]", "allow: [existing]")
	produce(t, p.west, "orders", 0, "a", 10)
	_, stop := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 10)
	stop()
	if _, err := kadm.NewClient(client(t, p.east)).DeleteTopics(context.Background(), "__mirror_west-to-east"); err != nil {
		t.Fatal(err)
	}
	m, _ := startMirror(t, c, "p1")
	got := waitState(t, m, "orders", monitor.Waiting)
	if !strings.Contains(got.Reason, "__mirror_west-to-east") {
		t.Errorf("reason %q does not name the checkpoint topic", got.Reason)
	}
}

// frozen is a connection that from some time on loses all that is written to it
// and all that arrives.
type frozen struct {
	net.Conn
	on *atomic.Bool
}

func (f *frozen) Read(b []byte) (int, error) {
	for {
		n, err := f.Conn.Read(b)
		if err != nil || !f.on.Load() {
			return n, err
		}
	}
}

func (f *frozen) Write(b []byte) (int, error) {
	if f.on.Load() {
		return len(b), nil
	}
	return f.Conn.Write(b)
}

func freezer(addr string, on *atomic.Bool) func(ctx context.Context, network, a string) (net.Conn, error) {
	return func(ctx context.Context, network, a string) (net.Conn, error) {
		if a == addr && on.Load() {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		var d net.Dialer
		nc, err := d.DialContext(ctx, network, a)
		if err != nil || a != addr {
			return nc, err
		}
		return &frozen{Conn: nc, on: on}, nil
	}
}

// TestStopsInTime stops while a cluster does not answer any more.
func TestStopsInTime(t *testing.T) {
	for _, side := range []string{"west", "east"} {
		t.Run(side, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			c := p.config(t, "topics: [orders]")
			produce(t, p.west, "orders", 0, "a", 10)
			var on atomic.Bool
			addr := p.west.ListenAddrs()[0]
			if side == "east" {
				addr = p.east.ListenAddrs()[0]
			}
			m, stop := startDialing(t, c, freezer(addr, &on))
			values(t, p.east, "west.orders", 0, 10)
			waitState(t, m, "orders", monitor.CaughtUp)
			on.Store(true)
			produce(t, p.west, "orders", 0, "b", 10)
			time.Sleep(time.Second)
			began := time.Now()
			stop()
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("stopping took %s", took)
			}
		})
	}
}

// TestFrozenSourceShows does not claim to be caught up with a source that has
// not answered for ten seconds.
func TestFrozenSourceShows(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 10)
	var on atomic.Bool
	m, _ := startDialing(t, c, freezer(p.west.ListenAddrs()[0], &on))
	values(t, p.east, "west.orders", 0, 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	on.Store(true)
	produce(t, p.west, "orders", 0, "b", 10)
	time.Sleep(10 * time.Second)
	if s := m.Status().Routes[0].Topics[0].Partitions[0]; s.State == monitor.CaughtUp {
		t.Errorf("state %s with lag %d after 10 s without a word from the source", s.State, s.LagRecords)
	}
}

// TestDeletedSourceIsNotPolled looks for a deleted source topic at a decent pace.
func TestDeletedSourceIsNotPolled(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders", "other"))
	c := p.config(t, "topics: [orders, other]")
	produce(t, p.west, "orders", 0, "a", 10)
	m, _ := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	if _, err := kadm.NewClient(client(t, p.west)).DeleteTopics(context.Background(), "orders"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	var n atomic.Int32
	p.west.ControlKey(kmsg.Metadata.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		n.Add(1)
		return nil, nil, false
	})
	time.Sleep(5 * time.Second)
	if n.Load() > 10 {
		t.Errorf("%d metadata requests in 5 s for a topic that is gone", n.Load())
	}
}

var _ = offsets.KindLoss

// TestUnreachableBrokerStarvesNobody has one of two target brokers out of reach:
// what waits for it must not pin the memory that the others need.
func TestUnreachableBrokerStarvesNobody(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "bad", "good"))
	e, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.ClusterID("east-cluster"), kfake.SeedTopics(1, "west.bad", "west.good", "__consumer_offsets"),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	p.east = e
	if err := e.MoveTopicPartition("west.bad", 0, 1); err != nil {
		t.Fatal(err)
	}
	if err := e.MoveTopicPartition("west.good", 0, 0); err != nil {
		t.Fatal(err)
	}
	c := p.config(t, "topics: [bad, good]", "allow: [existing]")
	c.Limits.Memory = 32 << 20
	c.Routes[0].Limits.ConnectionsPerBroker = 1
	var cut atomic.Bool
	var mu sync.Mutex
	var conns []net.Conn
	m, _ := startDialing(t, c, func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		if addr != e.ListenAddrs()[1] {
			return d.DialContext(ctx, network, addr)
		}
		if cut.Load() && strings.Contains(callers(), "producer") {
			return nil, errors.New("connection refused")
		}
		nc, err := d.DialContext(ctx, network, addr)
		if err == nil && strings.Contains(callers(), "producer") {
			mu.Lock()
			conns = append(conns, nc)
			mu.Unlock()
		}
		return nc, err
	})
	waitState(t, m, "bad", monitor.CaughtUp)
	waitState(t, m, "good", monitor.CaughtUp)
	cut.Store(true)
	mu.Lock()
	for _, nc := range conns {
		nc.Close()
	}
	mu.Unlock()
	cl := client(t, p.west, kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	big := bytes.Repeat([]byte("x"), 500_000)
	n := int64(0)
	deadline := time.Now().Add(15 * time.Second)
	for time.Now().Before(deadline) {
		var recs []*kgo.Record
		for range 6 {
			recs = append(recs, &kgo.Record{Topic: "good", Value: big})
		}
		recs = append(recs, &kgo.Record{Topic: "bad", Value: []byte("small")})
		if err := cl.ProduceSync(context.Background(), recs...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		n += 6
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(3 * time.Second)
	if end := endOf(t, e, "west.good"); end != n {
		t.Errorf("%d of %d records of the good topic are there; %d bytes of memory used", end, n, m.budget.Used())
	}
}

func callers() string {
	b := make([]byte, 16<<10)
	return string(b[:runtime.Stack(b, false)])
}
