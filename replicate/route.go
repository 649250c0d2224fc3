package replicate

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/config/logkey"
	"mirror/kafka"
	"mirror/monitor"
	"mirror/offsets"
)

const (
	queueCeiling = 6 << 20         // of one partition: a full window of large batches and one to come
	drainFor     = 3 * time.Second // how long a stop waits for answers
	sayAgain     = 10 * time.Second
	connectEvery = time.Second
)

// route copies from one source to one target.
type route struct {
	mirror *Mirror
	config *config.Route
	digest string // of config
	log    *slog.Logger

	backfill *Backfill // nil for a copy without an end

	source, target               *side
	sourceLeaders, targetLeaders *leaders
	fetchers                     *fetchers
	producers                    *producers
	throttle                     *throttle
	recoveries                   *workqueue
	discovery                    *discovery
	ledger                       *ledger
	lanes                        *lanes
	fleet                        *fleet
	meter                        meter
	others                       *others
	left                         *left
	beatEvery                    time.Duration
	pulse                        *pulse
	groupSync                    *groupSync // nil where sync.groups is off

	draining atomic.Bool
	expiry   atomic.Int64 // the target's producer.id.expiration.ms, as a time.Duration
	saving   sync.Mutex   // one writer of checkpoints at a time
	claims   sync.WaitGroup

	mu      sync.Mutex     // guards what follows
	open    map[int32]bool // lanes that are ours and replayed: partitions may live in them
	parts   map[partID]*partition
	list    []*partition // the same, in order
	plan    *RoutePlan
	trouble string // why the route as a whole does not work
	fatal   bool   // trouble needs a decision
	running context.Context
}

type partID struct {
	topic  string
	number int32
}

func newRoute(m *Mirror, c *config.Route) (*route, error) {
	r := &route{mirror: m, config: c, digest: c.Digest(), log: m.log.With(logkey.Route, c.Name), parts: map[partID]*partition{}, open: map[int32]bool{},
		others: newOthers(), left: newLeft(), beatEvery: beatEvery, pulse: newPulse(), throttle: &throttle{}, recoveries: newWorkqueue(), trouble: "starting"}
	r.fetchers, r.producers, r.ledger = newFetchers(r), newProducers(r), newLedger(r)
	clientID := "mirror-" + m.config.Name
	var err error
	if r.source, err = newSide(m.config.Clusters[c.From], clientID, m.dial); err != nil {
		return nil, err
	}
	if r.target, err = newSide(m.config.Clusters[c.To], clientID, m.dial, kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DisableIdempotentWrite(), kgo.ProducerLinger(0)); err != nil {
		r.source.client.Close()
		return nil, err
	}
	r.sourceLeaders, r.targetLeaders = newLeaders(r, r.source, false), newLeaders(r, r.target, true)
	r.discovery = newDiscovery(r)
	topic := offsets.TopicName(c.Name)
	r.lanes = newLanes(topic, c.Lanes, m.process, offsets.NewStore(r.target.client, topic), r.log)
	r.lanes.onReady, r.lanes.onPause, r.lanes.onRate, r.lanes.onGeneration, r.lanes.self = r.laneReady, r.pauseChanged, r.setRate, r.generationSeen, r.ownerRecord
	r.fleet = newFleet(topic, m.process, r.log)
	r.fleet.opts, r.fleet.pulse = r.groupClient, r.pulse
	r.fleet.renamed = r.lanes.rename
	r.fleet.assigned, r.fleet.revoked, r.fleet.counted = r.lanesAssigned, r.lanesRevoked, r.discovery.adoptAgain
	if c.Sync.Groups != nil {
		r.groupSync = newGroupSync(r)
	}
	r.expiry.Store(int64(time.Hour)) // what is assumed while the target's setting cannot be read
	return r, nil
}

func (r *route) close() {
	r.source.client.Close()
	r.target.client.Close()
}

// run copies until ctx ends and then drains.
func (r *route) run(ctx context.Context) {
	defer r.close()
	if !r.connect(ctx) {
		return
	}
	follower, err := r.laneClient()
	if err != nil {
		r.setTrouble(err.Error(), true)
		<-ctx.Done()
		return
	}
	defer follower.Close()
	r.lanes.members.begin(time.Now())
	if r.config.Watch {
		r.watch(ctx, follower)
		return
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	r.mu.Lock()
	r.running = work
	r.mu.Unlock()
	r.fetchers.start(work)
	r.producers.start(work)

	member, leave := context.WithCancel(work)
	defer leave()
	var crew, membership sync.WaitGroup
	start := func(wg *sync.WaitGroup, f func()) {
		wg.Add(1)
		go func() { defer wg.Done(); f() }()
	}
	start(&crew, func() { r.lanes.follow(work, follower) })
	start(&crew, func() { r.sourceLeaders.run(work) })
	start(&crew, func() { r.targetLeaders.run(work) })
	start(&crew, func() { r.recoveries.run(work, recoveryWorkers, r.recoverPartition) })
	start(&crew, func() { r.ledger.run(work) })
	start(&crew, func() { r.checkpoints(work) })
	start(&crew, func() { r.discovery.run(work) })
	start(&crew, func() { r.watchExpiry(work) })
	start(&crew, func() { r.watchEnds(work) })
	start(&crew, func() { r.watchOthers(work) })
	start(&crew, func() { r.beats(work) })
	if r.backfill != nil {
		start(&crew, func() { r.backfill.run(work, r) })
	} else if r.groupSync != nil {
		start(&crew, func() { r.groupSync.run(work) })
	}
	start(&membership, func() {
		if err := r.fleet.run(member); err != nil {
			r.setTrouble(err.Error(), true)
		}
	})

	<-ctx.Done()
	r.drain(work)
	leave()
	membership.Wait()
	cancel()
	crew.Wait()
	r.claims.Wait()
	r.fetchers.wait()
	r.producers.wait()
	r.log.Info("stopped")
}

// drain lets the answers to what was sent come in and writes clean checkpoints.
func (r *route) drain(ctx context.Context) {
	r.log.Info("draining")
	r.draining.Store(true)
	deadline := time.Now().Add(drainFor)
	for time.Now().Before(deadline) && r.flying() > 0 {
		time.Sleep(5 * time.Millisecond)
	}
	if !r.fleet.mayWrite() || r.flying() > 0 {
		return // not ours to write, or the target does not answer
	}
	if err := r.saveCheckpoints(ctx, r.partitions(), true); err != nil {
		r.log.Warn("last checkpoints", logkey.Err, err)
	}
}

func (r *route) flying() int {
	n := 0
	for _, p := range r.partitions() {
		p.mu.Lock()
		n += p.flying
		p.mu.Unlock()
	}
	return n
}

// connect learns who both clusters are and prepares the checkpoint topic. It
// tries until it works or ctx ends and says every ten seconds what is wrong;
// what only a decision can change it says once.
func (r *route) connect(ctx context.Context) bool {
	var said time.Time
	defer r.pulse.ended("connecting")
	for {
		r.pulse.expect("connecting", pulseWithin)
		err := r.connectOnce(ctx)
		if err == nil {
			r.setTrouble("waiting for its lanes", false)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		why, fatal := r.explainConnect(err)
		r.setTrouble(why, fatal)
		if time.Since(said) >= sayAgain {
			said = time.Now()
			r.log.Error("not connected", logkey.Why, why)
		}
		if sleep(ctx, connectEvery) != nil {
			return false
		}
	}
}

// sideError is trouble with one of the two clusters.
type sideError struct {
	side *side
	what string
	err  error
}

func (e *sideError) Error() string { return kafka.Explain(e.err, e.side.config, e.what) }
func (e *sideError) Unwrap() error { return e.err }

func (r *route) connectOnce(ctx context.Context) error {
	cctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, s := range []*side{r.source, r.target} {
		if err := s.learnID(cctx); err != nil {
			return &sideError{s, "connect", err}
		}
	}
	if !r.config.Watch {
		if err := r.target.remembersProducers(cctx); err != nil {
			return err
		}
	}
	switch {
	case r.source.id == r.target.id:
		return stopf("source %s and target %s are the same cluster (id %s): give them brokers of different clusters; containers of one image often share a default cluster id",
			r.config.From, r.config.To, r.source.id)
	case r.source.origin == r.target.origin:
		return stopf("the cluster ids of %s (%s) and %s (%s) cannot be told apart in producer ids; one of the clusters needs another id", r.config.From, r.source.id, r.config.To, r.target.id)
	}
	if r.config.Watch {
		return r.findTopic(cctx)
	}
	warnings, err := offsets.EnsureTopic(cctx, kadm.NewClient(r.target.client), r.lanes.topic, r.config.Lanes, r.config.TopicDefaults.ReplicationFactor)
	for _, w := range warnings {
		r.log.Warn("checkpoint topic", logkey.Warning, w)
	}
	if err != nil {
		return &sideError{r.target, "prepare the checkpoint topic " + r.lanes.topic, err}
	}
	return nil
}

func (r *route) setTrouble(why string, fatal bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble, r.fatal = why, fatal
}

// groupClient makes the client of the fleet's group.
func (r *route) groupClient(instance string) (*kgo.Client, error) {
	s, err := newSide(r.target.config, "mirror-"+r.mirror.config.Name, r.mirror.dial, r.fleet.options(instance)...)
	if err != nil {
		return nil, err
	}
	s.client.PauseFetchTopics(r.lanes.topic)
	return s.client, nil
}

// laneClient makes the client that replays the checkpoint topic.
func (r *route) laneClient() (*kgo.Client, error) {
	from := map[int32]kgo.Offset{}
	for i := range r.config.Lanes {
		from[int32(i)] = kgo.NewOffset().At(0) // unlike AtStart it needs no answer of a leader that may not know yet that it is one
	}
	s, err := newSide(r.target.config, "mirror-"+r.mirror.config.Name, r.mirror.dial,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{r.lanes.topic: from}), kgo.FetchMaxWait(500*time.Millisecond),
		// What is read ahead is beside the byte budget, and decoded it is several times as large.
		kgo.FetchMaxBytes(2<<20), kgo.FetchMaxPartitionBytes(256<<10))
	if err != nil {
		return nil, err
	}
	return s.client, nil
}

// partitions lists the partitions that this process copies.
func (r *route) partitions() []*partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

// producerExpiry is how long the target remembers an idle producer.
func (r *route) producerExpiry() time.Duration { return time.Duration(r.expiry.Load()) }

// queueCap bounds what one partition may have queued, never so much that partitions which cannot send fill the whole budget.
func (r *route) queueCap() int64 {
	n := int64(max(len(r.partitions()), 1))
	return min(queueCeiling, max(r.mirror.budget.Total()/2/n, 64<<10))
}

// lanesAssigned claims lanes that the group has given to us.
func (r *route) lanesAssigned(numbers []int32) {
	r.mu.Lock()
	ctx := r.running
	r.mu.Unlock()
	r.left.regain(numbers)
	r.setRate()
	r.claims.Add(1)
	go func() {
		defer r.claims.Done()
		r.lanes.claim(ctx, numbers)
	}()
}

// lanesRevoked lets lanes go: what was sent is waited for and put on record,
// unless the group has given them to somebody already.
func (r *route) lanesRevoked(ctx context.Context, numbers []int32, lost bool) {
	parts := r.closeLanes(numbers)
	r.setRate()
	clean := !lost && r.fleet.mayWrite()
	if !clean {
		r.left.lose(numbers, parts)
	}
	if clean && !r.draining.Load() { // a route that stops has drained already
		r.handOver(ctx, parts)
	}
	for _, p := range parts {
		p.retire()
		r.mirror.registry.Remove(r.config.Name, p.topic, p.number) // not before the last answers are counted
	}
	r.lanes.release(ctx, numbers, clean)
}

// closeLanes takes lanes and their partitions out of the route. Nothing begins
// in them from here on.
func (r *route) closeLanes(numbers []int32) []*partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range numbers {
		delete(r.open, n)
	}
	var gone, stay []*partition
	for _, p := range r.list {
		if r.open[p.lane] {
			stay = append(stay, p)
			continue
		}
		gone = append(gone, p)
		delete(r.parts, partID{p.topic, p.number})
	}
	r.list = stay
	return gone
}

// laneOpen says whether partitions of a lane may be copied by this process.
func (r *route) laneOpen(lane int32) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open[lane]
}

// handOver stops parts and writes their last checkpoints.
func (r *route) handOver(ctx context.Context, parts []*partition) {
	for _, p := range parts {
		p.mu.Lock()
		p.leaving = true
		p.mu.Unlock()
	}
	deadline := time.Now().Add(drainFor)
	for time.Now().Before(deadline) {
		busy := 0
		for _, p := range parts {
			p.mu.Lock()
			busy += p.flying
			p.mu.Unlock()
		}
		if busy == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := r.saveCheckpoints(ctx, parts, true); err != nil {
		r.log.Warn("last checkpoints before a hand-over", logkey.Err, err)
	}
}

// laneReady is called when a lane of ours has been replayed to its end.
func (r *route) laneReady(lane int32) {
	r.mu.Lock()
	if r.fleet.owns(lane) && r.lanes.isReady(lane) {
		r.open[lane] = true
	}
	r.mu.Unlock()
	r.discovery.adoptAgain()
}

// setRate gives this process its share of the route's rate: as many parts of it as
// it has lanes. It is called when one of the two changes.
func (r *route) setRate() {
	rate := float64(rateLimit(r.config, r.lanes.state).BytesPerSecond)
	r.throttle.setRate(rate * float64(len(r.fleet.owned())) / float64(r.config.Lanes))
}

func (r *route) counters(topic string, number int32) *monitor.Partition {
	return r.mirror.registry.Partition(r.config.Name, topic, number)
}
