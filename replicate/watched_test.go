package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/monitor"
)

// TestWatchedRoute watches a route that another process copies: from before it ran,
// while it copies and rests, until nobody copies it any more.
func TestWatchedRoute(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(2, "orders"))
	// Its host may be called like one of the fleet: they are in other datacenters.
	watcher, _ := startMirror(t, p.config(t, "topics: [orders]", "watch: true"), "p1")
	status := func() monitor.RouteStatus { return watcher.Status().Routes[0] }
	east := kadm.NewClient(client(t, p.east))

	waitFor(t, func() string {
		if s := status(); s.State != monitor.Waiting || !strings.Contains(s.Reason, "no mirror has run it yet: east has no topic __mirror_west-to-east") {
			return fmt.Sprintf("before the first run it is %s: %s", s.State, s.Reason)
		}
		return ""
	})
	if topics, err := east.ListTopicsWithInternal(context.Background()); err != nil || len(topics) > 0 {
		t.Fatalf("who watches has created %v (%v)", topics.Names(), err)
	}

	copier, stop := copyTen(t, p, p.config(t, "topics: [orders]", ""))
	caughtUp := func(records int64) func() string {
		return func() string {
			s := status()
			if s.State != monitor.CaughtUp || s.LagRecords != 0 || s.RecordsTotal != records || len(s.Processes) != 1 || s.Processes[0].Process != "p1" || !s.Watched {
				return fmt.Sprintf("it is %s (%s) with %d records and a lag of %d, copied by %v", s.State, s.Reason, s.RecordsTotal, s.LagRecords, s.Processes)
			}
			return ""
		}
	}
	waitFor(t, caughtUp(10))
	if n := watcher.Partitions(); n != 2 {
		t.Errorf("it knows %d partitions, want both, though it copies none", n)
	}
	if ready, why := watcher.Ready(); !ready {
		t.Errorf("it is not ready: %v", why)
	}
	if share := watcher.Share(); len(share.Routes) != 0 {
		t.Errorf("the metrics of who watches count %+v", share.Routes)
	}
	if watched, copied := watcher.Watched().Routes, copier.Watched().Routes; len(watched) != 1 || len(copied) != 0 {
		t.Errorf("who watches says that it watches %v, who copies %v", watched, copied)
	}

	if _, err := watcher.Act(context.Background(), Action{Verb: VerbPause, Route: "west-to-east", By: "ada"}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() string {
		if s, own := status(), copier.Status().Routes[0]; s.State != monitor.Paused || own.State != monitor.Paused {
			return fmt.Sprintf("it is %s for who watches and %s for who copies", s.State, own.State)
		}
		return ""
	})
	if _, err := watcher.Act(context.Background(), Action{Verb: VerbResume, Route: "west-to-east"}); err != nil {
		t.Fatal(err)
	}
	produce(t, p.west, "orders", 1, "b", 5)
	waitFor(t, caughtUp(15))

	group := "__mirror_west-to-east"
	described, err := east.DescribeGroups(context.Background(), group)
	if err != nil || len(described[group].Members) != 1 {
		t.Errorf("the fleet has %d members, want 1 (%v)", len(described[group].Members), err)
	}
	stop()
	waitFor(t, func() string {
		if s := status(); len(s.Processes) != 0 || slices.ContainsFunc(s.Topics[0].Partitions, func(p monitor.PartitionStatus) bool { return p.Owner != "" }) {
			return fmt.Sprintf("nobody copies it, and it is shown with %v", s.Processes)
		}
		return ""
	})
}
