package kafka

import (
	"container/list"
	"context"
	"fmt"
	"sync"
)

// Budget is what this package's callers charge memory to. All amounts are bytes.
type Budget interface {
	// Acquire waits until n bytes are free and takes them, or returns an error that wraps the context's.
	Acquire(ctx context.Context, n int64) error
	// Force takes n bytes at once, beyond the total if it must: for memory that is already in use.
	Force(n int64)
	// Release gives n bytes back.
	Release(n int64)
}

// MemoryBudget is a first-in-first-out memory budget: nobody who asks for little overtakes one who asks for much, so a
// large request cannot starve. It is safe for concurrent use.
type MemoryBudget struct {
	total int64 // immutable

	mu      sync.Mutex // guards the rest
	used    int64
	waiting list.List // of *claim, oldest first
}

// claim is one waiting Acquire; ready is closed, under the budget's mutex, when its bytes have been taken.
type claim struct {
	n     int64
	ready chan struct{}
}

// NewBudget returns a budget of total bytes.
func NewBudget(total int64) *MemoryBudget { return &MemoryBudget{total: total} }

// Acquire implements Budget. A request for more than the total waits until nothing else is in use, since it could never
// fit otherwise.
func (b *MemoryBudget) Acquire(ctx context.Context, n int64) error {
	b.mu.Lock()
	if b.waiting.Len() == 0 && b.fits(n) {
		b.used += n
		b.mu.Unlock()
		return nil
	}
	c := &claim{n: n, ready: make(chan struct{})}
	e := b.waiting.PushBack(c)
	b.mu.Unlock()

	select {
	case <-c.ready:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-c.ready: // granted while the context ended: the caller does not get it
		b.used -= n
	default:
		b.waiting.Remove(e)
	}
	b.grant() // whoever stood behind may fit now
	return fmt.Errorf("acquire %d bytes of the memory budget: %w", n, context.Cause(ctx))
}

// Force implements Budget.
func (b *MemoryBudget) Force(n int64) {
	b.mu.Lock()
	b.used += n
	b.mu.Unlock()
}

// Release implements Budget. Releasing more than was taken panics, because from then on the budget would bound nothing.
func (b *MemoryBudget) Release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.used < 0 {
		panic("kafka: more memory released than was acquired")
	}
	b.grant()
}

// Used returns the bytes taken now; Force can bring it above Total.
func (b *MemoryBudget) Used() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// Total returns the size of the budget in bytes.
func (b *MemoryBudget) Total() int64 { return b.total }

// fits tells whether n bytes may be taken now. The mutex is held.
func (b *MemoryBudget) fits(n int64) bool { return b.used+n <= b.total || b.used <= 0 }

// grant hands bytes to those who wait, oldest first, until one does not fit. The mutex is held.
func (b *MemoryBudget) grant() {
	for e := b.waiting.Front(); e != nil; e = b.waiting.Front() {
		c := e.Value.(*claim)
		if !b.fits(c.n) {
			return
		}
		b.used += c.n
		b.waiting.Remove(e)
		close(c.ready)
	}
}
