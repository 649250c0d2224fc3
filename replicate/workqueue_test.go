package replicate

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// TestWorkqueueOrder hands out each partition once, in the order of adding, and
// again when it was added again after its turn began.
func TestWorkqueueOrder(t *testing.T) {
	q := newWorkqueue()
	a, b := &partition{topic: "a"}, &partition{topic: "b"}
	for _, p := range []*partition{a, b, a, b, b} {
		q.add(p)
	}
	got := []*partition{q.next()}
	q.add(a)
	got = append(got, q.next(), q.next())
	if want := []*partition{a, b, a}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(q.items) != 0 || len(q.queued) != 0 {
		t.Errorf("%d items are left", len(q.items))
	}
}

// TestWorkqueueRun lets several partitions be worked on at once, wakes idle
// workers, and returns when the work that is under way at the end is done.
func TestWorkqueueRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newWorkqueue()
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var began, ended int
		gate := make(chan struct{})
		ran := make(chan struct{})
		go func() {
			defer close(ran)
			q.run(ctx, 3, func(context.Context, *partition) {
				mu.Lock()
				began++
				mu.Unlock()
				<-gate
				mu.Lock()
				ended++
				mu.Unlock()
			})
		}()
		counts := func(wantBegan, wantEnded int) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if began != wantBegan || ended != wantEnded {
				t.Errorf("%d begun and %d done, want %d and %d", began, ended, wantBegan, wantEnded)
			}
		}
		counts(0, 0)
		for range 5 {
			q.add(&partition{})
		}
		counts(3, 0)
		gate <- struct{}{}
		counts(4, 1)
		cancel()
		counts(4, 1)
		select {
		case <-ran:
			t.Error("run returned with work under way")
		default:
		}
		close(gate)
		<-ran
		counts(4, 4) // the fifth is not begun any more
		if p := q.next(); p != nil {
			t.Errorf("got %v from a closed queue", p)
		}
	})
}
