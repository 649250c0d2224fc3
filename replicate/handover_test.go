package replicate

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/monitor"
	"mirror/offsets"
)

// holdProduces lets the target keep Produces to a topic unanswered until the
// returned function is called.
func holdProduces(t *testing.T, c *kfake.Cluster, topic string) (release func()) {
	id := c.TopicInfo(topic).TopicID
	released := make(chan struct{})
	c.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		for _, rt := range req.(*kmsg.ProduceRequest).Topics {
			if rt.TopicID == id {
				c.SleepControl(func() { <-released })
			}
		}
		return nil, nil, false
	})
	release = sync.OnceFunc(func() { close(released) })
	t.Cleanup(release)
	return release
}

// waitLooks waits until discovery has acted on a plan that accepted, and on the
// one after it.
func waitLooks(t *testing.T, r *route, accepted func(plan *RoutePlan) bool) {
	t.Helper()
	var first, second *RoutePlan
	waitFor(t, func() string {
		plan := r.knownPlan()
		switch {
		case plan == nil || first == nil && !accepted(plan):
			return "discovery has not seen it"
		case first == nil:
			first = plan
		case second == nil && plan != first:
			second = plan
		case second != nil && plan != second:
			return "" // the second was acted on before the third was made
		}
		return "discovery does not look again"
	})
}

// TestRevokeWhileBeginning revokes all lanes while discovery finds a new topic:
// from then on this process begins nothing in them, neither while it waits for
// the last answers nor later.
func TestRevokeWhileBeginning(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [/.*/]", "refresh: 100ms")
	produce(t, p.west, "orders", 0, "a", 10)
	if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(context.Background(), 1, 1, nil, "west.late"); err != nil {
		t.Fatal(err)
	}
	m, _ := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	release := holdProduces(t, p.east, "west.orders")
	produce(t, p.west, "orders", 0, "b", 10)
	r := m.routes[0]
	waitFor(t, func() string {
		if r.flying() > 0 {
			return ""
		}
		return "nothing in flight"
	})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		var all []int32
		for i := range c.Routes[0].Lanes {
			all = append(all, int32(i))
		}
		r.fleet.onRevoked(context.Background(), all, false)
	}()
	waitFor(t, func() string {
		if len(r.partitions()) > 0 {
			return "the lanes are still open"
		}
		return ""
	})
	if _, err := kadm.NewClient(client(t, p.west)).CreateTopic(context.Background(), 1, 1, nil, "late"); err != nil {
		t.Fatal(err)
	}
	produce(t, p.west, "late", 0, "c", 10)
	ready := func(plan *RoutePlan) bool {
		for i := range plan.Topics {
			if tp := &plan.Topics[i]; tp.Decision.Topic == "late" && tp.Source != nil && tp.Target != nil {
				return tp.PartitionProblem(0) == ""
			}
		}
		return false
	}
	waitLooks(t, r, ready)
	if n := len(r.partitions()); n != 0 {
		t.Errorf("%d partitions begun while the lanes were on their way out", n)
	}
	release()
	<-gone
	produce(t, p.west, "late", 0, "d", 10)
	waitLooks(t, r, ready)
	if n := len(r.partitions()); n != 0 {
		t.Errorf("%d partitions begun after the lanes were gone", n)
	}
	if end := endOf(p.east, "west.late"); end != 0 {
		t.Errorf("%d records of west.late were copied after its lane was revoked", end)
	}
}

// TestFollowerOfLanesLags lets the replay of the checkpoint topic fall behind:
// a partition whose own start checkpoint is not replayed yet goes on from what it
// knows, and does not take its source for another topic.
func TestFollowerOfLanesLags(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]", "start: latest")
	produce(t, p.west, "orders", 0, "old", 10)
	var blind atomic.Bool   // the checkpoint topic cannot be read
	var misses atomic.Int64 // Fetches of it that were answered so
	p.east.ControlKey(kmsg.ListOffsets.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.east.KeepControl()
		r := req.(*kmsg.ListOffsetsRequest)
		if len(r.Topics) == 0 || r.Topics[0].Topic != "west.orders" {
			return nil, nil, false
		}
		if misses.Load() > 0 {
			return nil, nil, false
		}
		blind.Store(true) // and the first recovery has to wait until this works
		resp := r.ResponseKind().(*kmsg.ListOffsetsResponse)
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic = "west.orders"
		rp := kmsg.NewListOffsetsResponseTopicPartition()
		rp.ErrorCode = kerr.UnknownServerError.Code
		rt.Partitions = append(rt.Partitions, rp)
		resp.Topics = append(resp.Topics, rt)
		return resp, nil, true
	})
	p.east.ControlKey(kmsg.Fetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.east.KeepControl()
		r := req.(*kmsg.FetchRequest)
		if !blind.Load() || !fetches(r, p.east.TopicInfo(offsets.TopicName("west-to-east"))) {
			return nil, nil, false
		}
		if len(r.Topics) > 0 {
			misses.Add(1)
		}
		return refuseFetch(r), nil, true
	})
	m, _ := startMirror(t, c, "p1")
	waitFor(t, func() string {
		if !blind.Load() || p.east.TopicInfo("west.orders") == nil {
			return "the first recovery has not begun"
		}
		return ""
	})
	answerTimes(p.east, "west.orders", kerr.NotLeaderForPartition.Code, 1)
	waitState(t, m, "orders", monitor.CaughtUp)
	produce(t, p.west, "orders", 0, "a", 10)
	wantValues(t, values(t, p.east, "west.orders", 0, 10), "a", 10)
	if cp, ok := replayed(m, ordersKey); ok {
		t.Errorf("the checkpoint topic was read all the same, up to %+v", cp)
	}
	blind.Store(false)
	waitFor(t, func() string {
		if cp, _ := replayed(m, ordersKey); cp.Ordinal != 20 {
			return "the replay of the checkpoint topic does not catch up"
		}
		return ""
	})
	produce(t, p.west, "orders", 0, "b", 10)
	wantValues(t, values(t, p.east, "west.orders", 0, 20)[10:], "b", 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	if end := endOf(p.east, "west.orders"); end != 20 {
		t.Errorf("the target ends at %d, want 20", end)
	}
}

// replayed is a checkpoint as the process has read it back.
func replayed(m *Mirror, key offsets.Key) (offsets.Checkpoint, bool) {
	lanes := m.routes[0].lanes.state
	cp, ok, _ := lanes[offsets.LaneOf(key.Topic, key.Partition, int32(len(lanes)))].Checkpoint(key)
	return cp, ok
}

// fetches says whether a Fetch is about a topic. One that names none goes on
// with a fetch session, whose topics cannot be told.
func fetches(r *kmsg.FetchRequest, topic *kfake.TopicInfo) bool {
	if len(r.Topics) == 0 {
		return true
	}
	for _, rt := range r.Topics {
		if topic != nil && (rt.Topic == topic.Topic || rt.TopicID == topic.TopicID) {
			return true
		}
	}
	return false
}

// refuseFetch answers that the broker leads none of the partitions, and ends a
// fetch session.
func refuseFetch(r *kmsg.FetchRequest) kmsg.Response {
	resp := r.ResponseKind().(*kmsg.FetchResponse)
	if len(r.Topics) == 0 {
		resp.ErrorCode = kerr.FetchSessionIDNotFound.Code
		return resp
	}
	for _, rt := range r.Topics {
		x := kmsg.NewFetchResponseTopic()
		x.Topic, x.TopicID = rt.Topic, rt.TopicID
		for _, rp := range rt.Partitions {
			y := kmsg.NewFetchResponseTopicPartition()
			y.Partition, y.ErrorCode = rp.Partition, kerr.NotLeaderForPartition.Code
			x.Partitions = append(x.Partitions, y)
		}
		resp.Topics = append(resp.Topics, x)
	}
	return resp
}
