package replicate

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/monitor"
)

// TestUnreachableTargetShows checks that a target broker which cannot be reached
// shows as waiting, with the reason, for as long as it is away.
func TestUnreachableTargetShows(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 10)
	b := &breaker{addr: p.east.ListenAddrs()[0]}
	m, _ := startDialing(t, c, b.dial)
	values(t, p.east, "west.orders", 0, 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	b.cut()
	produce(t, p.west, "orders", 0, "b", 10)
	if got := waitState(t, m, "orders", monitor.Waiting); got.Reason == "" {
		t.Error("no reason is shown")
	}
	tries := b.refused.Load()
	waitFor(t, func() string {
		if b.refused.Load() < tries+10 {
			return "nobody tries to connect again"
		}
		return ""
	})
	if got := m.Status().Routes[0].Topics[0].Partitions[0]; got.State != monitor.Waiting || got.Reason == "" {
		t.Errorf("shown as %s because %q after more tries, want %s and a reason", got.State, got.Reason, monitor.Waiting)
	}
	b.mend()
	wantValues(t, values(t, p.east, "west.orders", 0, 20)[10:], "b", 10)
	waitState(t, m, "orders", monitor.CaughtUp)
}

// TestFrozenSourceShows does not go on to claim that it is caught up with a
// source that answers no more.
func TestFrozenSourceShows(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 10)
	f := &freezer{addr: p.west.ListenAddrs()[0]}
	m, _ := startDialing(t, c, f.dial)
	values(t, p.east, "west.orders", 0, 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	f.on.Store(true)
	produce(t, p.west, "orders", 0, "b", 10)
	if got := waitState(t, m, "orders", monitor.Waiting); !strings.Contains(got.Reason, "source") {
		t.Errorf("the reason %q does not name the source", got.Reason)
	}
}

// TestState lists what a partition is shown as, by what it knows and how old
// that is. Short trouble is nobody's business.
func TestState(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	for _, c := range []struct {
		name string
		set  func(p *partition)
		want monitor.State
	}{
		{"all copied", func(*partition) {}, monitor.CaughtUp},
		{"records are left", func(p *partition) { p.sourceEnd = 11 }, monitor.Copying},
		{"the source's end is unknown", func(p *partition) { p.sourceEnd = -1 }, monitor.Copying},
		{"the source has been silent", func(p *partition) { p.deliveredAt = now.Add(-silentFor) }, monitor.Copying},
		{"the source does not answer", func(p *partition) { p.deliveredAt, p.fetching = now.Add(-silentFor-1), true }, monitor.Waiting},
		{"the rate does not allow a Fetch yet", func(p *partition) {
			p.deliveredAt, p.fetching, p.sourceEnd = now.Add(-time.Minute), true, 11
			p.route.throttle.free = now.Add(time.Second)
		}, monitor.Copying},
		{"the source has not answered since the rate allowed it", func(p *partition) {
			p.deliveredAt, p.fetching = now.Add(-time.Minute), true
			p.route.throttle.free = now.Add(-silentFor - 1)
		}, monitor.Waiting},
		{"fetching fails just now", func(p *partition) { p.fetchTrouble, p.fetchTroubleAt = "no leader", now.Add(-graceFor+1) }, monitor.Copying},
		{"fetching fails", func(p *partition) { p.fetchTrouble, p.fetchTroubleAt = "no leader", now.Add(-graceFor) }, monitor.Waiting},
		{"producing fails just now", func(p *partition) {
			p.phase, p.reason, p.troubleAt, p.sourceEnd = phaseRetry, "no leader", now.Add(-graceFor), 11
		}, monitor.Copying},
		{"producing fails", func(p *partition) { p.phase, p.reason, p.troubleAt = phaseRetry, "no leader", now.Add(-graceFor-1) }, monitor.Waiting},
		{"first start", func(p *partition) { p.phase, p.offsetMap = phaseStarting, nil }, monitor.Starting},
		{"recovering", func(p *partition) { p.phase = phaseRecovering }, monitor.Recovering},
		{"recovering again and again", func(p *partition) { p.phase, p.failures, p.reason = phaseStarting, 3, "no leader" }, monitor.Waiting},
		{"waiting", func(p *partition) { p.phase, p.reason = phaseWaiting, "not authorised" }, monitor.Waiting},
		{"stopped", func(p *partition) { p.phase, p.reason = phaseStopped, "refused" }, monitor.Stopped},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := openPartition(t, true, now)
			p.acked.source, p.sourceEnd, p.sourceHW, p.deliveredAt = 10, 10, 10, now
			c.set(p)
			got, _ := p.status(now)
			if got.State != c.want {
				t.Errorf("got %s, want %s", got.State, c.want)
			}
			if (got.State == monitor.Waiting || got.State == monitor.Stopped) && got.Reason == "" {
				t.Errorf("%s without a reason", got.State)
			}
			if caughtUp := got.LagSeconds != nil && *got.LagSeconds == 0; caughtUp && c.want != monitor.CaughtUp {
				t.Errorf("a lag of 0 s while %s", got.State)
			}
		})
	}
}

// TestDeletedSource says that a source topic is gone, and copies the others.
func TestDeletedSource(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders", "other"))
	c := p.config(t, "topics: [orders, other]", "refresh: 200ms")
	m, _ := copyTen(t, p, c)
	waitState(t, m, "orders", monitor.CaughtUp)
	if _, err := kadm.NewClient(client(t, p.west)).DeleteTopics(context.Background(), "orders"); err != nil {
		t.Fatal(err)
	}
	waitState(t, m, "orders", monitor.Waiting)
	produce(t, p.west, "other", 0, "o", 10)
	wantValues(t, values(t, p.east, "west.other", 0, 10), "o", 10)
}

// TestDeletedSourceIsNotPolled asks for new metadata at the first answers only
// that say a topic is gone; later the regular looks are enough.
func TestDeletedSourceIsNotPolled(t *testing.T) {
	p := openPartition(t, true, time.Now())
	gone := kmsg.NewFetchResponseTopicPartition()
	gone.ErrorCode = kerr.UnknownTopicID.Code
	asked := 0
	for range 20 {
		before := time.Now()
		p.fetchError(&gone, true)
		select {
		case <-p.route.sourceLeaders.signal:
			asked++
		default:
		}
		select {
		case <-p.route.discovery.signal:
		default:
		}
		if least := min(fetchBackoff<<min(p.fetchFailures-1, 10), backoffMax) * 3 / 4; p.fetchAfter.Before(before.Add(least)) {
			t.Errorf("after %d failures the next Fetch comes within %s, want %s", p.fetchFailures, p.fetchAfter.Sub(before), least)
		}
	}
	if asked == 0 || asked > 3 {
		t.Errorf("asked for metadata %d times, want 1 to 3", asked)
	}
}
