package replicate

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/monitor"
)

// TestDeadFollower goes back to the leader when the replica that the leader
// names as the nearest cannot be reached.
func TestDeadFollower(t *testing.T) {
	p := newPair(t, kfake.NumBrokers(2), kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 10)
	leader := p.west.LeaderFor("orders", 0)
	other := 1 - leader
	dead := p.west.ListenAddrs()[other]
	id := p.west.TopicInfo("orders").TopicID
	var named atomic.Bool
	p.west.ControlKey(kmsg.Fetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		r := req.(*kmsg.FetchRequest)
		if !named.CompareAndSwap(false, true) {
			return nil, nil, false
		}
		resp := r.ResponseKind().(*kmsg.FetchResponse)
		x := kmsg.NewFetchResponseTopic()
		x.Topic, x.TopicID = "orders", id
		y := kmsg.NewFetchResponseTopicPartition()
		y.HighWatermark, y.LastStableOffset, y.LogStartOffset, y.PreferredReadReplica = 10, 10, 0, other
		x.Partitions = append(x.Partitions, y)
		resp.Topics = append(resp.Topics, x)
		return resp, nil, true
	})
	c := p.config(t, "topics: [orders]")
	c.Clusters["west"].Brokers = []string{p.west.ListenAddrs()[leader]}
	startDialing(t, c, func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == dead {
			return nil, errors.New("connection refused")
		}
		return plainDial(ctx, network, addr)
	})
	wantValues(t, values(t, p.east, "west.orders", 0, 10), "a", 10)
}

// TestSourceGoesDown tells that the source cannot be reached, not what its brokers
// said last, on their way down.
func TestSourceGoesDown(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	m, _ := copyTen(t, p, p.config(t, "topics: [orders]", "refresh: 200ms"))
	id := p.west.TopicInfo("orders").TopicID
	p.west.ControlKey(kmsg.Fetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		resp := req.ResponseKind().(*kmsg.FetchResponse)
		x, y := kmsg.NewFetchResponseTopic(), kmsg.NewFetchResponseTopicPartition()
		x.Topic, x.TopicID = "orders", id
		y.ErrorCode = kerr.FencedLeaderEpoch.Code
		x.Partitions = append(x.Partitions, y)
		resp.Topics = append(resp.Topics, x)
		return resp, nil, true
	})
	got := waitState(t, m, "orders", monitor.Waiting)
	if !strings.Contains(got.Reason, "no ready leader") {
		t.Errorf("while the source answers: reason %q", got.Reason)
	}
	p.west.ControlKey(kmsg.Metadata.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		return nil, errors.New("going down"), true
	})
	waitFor(t, func() string {
		if got := waitState(t, m, "orders", monitor.Waiting); !strings.Contains(got.Reason, "cluster west: cannot ask for leaders") {
			return "reason: " + got.Reason
		}
		return ""
	})
}
