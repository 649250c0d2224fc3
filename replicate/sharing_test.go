package replicate

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/kafka"
)

const sharingPartitions = 8

// fetchLog is what a source broker was asked for.
type fetchLog struct {
	mu   sync.Mutex // guards seen
	seen []fetchSeen
}

type fetchSeen struct {
	partitions string // in order
	wait       time.Duration
}

var allOfThem = fmt.Sprint([]int32{0, 1, 2, 3, 4, 5, 6, 7})

func watchFetches(c *kfake.Cluster) *fetchLog {
	l := &fetchLog{}
	c.ControlKey(kmsg.Fetch.Int16(), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		req := kreq.(*kmsg.FetchRequest)
		var numbers []int32
		for _, rt := range req.Topics {
			for _, rp := range rt.Partitions {
				numbers = append(numbers, rp.Partition)
			}
		}
		slices.Sort(numbers)
		l.mu.Lock()
		l.seen = append(l.seen, fetchSeen{fmt.Sprint(numbers), time.Duration(req.MaxWaitMillis) * time.Millisecond})
		l.mu.Unlock()
		return nil, nil, false
	})
	return l
}

// take returns what was seen since the last call.
func (l *fetchLog) take() []fetchSeen {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.seen
	l.seen = nil
	return seen
}

// sharingWorld is a mirror of eight partitions, all of which are at their end for
// a minute, on a clock of its own.
type sharingWorld struct {
	*pair
	t       *testing.T
	mirror  *Mirror
	source  *kgo.Client
	fetches *fetchLog
}

func withSharing(t *testing.T, test func(w *sharingWorld)) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		w := &sharingWorld{t: t, pair: n.pair(t, kfake.SeedTopics(sharingPartitions, "orders"))}
		w.source = n.client(t, w.west, kgo.DefaultProduceTopic("orders"), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ManualFlushing(),
			kgo.DisableIdempotentWrite(), kgo.ProducerBatchCompression(kgo.NoCompression()))
		w.fetches = watchFetches(w.west)
		m, stop := startDialing(t, w.config(t, "topics: [orders]"), n.dial)
		w.mirror = m
		w.write(10, 0, 1, 2, 3, 4, 5, 6, 7)
		time.Sleep(time.Minute)
		w.want(1, 0, 1, 2, 3, 4, 5, 6, 7)
		w.fetches.take()
		test(w)
		stop()
	})
}

// write appends a record of a size to each of some partitions with one request.
func (w *sharingWorld) write(size int, partitions ...int32) {
	w.t.Helper()
	promise := kgo.AbortingFirstErrPromise(w.source)
	for _, n := range partitions {
		w.source.Produce(context.Background(), &kgo.Record{Partition: n, Value: bytes.Repeat([]byte("x"), size), Timestamp: time.Now()}, promise.Promise())
	}
	if err := w.source.Flush(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	if err := promise.Err(); err != nil {
		w.t.Fatal(err)
	}
}

// want checks how many records partitions of the target have.
func (w *sharingWorld) want(records int64, partitions ...int32) {
	w.t.Helper()
	for _, n := range partitions {
		if got := w.east.PartitionInfo("west.orders", n).HighWatermark; got != records {
			w.t.Errorf("partition %d of the target has %d records, want %d", n, got, records)
		}
	}
}

// fetchersInUse counts those that a partition is assigned to.
func (w *sharingWorld) fetchersInUse() int {
	used := map[*fetcher]bool{}
	for _, p := range w.mirror.routes[0].partitions() {
		p.mu.Lock()
		used[p.fetcher] = true
		p.mu.Unlock()
	}
	return len(used)
}

// TestTrickleSharesOneFetch: what trickles in costs one Fetch and a Produce or two,
// however many partitions it is spread over.
func TestTrickleSharesOneFetch(t *testing.T) {
	withSharing(t, func(w *sharingWorld) {
		var produced atomic.Int64
		w.east.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
			w.east.KeepControl()
			if isOf(w.east, req.(*kmsg.ProduceRequest), "west.orders") {
				produced.Add(1)
			}
			return nil, nil, false
		})
		const rounds = 100
		for range rounds {
			w.write(10, 0, 1, 2, 3, 4, 5, 6, 7)
			time.Sleep(10 * time.Millisecond)
		}
		seen := w.fetches.take()
		w.want(rounds+1, 0, 1, 2, 3, 4, 5, 6, 7)
		for _, s := range seen {
			if s.partitions != allOfThem {
				t.Fatalf("a Fetch names %s and leaves the others to more requests", s.partitions)
			}
		}
		if most := 2*rounds + 10; len(seen) > most {
			t.Errorf("%d Fetch requests for %d rounds of a record in each partition, want at most %d", len(seen), rounds, most)
		}
		if most := int64(2*rounds + 10); produced.Load() > most {
			t.Errorf("%d Produce requests for %d rounds, want at most %d", produced.Load(), rounds, most)
		}
	})
}

// TestBacklogSpreads: partitions with a backlog have the connections apart from
// the shared one, and come back when they have none for a while.
func TestBacklogSpreads(t *testing.T) {
	withSharing(t, func(w *sharingWorld) {
		if got := w.fetchersInUse(); got != 1 {
			t.Errorf("%d fetchers serve partitions at their end, want 1", got)
		}
		rate := w.mirror.routes[0].throttle
		rate.setRate(1 << 30) // while the source is written to nothing more is fetched
		rate.spend(10 << 30)
		const batches = 20
		for range batches {
			w.write(20<<10, 0, 1, 2, 3, 4, 5, 6)
		}
		time.Sleep(10*time.Second + calmAfter/2) // too short to come back
		if got, want := w.fetchersInUse(), w.mirror.config.Routes[0].Limits.ConnectionsPerBroker; got != want {
			t.Errorf("%d fetchers serve a backlog, want all %d", got, want)
		}
		time.Sleep(10 * time.Second)
		w.want(batches+1, 0, 1, 2, 3, 4, 5, 6)
		w.fetches.take()
		time.Sleep(10 * time.Second)
		for _, s := range w.fetches.take() {
			if s.partitions != allOfThem || s.wait != pollWait {
				t.Fatalf("seconds later a Fetch names %s and waits for %v, want all and %v", s.partitions, s.wait, pollWait)
			}
		}
		if got := w.fetchersInUse(); got != 1 {
			t.Errorf("%d fetchers serve partitions at their end again, want 1", got)
		}
	})
}

// TestStalledPartitionLeaves: a partition whose target takes nothing neither waits
// with the others nor makes them ask more often.
func TestStalledPartitionLeaves(t *testing.T) {
	withSharing(t, func(w *sharingWorld) {
		w.east.ControlKey(kmsg.Produce.Int16(), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
			w.east.KeepControl()
			req := kreq.(*kmsg.ProduceRequest)
			if !isOf(w.east, req, "west.orders") {
				return nil, nil, false
			}
			for i, rt := range req.Topics {
				at := slices.IndexFunc(rt.Partitions, func(rp kmsg.ProduceRequestTopicPartition) bool { return rp.Partition == 0 })
				if at < 0 {
					continue
				}
				resp := req.ResponseKind().(*kmsg.ProduceResponse)
				st := kmsg.NewProduceResponseTopic()
				st.Topic, st.TopicID = rt.Topic, rt.TopicID
				for _, rp := range req.Topics[i].Partitions { // nothing of the request is taken
					sp := kmsg.NewProduceResponseTopicPartition()
					sp.Partition, sp.ErrorCode = rp.Partition, kerr.NotEnoughReplicas.Code
					st.Partitions = append(st.Partitions, sp)
				}
				resp.Topics = append(resp.Topics, st)
				return resp, nil, true
			}
			return nil, nil, false
		})
		w.write(10, 0)
		time.Sleep(20 * time.Second)
		w.fetches.take()
		const rounds = 20
		for i := range rounds {
			w.write(10, 1, 2, 3, 4, 5, 6, 7)
			time.Sleep(time.Second)
			w.want(int64(i+2), 1, 2, 3, 4, 5, 6, 7)
		}
		w.want(1, 0)
		for _, s := range w.fetches.take() {
			if s.partitions != "[0]" && s.wait != pollWait {
				t.Fatalf("a Fetch of %s waits for %v, want %v", s.partitions, s.wait, pollWait)
			}
		}
	})
}

// calmPartition is a partition of an inert route that has been at its end for a
// while, with the fetchers that serve it.
func calmPartition(t *testing.T) (p *partition, busy, shared *fetcher) {
	t.Helper()
	now := time.Now()
	p = openPartition(t, true, now)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	p.route.fetchers.start(ended) // no fetcher runs
	p.follower, p.sourceEnd = -1, 0
	p.sourceLeader.broker = 1
	p.attachFetcher()
	p.backlogAt = now.Add(-2 * calmAfter)
	busy, shared = p.fetcher, p.route.fetchers.byBroker[1][0]
	if busy.shared || !shared.shared {
		t.Fatal("a new partition belongs to the shared fetcher")
	}
	return p, busy, shared
}

// TestSharingTakesOver: the shared fetcher takes a partition over although another
// one's Fetch waits for it, whose answer then counts for nothing.
func TestSharingTakesOver(t *testing.T) {
	p, busy, shared := calmPartition(t)
	now := time.Now()
	old, ok, _ := p.fetchable(busy, now, 1)
	if !ok {
		t.Fatal("the partition is not fetched")
	}
	shared.gather(now)
	if p.fetcher != shared || shared.load() != 1 || busy.load() != 0 {
		t.Fatal("a calm partition has not joined the shared fetcher")
	}
	if _, ok, _ := p.fetchable(busy, now, 1); ok {
		t.Error("two fetchers may fetch at once")
	}
	next, ok, _ := p.fetchable(shared, now, 1)
	if !ok || next.cursor != old.cursor {
		t.Fatalf("the shared fetcher asks from offset %d, want %d", next.cursor, old.cursor)
	}
	answer := func() *kmsg.FetchResponseTopicPartition {
		a := kmsg.NewFetchResponseTopicPartition()
		a.HighWatermark, a.LastStableOffset = 3, 3
		a.RecordBatches = made{base: 0, last: 2, time: now.UnixMilli()}.bytes()
		return &a
	}
	budget := kafka.NewBudget(1 << 20)
	budget.Force(2)
	first, second := newHold(nil, 1, budget), newHold(nil, 1, budget)
	p.delivered(old, answer(), first, true)
	first.release()
	p.unfetched(old, "late", time.Hour)
	if len(p.queue) != 0 || p.cursor != 0 || p.fetchTrouble != "" || budget.Used() != 1 {
		t.Fatal("the answer to a Fetch that was given up counts")
	}
	p.delivered(next, answer(), second, true)
	second.release()
	if len(p.queue) != 1 || p.cursor != 3 || p.fetcher != shared {
		t.Errorf("%d batches up to offset %d are queued, want 1 up to 3", len(p.queue), p.cursor)
	}
}

// TestMovedWhileFetching: a partition that moves to another broker does not wait
// for the Fetch that names it at the old one, and takes nothing from its answer.
func TestMovedWhileFetching(t *testing.T) {
	p, busy, _ := calmPartition(t)
	now := time.Now()
	old, _, _ := p.fetchable(busy, now, 1)
	p.setSourceLeader(leadership{2, 5})
	next, ok, _ := p.fetchable(p.fetcher, now, 1)
	if !ok || next.cursor != old.cursor || next.leader.broker != 2 {
		t.Fatal("the partition is not fetched from its new leader")
	}
	a := kmsg.NewFetchResponseTopicPartition()
	a.ErrorCode = kerr.OffsetOutOfRange.Code
	p.delivered(old, &a, nil, true)
	p.unfetched(old, "late", time.Hour)
	if p.haltWhy != "" || p.fetchTrouble != "" || !p.fetching {
		t.Error("the answer of the old leader counts")
	}
}

// TestSharingJoins lists who does not share, and what makes a partition leave.
func TestSharingJoins(t *testing.T) {
	for name, set := range map[string]func(p *partition){
		"a backlog a moment ago":  func(p *partition) { p.backlogAt = time.Now() },
		"more on the source":      func(p *partition) { p.sourceEnd = p.cursor + 1 },
		"an end that is unknown":  func(p *partition) { p.sourceEnd = -1 },
		"trouble with fetching":   func(p *partition) { p.fetchTrouble = "no leader" },
		"a recovery to come":      func(p *partition) { p.haltWhy = "out of range" },
		"batches to be sent anew": func(p *partition) { p.phase = phaseRetry },
		"waiting":                 func(p *partition) { p.phase = phaseWaiting },
		"not ours any more":       func(p *partition) { p.mu.Unlock(); p.retire(); p.mu.Lock() },
	} {
		p, _, shared := calmPartition(t)
		p.mu.Lock()
		set(p)
		p.mu.Unlock()
		shared.gather(time.Now())
		if shared.load() != 0 {
			t.Errorf("with %s: joins", name)
		}
	}
	for name, happens := range map[string]func(p *partition){
		"a queue that is full": func(p *partition) { p.fetchable(p.fetcher, time.Now(), 0) },
		"an error of the source": func(p *partition) {
			p.trouble("the source does not answer")
		},
		"a recovery":     func(p *partition) { p.startRun(p.acked) },
		"another leader": func(p *partition) { p.setSourceLeader(leadership{2, 5}) },
	} {
		p, _, shared := calmPartition(t)
		shared.gather(time.Now())
		happens(p)
		if p.fetcher == nil || p.fetcher.shared || shared.load() != 0 || p.fetcher.load() != 1 {
			t.Errorf("after %s: still shares", name)
		}
	}
}

// TestOneConnection: with one connection to a broker there is nothing to share.
func TestOneConnection(t *testing.T) {
	p := openPartition(t, true, time.Now())
	p.route.config.Limits.ConnectionsPerBroker = 1
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	p.route.fetchers.start(ended)
	p.sourceLeader.broker = 1
	p.attachFetcher()
	p.backlogAt, p.sourceEnd = time.Time{}, 0
	p.fetcher.gather(time.Now())
	if got := p.route.fetchers.count(); got != 1 || p.fetcher.shared {
		t.Errorf("%d fetchers, want 1 that is not shared", got)
	}
	if _, wait := p.fetcher.choose(time.Now()); wait != pollWait {
		t.Errorf("a Fetch at the end waits for %v, want %v", wait, pollWait)
	}
}
