package clusters

import (
	"math"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/monitor"
)

// The history hears of each partition and of each position of a group what their
// documents say, once there is a rate to choose by.
func TestParts(t *testing.T) {
	fake := newFake(t, kfake.SeedTopics(2, "orders"))
	cl := clientOf(t, fake)
	produce(t, cl, "orders", 0, 10)
	produce(t, cl, "orders", 1, 5)
	consume(t, fake, "team/a", 15, kgo.ConsumeTopics("orders"))
	w := watcherOf(t, configOf(t, fake.ListenAddrs(), ""))
	watch := &Watch{watchers: []*watcher{w}}
	w.looked(t)
	if parts := watch.Parts(); len(parts) != 0 {
		t.Errorf("got %+v after one look, which knows no rates", parts)
	}
	produce(t, cl, "orders", 0, 20)
	w.looked(t)
	view, _ := watch.Find("west")
	parts := watch.Parts()
	if len(parts) != 4 {
		t.Fatalf("got %+v, want two partitions and two positions", parts)
	}
	for _, p := range parts {
		n := float64(p.Partition)
		if p.Cluster != "west" || p.Topic != "orders" {
			t.Errorf("got %+v", p)
		}
		if p.About == monitor.AboutGroup {
			d, ok := view.Position("team/a", "orders", p.Partition)
			if !ok || p.Group != "team/a" || p.LagRecords != 20*(1-n) || float64(*d.LagRecords) != p.LagRecords || *d.LagSeconds != p.LagSeconds || p.RecordsPerSecond != 0 || *d.RecordsPerSecond != 0 {
				t.Errorf("got %+v and %+v", p, d)
			}
			continue
		}
		d, ok := view.Partition("orders", p.Partition)
		if !ok || p.LogRecords != 30-25*n || float64(*d.Records) != p.LogRecords || float64(*d.Bytes) != p.Bytes || p.OutOfSync != 0 || (p.RecordsPerSecond > 0) != (n == 0) || *d.RecordsPerSecond != p.RecordsPerSecond {
			t.Errorf("got %+v and %+v", p, d)
		}
		if len(d.GroupList) != 1 || d.GroupList[0].Members != 1 || float64(*d.GroupList[0].LagRecords) != 20*(1-n) {
			t.Errorf("got groups %+v of partition %v", d.GroupList, n)
		}
	}
	if topic := w.last.topic("orders"); topic.LagSeconds == nil || *topic.LagSeconds != *w.last.group("team/a").LagSeconds {
		t.Errorf("got %v seconds of the group furthest behind in the topic", topic.LagSeconds)
	}
	if _, ok := view.Partition("orders", 2); ok {
		t.Error("there is a partition that the topic does not have")
	}
	if _, ok := view.Position("team/a", "clicks", 0); ok {
		t.Error("there is a position of a topic that the group does not read")
	}
	w.set(Unreachable, "nobody answers", nil)
	if parts := watch.Parts(); len(parts) != 0 {
		t.Errorf("got %+v of a cluster that does not answer", parts)
	}
}

// A group that is set back, and what is not known, have no rate, and stay.
func TestPositionsThatWereSetBack(t *testing.T) {
	at := func(partition int32, committed int64) standing {
		return standing{place: place{"t", partition}, committed: committed, lag: 1, rate: -1}
	}
	now := []standing{at(0, 5), at(1, 30), at(2, 7)}
	if rate := advance([]standing{at(0, 10), at(1, 10)}, now, 2); rate == nil || *rate != 7.5 {
		t.Errorf("got %v of the group", rate)
	}
	s := &snapshot{groups: []*group{{Group: Group{Name: "g"}, parts: now}}}
	for i, p := range s.newParts() {
		if want := []float64{math.NaN(), 10, math.NaN()}[i]; p.RecordsPerSecond != want && !(math.IsNaN(p.RecordsPerSecond) && math.IsNaN(want)) {
			t.Errorf("partition %d: got %v", i, p.RecordsPerSecond)
		}
	}
}
