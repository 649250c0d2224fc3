package replicate

import (
	"context"
	"sync"
)

// workqueue hands partitions to a fixed number of workers, in order, each once
// at a time. Adding never blocks.
type workqueue struct {
	mu     sync.Mutex // guards what follows
	filled *sync.Cond
	items  []*partition
	queued map[*partition]bool
	closed bool
}

func newWorkqueue() *workqueue {
	q := &workqueue{queued: map[*partition]bool{}}
	q.filled = sync.NewCond(&q.mu)
	return q
}

func (q *workqueue) add(p *partition) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.queued[p] {
		q.queued[p] = true
		q.items = append(q.items, p)
		q.filled.Signal()
	}
}

// next waits for a partition; nil means that the queue is closed.
func (q *workqueue) next() *partition {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.filled.Wait()
	}
	if q.closed {
		return nil
	}
	p := q.items[0]
	q.items = q.items[1:]
	delete(q.queued, p)
	return p
}

// run lets n workers do work until ctx ends.
func (q *workqueue) run(ctx context.Context, n int, work func(context.Context, *partition)) {
	stop := context.AfterFunc(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.closed = true
		q.filled.Broadcast()
	})
	defer stop()
	var wg sync.WaitGroup
	for range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for p := q.next(); p != nil; p = q.next() {
				work(ctx, p)
			}
		}()
	}
	wg.Wait()
}
