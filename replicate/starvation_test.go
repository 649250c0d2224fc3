package replicate

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/monitor"
)

// TestUnreachableBrokerStarvesNobody has one of two target brokers out of reach.
// Each Fetch answer carries a little for it and much for the other one, and all
// of them together are several times the memory: what waits must not pin what
// the others need.
func TestUnreachableBrokerStarvesNobody(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "bad", "good"))
	e, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.ClusterID("east-cluster"), kfake.SeedTopics(1, "west.bad", "west.good", "__consumer_offsets"),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	p.east = e
	for topic, broker := range map[string]int32{"west.bad": 1, "west.good": 0} {
		if err := e.MoveTopicPartition(topic, 0, broker); err != nil {
			t.Fatal(err)
		}
	}
	c := p.config(t, "topics: [bad, good]", "allow: [existing]")
	c.Limits.Memory = 32 << 20
	c.Routes[0].Limits.ConnectionsPerBroker = 1
	b := &breaker{addr: e.ListenAddrs()[1], only: byProducer}
	m, _ := startDialing(t, c, b.dial)
	waitState(t, m, "bad", monitor.CaughtUp)
	waitState(t, m, "good", monitor.CaughtUp)
	b.cut()
	// Both records of a round go in one request, so that one Fetch answer has both.
	cl := client(t, p.west, kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ManualFlushing())
	big := bytes.Repeat([]byte("x"), 900_000)
	const rounds = 80 // 72 MB
	for i := range rounds {
		promise := kgo.AbortingFirstErrPromise(cl)
		cl.Produce(context.Background(), &kgo.Record{Topic: "good", Value: big}, promise.Promise())
		cl.Produce(context.Background(), &kgo.Record{Topic: "bad", Value: fmt.Appendf(nil, "small-%d", i)}, promise.Promise())
		if err := cl.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := promise.Err(); err != nil {
			t.Fatal(err)
		}
		want := int64(i + 1)
		waitFor(t, func() string {
			if end := endOf(e, "west.good"); end != want {
				return fmt.Sprintf("%d of %d records of the good topic are there; %d bytes of memory are used", end, want, m.budget.Used())
			}
			return ""
		})
	}
	if end := endOf(e, "west.bad"); end != 0 {
		t.Errorf("%d records have reached the broker that is out of reach", end)
	}
	if b.refused.Load() == 0 {
		t.Error("no producer has tried to reach the broker")
	}
	b.mend()
	wantValues(t, values(t, e, "west.bad", 0, rounds), "small", rounds)
}

// byProducer says whether a producer makes the connection, rather than a client
// that asks or the fleet's membership.
func byProducer() bool {
	b := make([]byte, 16<<10)
	return strings.Contains(string(b[:runtime.Stack(b, false)]), "(*producer).session")
}
