package kafka

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// waiters waits until n callers wait in Acquire.
func waiters(t *testing.T, b *MemoryBudget, n int) {
	t.Helper()
	for range 5000 {
		b.mu.Lock()
		got := b.waiting.Len()
		b.mu.Unlock()
		if got == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("never saw %d waiters", n)
}

func TestBudgetIsFair(t *testing.T) {
	b := NewBudget(100)
	ctx := context.Background()
	if err := b.Acquire(ctx, 60); err != nil {
		t.Fatal(err)
	}
	order := make(chan int64, 3)
	var all sync.WaitGroup
	for i, n := range []int64{80, 10, 20} { // 10 and 20 would fit at once, but stand behind 80
		all.Go(func() {
			if err := b.Acquire(ctx, n); err != nil {
				t.Error(err)
			}
			order <- n
		})
		waiters(t, b, i+1)
	}
	b.Release(60)
	waiters(t, b, 1) // 80 and 10 fit, 20 does not
	if a, b := <-order, <-order; a+b != 90 {
		t.Errorf("granted %d and %d, want 80 and 10", a, b)
	}
	if got := b.Used(); got != 90 {
		t.Errorf("used: got %d, want 90", got)
	}
	b.Release(80)
	if got := <-order; got != 20 {
		t.Errorf("granted %d, want 20", got)
	}
	all.Wait()
}

func TestBudgetMoreThanTotalWaitsForEmpty(t *testing.T) {
	b := NewBudget(100)
	b.Force(1)
	granted := make(chan error, 1)
	go func() { granted <- b.Acquire(context.Background(), 500) }()
	waiters(t, b, 1)
	b.Release(1)
	if err := <-granted; err != nil {
		t.Fatal(err)
	}
	if got := b.Used(); got != 500 {
		t.Errorf("used: got %d, want 500", got)
	}
	b.Release(500)
}

func TestBudgetCancelLetsOthersPass(t *testing.T) {
	b := NewBudget(100)
	b.Force(60)
	cause := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(context.Background())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- b.Acquire(ctx, 90) }()
	waiters(t, b, 1)
	go func() { second <- b.Acquire(context.Background(), 30) }()
	waiters(t, b, 2)
	cancel(cause)
	if err := <-first; !errors.Is(err, cause) {
		t.Errorf("cancelled: got %v, want %v", err, cause)
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
	if got := b.Used(); got != 90 {
		t.Errorf("used: got %d, want 90", got)
	}
}

func TestBudgetUnderLoad(t *testing.T) {
	b := NewBudget(1000)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 500 {
				n := int64(1 + (i*37+j*91)%400)
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+j%7)*time.Millisecond)
				if b.Acquire(ctx, n) == nil {
					if used := b.Used(); used > 1000 {
						t.Errorf("used: got %d, want at most 1000", used)
					}
					b.Release(n)
				}
				cancel()
			}
		})
	}
	all.Wait()
	if got := b.Used(); got != 0 {
		t.Errorf("used at the end: got %d, want 0", got)
	}
}

func TestBudgetReleaseTooMuch(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	NewBudget(1).Release(1)
}
