package main

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/config"
	"mirror/offsets"
)

// oneRoute connects to the target of a configuration's only route.
func oneRoute(t *testing.T, path string) (*cluster, *config.Route) {
	t.Helper()
	cfg, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	target, err := connect(t.Context(), cfg.Clusters[cfg.Routes[0].To])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.close)
	return target, cfg.Routes[0]
}

// oneLedger opens the ledger of a configuration's only route until the test ends.
func oneLedger(t *testing.T, path string) (*ledger, *config.Route) {
	t.Helper()
	target, route := oneRoute(t, path)
	l, err := openLedger(t.Context(), target, route)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l, route
}

// What is written to the ledger of a route that never ran is read back, from
// every lane, and nothing is created before the first write.
func TestLedgerIsWritten(t *testing.T) {
	_, east, config := twoClusters(t, "orders")
	l, route := oneLedger(t, config)
	admin := kadm.NewClient(east)
	topic := offsets.TopicName(route.Name)
	if topics, _ := admin.ListTopics(t.Context()); topics.Has(topic) {
		t.Fatal("opening the ledger created the topic")
	}
	pause := offsets.Pause{Paused: true, By: "me", Time: time.UnixMilli(1000).UTC()}
	if err := l.write(t.Context(), offsets.EveryLane(l.writer.route.Lanes, offsets.Key{Kind: offsets.KindPause, Topic: "orders"}, pause)...); err != nil {
		t.Fatal(err)
	}
	target, _ := oneRoute(t, config) // a client of its own: admin clients remember topics that are not there
	again, err := readLedger(t.Context(), target, route)
	if err != nil || len(again.lanes) != route.Lanes {
		t.Fatalf("got %d lanes, want %d, %v", len(again.lanes), route.Lanes, err)
	}
	for _, lane := range again.lanes {
		if !lane.Paused("orders") || lane.Paused("other") {
			t.Errorf("lane %d: orders paused %v, other %v", lane.Number(), lane.Paused("orders"), lane.Paused("other"))
		}
	}
}

// A route with another number of lanes than its topic finds no checkpoint: a
// command refuses to write there, as the daemon does.
func TestLedgerWithOtherLanes(t *testing.T) {
	_, east, config := twoClusters(t, "orders")
	create(t, east, 3, nil, "__mirror_west-to-east")
	l, _ := oneLedger(t, config)
	err := l.write(t.Context(), offsets.EveryLane(l.writer.route.Lanes, offsets.Key{Kind: offsets.KindPause}, offsets.Pause{Paused: true})...)
	if exitCode(err) != exitUsage {
		t.Errorf("got %v, want a refusal", err)
	}
}
