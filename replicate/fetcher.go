package replicate

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config/logkey"
	"mirror/kafka"
)

const (
	pollWait     = 500 * time.Millisecond // an idle Fetch waits this long at the broker
	shortWait    = 20 * time.Millisecond  // the same while a partition may join within moments, as any with a backlog may
	fetchTimeout = 30 * time.Second       // a Fetch without answer for so long loses its connection
	fetchFloor   = 256 << 10
	fetchCeiling = 16 << 20
	fetchNear    = 2 << 20 // enough for a broker without a noticeable round trip
	fetchFirst   = 1 << 20 // before a connection's rate is known
	roundTrips   = 8       // what a Fetch carries lasts about as many, so that waiting for the next costs little
)

// fetcher is one connection to one source broker and the goroutine that uses
// it, serially: a broker serves a connection's requests one by one anyway.
type fetcher struct {
	route  *route
	broker int32
	shared bool // for the partitions that are at their end
	wakeup chan struct{}

	mu    sync.Mutex // guards parts
	parts []*partition

	// Owned by the goroutine.
	conn       *kafka.Conn
	size       int // what the next Fetch asks for
	failures   int
	gatheredAt time.Time
	byKey      map[partKey]int // index into the requests of the Fetch under way
}

// partKey finds a partition in an answer: by topic id from Fetch v13 on, by
// name before.
type partKey struct {
	id     [16]byte
	topic  string
	number int32
}

func newFetcher(r *route, broker int32, shared bool) *fetcher {
	f := &fetcher{route: r, broker: broker, shared: shared, wakeup: make(chan struct{}, 1), size: fetchFirst, byKey: map[partKey]int{}}
	if shared {
		f.size = sharedBytes
	}
	return f
}

func (f *fetcher) add(p *partition) {
	f.mu.Lock()
	f.parts = append(f.parts, p)
	f.mu.Unlock()
	f.poke()
}

func (f *fetcher) remove(p *partition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, q := range f.parts {
		if q == p {
			f.parts = append(f.parts[:i:i], f.parts[i+1:]...)
			return
		}
	}
}

func (f *fetcher) list() []*partition {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.parts)
}

func (f *fetcher) load() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.parts)
}

func (f *fetcher) poke() {
	select {
	case f.wakeup <- struct{}{}:
	default:
	}
}

func (f *fetcher) run(ctx context.Context) {
	defer f.close()
	for ctx.Err() == nil {
		requests, wait := f.choose(time.Now())
		if len(requests) == 0 {
			if wait == pollWait {
				f.close() // nothing of ours on this broker: no idle connection
			}
			f.sleep(ctx, wait)
			continue
		}
		if err := f.fetch(ctx, requests, wait); err != nil {
			f.failed(ctx, requests, err)
		} else {
			f.failures = 0
		}
	}
}

func (f *fetcher) close() {
	if f.conn != nil {
		f.conn.Close()
		f.conn = nil
	}
}

func (f *fetcher) sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-f.wakeup:
	case <-t.C:
	}
}

// choose collects the partitions that want data, those that had none last time
// first, so that a full answer does not starve them. The wait is short while a
// partition that is left out may want data soon.
func (f *fetcher) choose(now time.Time) ([]request, time.Duration) {
	if f.route.draining.Load() {
		return nil, shortWait
	}
	f.gather(now)
	parts := f.list()
	queueCap := f.route.queueCap()
	wait := pollWait
	requests := make([]request, 0, len(parts))
	for _, p := range parts {
		r, ok, soon := p.fetchable(f, now, queueCap)
		if ok {
			requests = append(requests, r)
		} else if soon {
			wait = shortWait
		}
	}
	if len(requests) > 0 && !f.shared && f.route.fetchers.sharing() {
		wait = shortWait
	}
	return requests, wait
}

// failed gives requests back that got no answer.
func (f *fetcher) failed(ctx context.Context, requests []request, err error) {
	f.close()
	if ctx.Err() != nil {
		return
	}
	f.failures++
	delay := min(fetchBackoff<<min(f.failures-1, 6), backoffMax)
	why := kafka.Explain(err, f.route.source.config, fmt.Sprintf("fetch from broker %d", f.broker))
	for _, r := range requests {
		r.p.unfetched(r, why, delay)
	}
	if f.failures == 1 || f.failures%20 == 0 {
		f.route.log.Warn("fetching", logkey.Broker, f.broker, logkey.Err, why)
	}
	f.route.sourceLeaders.refresh()
	// Not woken by new work, so that a broker that is down is not asked more
	// often than the back-off says.
	_ = sleep(ctx, jitter(delay))
}

func (f *fetcher) connect(ctx context.Context) error {
	if f.conn != nil && f.conn.ReauthDue(time.Now()) {
		if err := f.conn.Reauth(ctx); err != nil {
			return err
		}
	}
	if f.conn != nil {
		return nil
	}
	addr, ok := f.route.sourceLeaders.addr(f.broker)
	if !ok {
		return fmt.Errorf("broker %d is not in the source's metadata", f.broker)
	}
	conn, err := f.route.source.dialer.Dial(ctx, addr)
	if err != nil {
		return err
	}
	f.conn = conn
	return nil
}

// fetch does one Fetch and hands out what it brought.
func (f *fetcher) fetch(ctx context.Context, requests []request, wait time.Duration) error {
	if err := f.route.throttle.wait(ctx); err != nil {
		return err
	}
	ask := min(f.size, f.route.mirror.fetchShare(), f.route.throttle.portion())
	budget := f.route.mirror.budget
	if err := budget.Acquire(ctx, int64(ask)); err != nil {
		return err
	}
	charged := int64(ask)
	settle := func(n int64) {
		if n > charged {
			budget.Force(n - charged)
		} else {
			budget.Release(charged - n)
		}
		charged = n
	}
	if err := f.connect(ctx); err != nil {
		settle(0)
		return err
	}
	req := f.request(requests, ask, wait)
	began := time.Now()
	cctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	got, err := f.conn.Fetch(cctx, req, f.route.mirror.pool, func(n int) { settle(int64(n)) })
	if err != nil {
		settle(0)
		return err
	}
	if err := f.sameTopics(cctx, requests, got); err != nil {
		got.Buf.Release()
		settle(0)
		return err
	}
	h := newHold(got.Buf, charged, budget)
	f.handOut(requests, got, h)
	f.route.throttle.spend(charged)
	f.resize(charged, time.Since(began), ask)
	h.release()
	return nil
}

// resize lets the next Fetch ask for what the connection carries during some
// round trips, but not for more than a second of it. More than that would only
// hold memory.
func (f *fetcher) resize(n int64, took time.Duration, asked int) {
	if f.shared || n < int64(asked)/2 || took <= 0 {
		return // the broker had no more; this says nothing about the connection
	}
	perSecond := float64(n) / took.Seconds()
	want := min(max(perSecond*roundTrips*f.conn.RTT().Seconds(), fetchNear), perSecond)
	f.size = int(min(max(want, fetchFloor), fetchCeiling))
}

func (f *fetcher) request(requests []request, ask int, wait time.Duration) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis = int32(wait.Milliseconds())
	req.MinBytes = 1
	req.MaxBytes = int32(ask)
	if f.route.config.ReadCommitted {
		req.IsolationLevel = 1
	}
	req.SessionEpoch = -1
	req.Rack = f.route.source.config.Rack
	clear(f.byKey)
	share := int32(max(ask/len(requests), min(ask, fetchFirst)))
	if f.shared {
		share = min(share, sharedPart)
	}
	topics := map[string]int{}
	for i, r := range requests {
		at, ok := topics[r.p.topic]
		if !ok {
			at = len(req.Topics)
			topics[r.p.topic] = at
			t := kmsg.NewFetchRequestTopic()
			t.Topic, t.TopicID = r.p.topic, r.id
			req.Topics = append(req.Topics, t)
		}
		p := kmsg.NewFetchRequestTopicPartition()
		p.Partition = r.p.number
		p.CurrentLeaderEpoch = r.leader.epoch
		p.FetchOffset = r.cursor
		p.LastFetchedEpoch = r.epoch
		p.LogStartOffset = -1
		p.PartitionMaxBytes = share
		req.Topics[at].Partitions = append(req.Topics[at].Partitions, p)
		f.byKey[partKey{id: r.id, number: r.p.number}] = i
		f.byKey[partKey{topic: r.p.topic, number: r.p.number}] = i
	}
	return req
}

func keyOf(t *kmsg.FetchResponseTopic, number int32) partKey {
	if t.Topic != "" {
		return partKey{topic: t.Topic, number: number}
	}
	return partKey{id: t.TopicID, number: number}
}

// sameTopics closes a hole of Fetch before v13, which names topics: one that
// was deleted and created again answers with the new topic's records. The ids
// are looked up after the answer and before anything of it is produced.
func (f *fetcher) sameTopics(ctx context.Context, requests []request, got *kafka.Fetched) error {
	if got.Version >= 13 || !carriesRecords(&got.FetchResponse) {
		return nil
	}
	want := map[string][16]byte{}
	req := kmsg.NewPtrMetadataRequest()
	for _, r := range requests {
		if _, seen := want[r.p.topic]; seen || r.id == ([16]byte{}) {
			continue
		}
		want[r.p.topic] = r.id
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(r.p.topic)
		req.Topics = append(req.Topics, t)
	}
	if len(want) == 0 || f.conn.MaxVersion(3) < 10 {
		return nil
	}
	resp, err := f.conn.Request(ctx, req)
	if err != nil {
		return err
	}
	for _, t := range resp.(*kmsg.MetadataResponse).Topics {
		if t.Topic != nil && t.ErrorCode == 0 && want[*t.Topic] == t.TopicID {
			delete(want, *t.Topic)
		}
	}
	for topic := range want {
		f.route.discovery.stale()
		return fmt.Errorf("topic %s was created again on the source", topic)
	}
	return nil
}

func carriesRecords(r *kmsg.FetchResponse) bool {
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			if len(r.Topics[i].Partitions[j].RecordBatches) > 0 {
				return true
			}
		}
	}
	return false
}

// handOut gives each partition its part of the answer, then moves those that
// got records behind those that got none.
func (f *fetcher) handOut(requests []request, got *kafka.Fetched, h *hold) {
	answered := make([]bool, len(requests))
	full := false
	if got.ErrorCode == 0 {
		for i := range got.Topics {
			t := &got.Topics[i]
			for j := range t.Partitions {
				a := &t.Partitions[j]
				at, ok := f.byKey[keyOf(t, a.Partition)]
				if !ok || answered[at] {
					continue // not asked for
				}
				answered[at] = true
				requests[at].got = len(a.RecordBatches)
				full = full || requests[at].got > 0
				f.deliver(requests[at], a, h)
			}
		}
	}
	for i, r := range requests {
		switch {
		case answered[i]:
		case full && got.ErrorCode == 0:
			// Kafka names all partitions; other brokers leave those out for which there was
			// no room. These come first next time.
			r.p.unfetched(r, "", 0)
		default:
			r.p.unfetched(r, fmt.Sprintf("the source's answer leaves out %s (error %d)", r.p, got.ErrorCode), fetchBackoff)
		}
	}
	f.rotate(requests)
}

func (f *fetcher) deliver(r request, a *kmsg.FetchResponseTopicPartition, h *hold) {
	fromLeader := f.broker == r.leader.broker
	r.p.delivered(r, a, h, fromLeader)
	if a.PreferredReadReplica >= 0 && a.PreferredReadReplica != f.broker {
		r.p.follow(a.PreferredReadReplica)
	}
}

func (f *fetcher) rotate(requests []request) {
	full := map[*partition]bool{}
	for _, r := range requests {
		if r.got > 0 {
			full[r.p] = true
		}
	}
	if len(full) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	order := make([]*partition, 0, len(f.parts))
	var tail []*partition
	for _, p := range f.parts {
		if full[p] {
			tail = append(tail, p)
		} else {
			order = append(order, p)
		}
	}
	f.parts = append(order, tail...)
}

// follow reads from the replica that the leader names as nearest (KIP-392).
func (p *partition) follow(replica int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.route.sourceLeaders.addr(replica); !known || p.phase == phaseRetired || time.Now().Before(p.leaderUntil) {
		return
	}
	p.follower, p.followedAt = replica, time.Now()
	p.attachFetcher()
}
