package replicate

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A Fetch of a slow route asks for a part of a second's bytes: whatever it brings
// in vain, as for a partition that recovers meanwhile, has to be paid for too.
func TestThrottlePortion(t *testing.T) {
	for rate, want := range map[float64]int{0: fetchCeiling, 1000: 16 << 10, 400 << 10: 100 << 10, 1 << 40: fetchCeiling} {
		var th throttle
		th.setRate(rate)
		if got := th.portion(); got != want {
			t.Errorf("at %.0f bytes a second: %d bytes, want %d", rate, got, want)
		}
	}
}

// TestThrottle pays for what was fetched at the route's rate, on a clock that
// does not run by itself.
func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var th throttle
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		wait := func(want time.Duration) {
			t.Helper()
			if err := th.wait(ctx); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(began); got != want {
				t.Errorf("may fetch at %s, want %s", got, want)
			}
		}
		th.spend(1 << 40)
		wait(0) // no rate, no limit
		th.setRate(1000)
		wait(0) // nothing is spent yet
		th.spend(500)
		th.spend(1500)
		wait(2 * time.Second)
		time.Sleep(10 * time.Second)
		th.spend(1000) // what was not used before is not saved up
		wait(13 * time.Second)
		th.setRate(100)
		th.spend(100)
		wait(14 * time.Second)

		th.spend(100 << 10) // would be paid in 1024 s
		raised := make(chan error)
		go func() { raised <- th.wait(ctx) }()
		time.Sleep(24 * time.Second)
		th.setRate(10_000)
		if err := <-raised; err != nil {
			t.Fatal(err)
		}
		wait(48 * time.Second) // 10 s at the new rate
		th.spend(1 << 30)
		go func() { raised <- th.wait(ctx) }()
		synctest.Wait()
		th.setRate(0)
		if err := <-raised; err != nil {
			t.Fatal(err)
		}
		wait(48 * time.Second) // no limit, no debt
		th.setRate(1000)
		th.spend(1 << 30)
		th.setRate(1e-9) // a wait that no Duration can hold
		if d := time.Until(th.until()); d != longestWait {
			t.Errorf("waits for %s, want %s", d, longestWait)
		}
		th.setRate(100)

		th.spend(1 << 30)
		done := make(chan error)
		go func() { done <- th.wait(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v at the end, want %v", err, context.Canceled)
		}
		th.setRate(0)
		if err := new(throttle).wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v without a rate at the end, want %v", err, context.Canceled)
		}
	})
}
