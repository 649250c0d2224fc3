package replicate

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
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
