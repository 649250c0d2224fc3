package replicate

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/monitor"
)

// clockWorld is a mirror of one partition between two embedded clusters, in which
// hours pass in moments.
type clockWorld struct {
	*pair
	t      *testing.T
	mirror *Mirror
	source *kgo.Client
	target *kgo.Client
}

// onFakeClock runs a test in a bubble with a clock of its own, once the mirror
// has copied a first record.
func onFakeClock(t *testing.T, test func(w *clockWorld)) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNet()
		w := &clockWorld{t: t, pair: n.pair(t, kfake.SeedTopics(1, "orders"))}
		w.source = n.client(t, w.west, kgo.DefaultProduceTopic("orders"), kgo.DisableIdempotentWrite())
		w.target = n.client(t, w.east, kgo.ConsumeTopics("west.orders"))
		m, stop := startDialing(t, w.config(t, "topics: [orders]"), n.dial)
		w.mirror = m
		w.write(0)
		w.want(0)
		test(w)
		stop()
	})
}

// write appends one record to the source, stamped with the bubble's time.
func (w *clockWorld) write(i int) {
	w.t.Helper()
	if err := w.source.ProduceSync(context.Background(), &kgo.Record{Value: fmt.Append(nil, i), Timestamp: time.Now()}).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
}

// want reads the next records of the target, which must be these and no others
// within a minute.
func (w *clockWorld) want(values ...int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var got []string
	for ctx.Err() == nil {
		w.target.PollFetches(ctx).EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	if fmt.Sprint(got) != fmt.Sprint(values) {
		w.t.Fatalf("the target has %v more, want %v", got, values)
	}
}

func (w *clockWorld) partition() *partition {
	w.t.Helper()
	parts := w.mirror.routes[0].partitions()
	if len(parts) != 1 {
		w.t.Fatalf("%d partitions are copied, want 1", len(parts))
	}
	return parts[0]
}

func (w *clockWorld) width() int {
	p := w.partition()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.width(time.Now())
}

// TestIdleProducerIsDoubted: a broker forgets a producer that is idle, one hour
// being assumed where it does not tell. From half of that on one batch at a time
// is sent, until the broker has acked one.
func TestIdleProducerIsDoubted(t *testing.T) {
	onFakeClock(t, func(w *clockWorld) {
		time.Sleep(20 * time.Minute)
		if got := w.width(); got != window {
			t.Errorf("after 20 minutes %d batches may be in flight, want %d", got, window)
		}
		time.Sleep(11 * time.Minute)
		if got := w.width(); got != 1 {
			t.Errorf("after more than 30 minutes %d batches may be in flight, want 1", got)
		}
		w.write(1)
		w.want(1)
		if got := w.width(); got != window {
			t.Errorf("after an ack %d batches may be in flight, want %d", got, window)
		}
	})
}

// TestLagGrowsWhileStalled: the age of the first record that is not copied counts,
// for as long as nothing is.
func TestLagGrowsWhileStalled(t *testing.T) {
	onFakeClock(t, func(w *clockWorld) {
		var healed atomic.Bool
		w.east.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
			w.east.KeepControl()
			if healed.Load() || !isOf(w.east, req.(*kmsg.ProduceRequest), "west.orders") {
				return nil, nil, false
			}
			return nil, fmt.Errorf("the connection is cut"), true
		})
		w.write(1)
		began := time.Now()
		for _, passed := range []time.Duration{time.Minute, time.Hour} {
			time.Sleep(time.Until(began.Add(passed)))
			s := w.mirror.Status().Routes[0]
			if s.LagSeconds == nil || *s.LagSeconds < passed.Seconds()-1 || *s.LagSeconds > passed.Seconds()+1 {
				t.Errorf("after %s: lag %v, want %.0f s", passed, text(s.LagSeconds), passed.Seconds())
			}
			if s.LagRecords != 1 || s.State != monitor.Waiting {
				t.Errorf("after %s: %d records behind, %s; want 1, %s", passed, s.LagRecords, s.State, monitor.Waiting)
			}
		}
		healed.Store(true)
		w.want(1)
		if s := w.mirror.Status().Routes[0]; s.State != monitor.CaughtUp || s.LagSeconds == nil || *s.LagSeconds != 0 {
			t.Errorf("afterwards: %s, lag %v", s.State, text(s.LagSeconds))
		}
	})
}

// TestNoHeartbeatNoWrite: whoever has had no answer to a heartbeat for the session
// timeout may have been replaced, and sends nothing until it is a member again.
func TestNoHeartbeatNoWrite(t *testing.T) {
	onFakeClock(t, func(w *clockWorld) {
		var healed atomic.Bool
		for _, key := range []kmsg.Key{kmsg.Heartbeat, kmsg.JoinGroup, kmsg.SyncGroup} {
			w.east.ControlKey(key.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
				w.east.KeepControl()
				if healed.Load() {
					return nil, nil, false
				}
				return nil, fmt.Errorf("the connection is cut"), true
			})
		}
		time.Sleep(12 * time.Second)
		w.write(1)
		w.want()
		if w.mirror.routes[0].fleet.mayWrite() {
			t.Error("may write without a heartbeat for longer than the session timeout")
		}
		healed.Store(true)
		w.want(1)
		f := w.mirror.routes[0].fleet
		f.mu.Lock()
		defer f.mu.Unlock()
		if id, _ := f.client.OptValue(kgo.InstanceID).(string); id != "p1" {
			t.Errorf("a member as %q afterwards, want p1: nobody else has taken that name", id)
		}
	})
}

func text(seconds *float64) string {
	if seconds == nil {
		return "unknown"
	}
	return fmt.Sprintf("%.1f s", *seconds)
}

// isOf says whether a Produce has records for a topic.
func isOf(c *kfake.Cluster, req *kmsg.ProduceRequest, topic string) bool {
	id := c.TopicInfo(topic).TopicID
	for _, rt := range req.Topics {
		if rt.TopicID == id || rt.Topic == topic {
			return true
		}
	}
	return false
}
