package replicate

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/monitor"
)

// TestShrunkLimitRefusesNothing answers a batch of two records with
// MESSAGE_TOO_LARGE: each record alone is taken, so nothing is refused.
func TestShrunkLimitRefusesNothing(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 1)
	m, _ := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 1)
	waitState(t, m, "orders", monitor.CaughtUp)
	answerTimes(p.east, "west.orders", kerr.MessageTooLarge.Code, 1)
	cl := client(t, p.west, kgo.ProducerLinger(200*time.Millisecond), kgo.ProducerBatchCompression(kgo.NoCompression()))
	err := cl.ProduceSync(context.Background(), &kgo.Record{Topic: "orders", Value: bytes.Repeat([]byte("x"), 600_000)},
		&kgo.Record{Topic: "orders", Value: bytes.Repeat([]byte("y"), 100_000)}).FirstErr()
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() string {
		s := m.Status().Routes[0].Topics[0].Partitions[0]
		if s.State == monitor.Stopped {
			t.Fatalf("stopped: %s", s.Reason)
		}
		if endOf(p.east, "west.orders") == 3 {
			return ""
		}
		return "not copied"
	})
}
