package replicate

import (
	"bytes"
	"sync/atomic"
	"time"

	"mirror/kafka"
)

// hold is memory of the process budget that queued batches pin: one Fetch
// response (its pooled buffer), or one batch that the deep copy made. The last
// batch that lets go of it returns both the buffer and the bytes.
type hold struct {
	refs   atomic.Int32
	buf    *kafka.Buffer // nil for memory that the garbage collector owns
	bytes  int64
	budget kafka.Budget
}

// newHold takes over bytes that the caller has charged to budget already. The
// caller owns the first reference.
func newHold(buf *kafka.Buffer, bytes int64, budget kafka.Budget) *hold {
	h := &hold{buf: buf, bytes: bytes, budget: budget}
	h.refs.Store(1)
	return h
}

func (h *hold) retain() *hold {
	h.refs.Add(1)
	return h
}

func (h *hold) release() {
	if h == nil || h.refs.Add(-1) != 0 {
		return
	}
	if h.buf != nil {
		h.buf.Release()
		h.buf = nil
	}
	h.budget.Release(h.bytes)
}

// pinFor is how long a batch that waits may keep the whole Fetch answer in
// memory that it came with.
const pinFor = time.Second

// unpin copies batches out of their Fetch answers that have waited for long, so
// that a few kilobytes for a target that is away do not hold megabytes of the
// budget.
func (p *partition) unpin(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.queue {
		if o.inFlight || o.hold == nil || o.hold.buf == nil || now.Sub(o.fetchedAt) < pinFor {
			continue
		}
		budget := o.hold.budget
		budget.Force(int64(len(o.raw)))
		o.raw = bytes.Clone(o.raw)
		o.hold.release()
		o.hold = newHold(nil, int64(len(o.raw)), budget)
	}
}
