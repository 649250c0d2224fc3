package replicate

import (
	"math"
	"testing"
	"time"
)

// TestCollectLimit lets small requests go one at a time and a backlog's together,
// also while a partition has all in flight that it may: the next batch follows the
// first answer, not the last one.
func TestCollectLimit(t *testing.T) {
	now := time.Now()
	p := openPartition(t, true, now)
	p.route.fleet.ok.Store(math.MaxInt64)
	w := newProducer(p.route, 1)
	p.producer = w
	for range 3 * window {
		p.queued(1, now)
	}
	collect := func(items, limit int) {
		t.Helper()
		if got := len(w.collect([]*partition{p})); got != items || w.limit != limit {
			t.Fatalf("got %d batches and a limit of %d, want %d and %d", got, w.limit, items, limit)
		}
	}
	for range window {
		collect(1, requestsFlying)
	}
	collect(0, requestsFlying)
	p.queue, p.sent = p.queue[2*window:], 0 // all but the last few are acked
	collect(1, 1)
	p.queue = p.queue[:1]
	collect(0, 1)
}
