package replicate

import (
	"context"
	"slices"
	"sync"
	"time"
)

// fetchers is the pool of fetchers of a route: up to connections_per_broker for
// each source broker that leads one of its partitions.
// With more than one the first is the shared one, see sharing.go.
type fetchers struct {
	route *route

	mu       sync.Mutex // guards what follows
	ctx      context.Context
	byBroker map[int32][]*fetcher // the shared one first, unless there is only one
	wg       sync.WaitGroup
}

func newFetchers(r *route) *fetchers { return &fetchers{route: r, byBroker: map[int32][]*fetcher{}} }

// start lets fetchers run until ctx ends.
func (fs *fetchers) start(ctx context.Context) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.ctx = ctx
}

// assign gives p to the least loaded fetcher of a broker, the shared one apart.
func (fs *fetchers) assign(broker int32, p *partition) *fetcher {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.sharing() && len(fs.byBroker[broker]) == 0 {
		fs.begin(broker)
	}
	pool := fs.byBroker[broker]
	var best *fetcher
	for _, f := range pool {
		if !f.shared && (best == nil || f.load() < best.load()) {
			best = f
		}
	}
	if best == nil || best.load() > 0 && len(pool) < fs.route.config.Limits.ConnectionsPerBroker {
		best = fs.begin(broker)
	}
	best.add(p)
	return best
}

// begin adds a fetcher for a broker. The mutex is held.
func (fs *fetchers) begin(broker int32) *fetcher {
	f := newFetcher(fs.route, broker, fs.sharing() && len(fs.byBroker[broker]) == 0)
	fs.byBroker[broker] = append(fs.byBroker[broker], f)
	ctx := fs.ctx
	fs.wg.Go(func() { f.run(ctx) })
	return f
}

// sharing says whether a broker has a fetcher that partitions at their end share.
func (fs *fetchers) sharing() bool { return fs.route.config.Limits.ConnectionsPerBroker > 1 }

// others lists the fetchers of a broker but f.
func (fs *fetchers) others(f *fetcher) []*fetcher {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(fs.byBroker[f.broker]), func(g *fetcher) bool { return g == f })
}

// count is how many connections the route may use to fetch.
func (fs *fetchers) count() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	n := 0
	for _, pool := range fs.byBroker {
		n += len(pool)
	}
	return n
}

func (fs *fetchers) wait() { fs.wg.Wait() }

const (
	portionTime  = 250 * time.Millisecond
	portionLeast = 16 << 10
	longestWait  = 1000 * time.Hour // so that no sum of waits overflows
)

// throttle holds a route to bytes_per_second.
type throttle struct {
	mu      sync.Mutex // guards what follows
	rate    float64    // bytes per second, 0 no limit
	free    time.Time
	changed chan struct{} // closed when the rate changes; nil while nobody waits
}

// setRate changes the rate. What is not paid for yet is paid at the new one, and
// who waits is woken: at a very low rate the wait could be one of days.
func (t *throttle) setRate(bytesPerSecond float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rate == bytesPerSecond {
		return
	}
	now := time.Now()
	switch debt := t.free.Sub(now); {
	case debt <= 0:
	case bytesPerSecond <= 0:
		t.free = now
	default:
		t.free = now.Add(time.Duration(min(float64(debt)*t.rate/bytesPerSecond, float64(longestWait))))
	}
	t.rate = bytesPerSecond
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// spend notes that n bytes were fetched; the next wait lasts until they are
// paid for.
func (t *throttle) spend(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rate <= 0 {
		return
	}
	if now := time.Now(); t.free.Before(now) {
		t.free = now
	}
	t.free = t.free.Add(time.Duration(float64(n) / t.rate * float64(time.Second)))
}

// portion is what one Fetch may ask for, so that several connections together do
// not fetch at once what takes many seconds to pay for.
func (t *throttle) portion() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rate <= 0 {
		return fetchCeiling
	}
	return int(min(max(t.rate*portionTime.Seconds(), portionLeast), fetchCeiling))
}

// until is the time up to which nothing may be fetched; zero without a rate.
func (t *throttle) until() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.free
}

func (t *throttle) wait(ctx context.Context) error {
	for {
		t.mu.Lock()
		d := time.Until(t.free)
		if d > 0 && t.changed == nil {
			t.changed = make(chan struct{})
		}
		changed := t.changed
		t.mu.Unlock()
		if d <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(d)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
