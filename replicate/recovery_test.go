package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/monitor"
	"mirror/offsets"
)

// patience is far more than anything takes that a test waits for, also on a loaded
// machine: only a test that fails waits for so long.
const patience = time.Minute

// waitFor polls until ok, which says what is missing.
func waitFor(t *testing.T, ok func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		why := ok()
		if why == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(why)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// waitState waits until partition 0 of a topic is in a state, and returns its status.
func waitState(t *testing.T, m *Mirror, topic string, want monitor.State) monitor.PartitionStatus {
	t.Helper()
	var got monitor.PartitionStatus
	waitFor(t, func() string {
		for _, r := range m.Status().Routes {
			for _, ts := range r.Topics {
				if ts.Source == topic && len(ts.Partitions) > 0 {
					got = ts.Partitions[0]
				}
			}
		}
		if got.State == want {
			return ""
		}
		return fmt.Sprintf("%s/0 is %s (%s), want %s", topic, got.State, got.Reason, want)
	})
	return got
}

// lanesOf replays a route's checkpoint topic.
func lanesOf(t *testing.T, c *kfake.Cluster, route string) []*offsets.Lane {
	t.Helper()
	topic := offsets.TopicName(route)
	cl := client(t, c)
	ends, err := kadm.NewClient(cl).ListEndOffsets(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	lanes := make([]*offsets.Lane, len(ends[topic]))
	for i := range lanes {
		lanes[i] = offsets.NewLane(int32(i))
		end, _ := ends.Lookup(topic, int32(i))
		if end.Offset == 0 {
			continue
		}
		r := client(t, c, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {int32(i): kgo.NewOffset().AtStart()}}))
		for lanes[i].Next() < end.Offset {
			r.PollFetches(context.Background()).EachRecord(func(rec *kgo.Record) {
				if err := lanes[i].Apply(rec.Key, rec.Value, rec.Offset); err != nil {
					t.Error(err)
				}
			})
		}
	}
	return lanes
}

// checkpointOf finds the checkpoint of a partition and its lane.
func checkpointOf(t *testing.T, c *kfake.Cluster, key offsets.Key) (offsets.Checkpoint, *offsets.Lane) {
	t.Helper()
	lanes := lanesOf(t, c, "west-to-east")
	lane := lanes[offsets.LaneOf(key.Topic, key.Partition, int32(len(lanes)))]
	cp, ok, err := lane.Checkpoint(key)
	if !ok || err != nil {
		t.Fatalf("checkpoint of %v: found %v, err %v", key, ok, err)
	}
	return cp, lane
}

// record puts a record into a route's checkpoint topic, as a mirror would that
// died right after it.
func record(t *testing.T, c *kfake.Cluster, lane int32, key offsets.Key, value any) {
	t.Helper()
	cl := client(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	s := offsets.NewStore(cl, offsets.TopicName("west-to-east"))
	if err := s.Write(context.Background(), offsets.Entry{Lane: lane, Key: key, Value: value}); err != nil {
		t.Fatal(err)
	}
}

func losses(t *testing.T, c *kfake.Cluster) []offsets.LossEntry {
	t.Helper()
	var all []offsets.LossEntry
	for _, l := range lanesOf(t, c, "west-to-east") {
		all = append(all, l.Losses()...)
	}
	return all
}

// forgetProducers lets the target answer DescribeProducers as if it knew none.
func forgetProducers(c *kfake.Cluster) {
	c.ControlKey(kmsg.DescribeProducers.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		r := req.(*kmsg.DescribeProducersRequest)
		resp := r.ResponseKind().(*kmsg.DescribeProducersResponse)
		for _, t := range r.Topics {
			rt := kmsg.NewDescribeProducersResponseTopic()
			rt.Topic = t.Topic
			for _, p := range t.Partitions {
				rp := kmsg.NewDescribeProducersResponseTopicPartition()
				rp.Partition = p
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
}

var ordersKey = offsets.Key{Kind: offsets.KindCheckpoint, Topic: "orders", Target: "west.orders"}

// TestStaleCheckpoint lets a mirror die long after its last checkpoint: the
// target's own word tells where to go on, by sequence or by the log's length.
func TestStaleCheckpoint(t *testing.T) {
	for name, forgotten := range map[string]bool{"producer known": false, "producer forgotten": true} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			c := p.config(t, "topics: [orders]")
			produce(t, p.west, "orders", 0, "a", 100)
			_, stop := startMirror(t, c, "p1")
			wantValues(t, values(t, p.east, "west.orders", 0, 100), "a", 100)
			stop()
			cp, lane := checkpointOf(t, p.east, ordersKey)
			cp.Source, cp.LastSource, cp.Ordinal, cp.Target, cp.Clean = 40, 39, 40, 40, false
			record(t, p.east, lane.Number(), ordersKey, cp)
			if forgotten {
				forgetProducers(p.east)
			}
			produce(t, p.west, "orders", 0, "b", 50)
			m, _ := startMirror(t, c, "p1")
			got := values(t, p.east, "west.orders", 0, 150)
			wantValues(t, got[:100], "a", 100)
			wantValues(t, got[100:], "b", 50)
			waitState(t, m, "orders", monitor.CaughtUp)
			if n := len(losses(t, p.east)); n != 0 {
				t.Errorf("got %d losses, want none", n)
			}
		})
	}
}

// TestUnprovenPosition stops a partition whose target ends with a record that
// is not the source's while the batches before it are gone and its leader has
// forgotten our producer: nothing is guessed.
func TestUnprovenPosition(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 100)
	_, stop := startMirror(t, c, "p1")
	wantValues(t, values(t, p.east, "west.orders", 0, 100), "a", 100)
	stop()
	produce(t, p.east, "west.orders", 0, "foreign", 2)
	deleteRecords(t, p.east, "west.orders", 101)
	produce(t, p.west, "orders", 0, "b", 50)
	forgetProducers(p.east)
	m, _ := startMirror(t, c, "p1")
	got := waitState(t, m, "orders", monitor.Stopped)
	if !strings.Contains(got.Reason, "west.orders/0") {
		t.Errorf("reason %q does not name the place", got.Reason)
	}
}

// TestForeignWriter copies on beside somebody who writes to the same target
// partition, and says so.
func TestForeignWriter(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 100)
	startMirror(t, c, "p1")
	wantValues(t, values(t, p.east, "west.orders", 0, 100), "a", 100)
	produce(t, p.east, "west.orders", 0, "foreign", 3)
	produce(t, p.west, "orders", 0, "b", 50)
	got := values(t, p.east, "west.orders", 0, 153)
	got = slices.DeleteFunc(got[100:], func(v string) bool { return strings.HasPrefix(v, "foreign") })
	wantValues(t, got, "b", 50)
	waitFor(t, func() string {
		for _, l := range losses(t, p.east) {
			if l.Loss.Cause == "foreign_writer" && l.Loss.TargetFrom <= 100 && l.Loss.TargetTo >= 103 {
				return ""
			}
		}
		return fmt.Sprintf("no ledger entry covers target offsets 100 to 103: %v", losses(t, p.east))
	})
	produce(t, p.west, "orders", 0, "c", 20)
	got = values(t, p.east, "west.orders", 0, 173)
	wantValues(t, got[153:], "c", 20)
}

// TestRetentionWhileDown finds exactly what the source has dropped.
func TestRetentionWhileDown(t *testing.T) {
	for _, onLoss := range []string{"record", "stop"} {
		t.Run(onLoss, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			c := p.config(t, "topics: [orders]", "on_loss: "+onLoss)
			produce(t, p.west, "orders", 0, "a", 100)
			_, stop := startMirror(t, c, "p1")
			wantValues(t, values(t, p.east, "west.orders", 0, 100), "a", 100)
			stop()
			produce(t, p.west, "orders", 0, "gone", 30)
			produce(t, p.west, "orders", 0, "b", 20)
			deleteRecords(t, p.west, "orders", 130)
			m, _ := startMirror(t, c, "p1")
			if onLoss == "stop" {
				got := waitState(t, m, "orders", monitor.Stopped)
				if !strings.Contains(got.Reason, "100 to 129") {
					t.Errorf("reason %q does not name offsets 100 to 129", got.Reason)
				}
				return
			}
			got := values(t, p.east, "west.orders", 0, 120)
			wantValues(t, got[100:], "b", 20)
			l := losses(t, p.east)
			if len(l) != 1 || l[0].Loss.From != 100 || l[0].Loss.To != 130 || l[0].Loss.Cause != "retention" {
				t.Errorf("got ledger %+v, want one loss of [100, 130) by retention", l)
			}
			if got := m.Status().Routes[0].Losses; got != 1 {
				t.Errorf("status shows %d losses, want 1", got)
			}
		})
	}
}

// TestLossSurvivesRestart counts over a loss: the drift record alone tells that
// ordinals jumped there.
func TestLossSurvivesRestart(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	_, stop := copyTen(t, p, c)
	stop()
	cp, lane := checkpointOf(t, p.east, ordersKey)
	produce(t, p.west, "orders", 0, "gone", 10)
	produce(t, p.west, "orders", 0, "b", 10)
	deleteRecords(t, p.west, "orders", 20)
	_, stop = startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 20)
	stop()
	// The process dies before any checkpoint behind the loss.
	cp.Clean = false
	record(t, p.east, lane.Number(), ordersKey, cp)
	produce(t, p.west, "orders", 0, "c", 10)
	startMirror(t, c, "p1")
	got := values(t, p.east, "west.orders", 0, 30)
	wantValues(t, got[10:20], "b", 10)
	wantValues(t, got[20:], "c", 10)
}

func deleteRecords(t *testing.T, c *kfake.Cluster, topic string, before int64) {
	t.Helper()
	o := kadm.Offsets{}
	o.Add(kadm.Offset{Topic: topic, Partition: 0, At: before})
	if _, err := kadm.NewClient(client(t, c)).DeleteRecords(context.Background(), o); err != nil {
		t.Fatal(err)
	}
}

func recreate(t *testing.T, c *kfake.Cluster, topic string) {
	t.Helper()
	adm := kadm.NewClient(client(t, c))
	if _, err := adm.DeleteTopics(context.Background(), topic); err != nil {
		t.Fatal(err)
	}
	if _, err := adm.CreateTopic(context.Background(), 1, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
}

// TestSourceCreatedAgain copies a topic that was deleted and created again
// behind the old one's records, also when it has more records by then.
func TestSourceCreatedAgain(t *testing.T) {
	for _, running := range []bool{true, false} {
		t.Run(fmt.Sprintf("running %v", running), func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			c := p.config(t, "topics: [orders]", "refresh: 200ms")
			_, stop := copyTen(t, p, c)
			if !running {
				stop()
			}
			recreate(t, p.west, "orders")
			produce(t, p.west, "orders", 0, "b", 25)
			if !running {
				startMirror(t, c, "p1")
			}
			got := values(t, p.east, "west.orders", 0, 35)
			wantValues(t, got[10:], "b", 25)
		})
	}
}

// TestTargetCreatedAgain copies everything anew into a target topic that was
// deleted under the mirror.
func TestTargetCreatedAgain(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]", "refresh: 200ms")
	produce(t, p.west, "orders", 0, "a", 10)
	startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 10)
	adm := kadm.NewClient(client(t, p.east))
	if _, err := adm.DeleteTopics(context.Background(), "west.orders"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() string {
		topics, err := adm.ListTopics(context.Background(), "west.orders")
		if err != nil || !topics.Has("west.orders") {
			return "west.orders is not created again"
		}
		return ""
	})
	wantValues(t, values(t, p.east, "west.orders", 0, 10), "a", 10)
}

// TestOccupiedTarget does not touch a target partition with records of unknown
// origin unless it is told to.
func TestOccupiedTarget(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(context.Background(), 1, 1, nil, "west.orders"); err != nil {
		t.Fatal(err)
	}
	produce(t, p.east, "west.orders", 0, "theirs", 5)
	produce(t, p.west, "orders", 0, "a", 10)
	m, stop := startMirror(t, p.config(t, "topics: [orders]"), "p1")
	got := waitState(t, m, "orders", monitor.Waiting)
	if !strings.Contains(got.Reason, "allow: [existing]") {
		t.Errorf("reason %q does not name the way out", got.Reason)
	}
	stop()
	startMirror(t, p.config(t, "topics: [orders]", "allow: [existing]"), "p1")
	wantValues(t, values(t, p.east, "west.orders", 0, 15)[5:], "a", 10)
}

// TestCheckpointsGone does not copy into its own target topic once more when
// its checkpoint topic is gone, also where others' records may be there.
func TestCheckpointsGone(t *testing.T) {
	for _, allow := range []string{"[]", "[existing]"} {
		t.Run(allow, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			c := p.config(t, "topics: [orders]", "allow: "+allow)
			_, stop := copyTen(t, p, c)
			stop()
			if _, err := kadm.NewClient(client(t, p.east)).DeleteTopics(context.Background(), "__mirror_west-to-east"); err != nil {
				t.Fatal(err)
			}
			m, _ := startMirror(t, c, "p1")
			got := waitState(t, m, "orders", monitor.Waiting)
			if !strings.Contains(got.Reason, "__mirror_west-to-east") {
				t.Errorf("reason %q does not name the checkpoint topic", got.Reason)
			}
		})
	}
}

// TestStartLatest begins at the end of topics that are there at the first
// start, and at offset 0 of those that come later.
func TestStartLatest(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [/.*/]", "start: latest", "refresh: 200ms")
	produce(t, p.west, "orders", 0, "old", 10)
	m, stop := startMirror(t, c, "p1")
	waitState(t, m, "orders", monitor.CaughtUp)
	stop()
	produce(t, p.west, "orders", 0, "a", 10) // while it is down: nothing of it is skipped
	if _, err := kadm.NewClient(client(t, p.west)).CreateTopic(context.Background(), 1, 1, nil, "clicks"); err != nil {
		t.Fatal(err)
	}
	produce(t, p.west, "clicks", 0, "c", 10)
	startMirror(t, c, "p1")
	wantValues(t, values(t, p.east, "west.orders", 0, 10), "a", 10)
	wantValues(t, values(t, p.east, "west.clicks", 0, 10), "c", 10)
}

// TestNewerRecord stops a partition that a later version has written about.
func TestNewerRecord(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	_, stop := copyTen(t, p, c)
	stop()
	_, lane := checkpointOf(t, p.east, ordersKey)
	cl := client(t, p.east, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	r := &kgo.Record{Topic: "__mirror_west-to-east", Partition: lane.Number(), Key: offsets.EncodeKey(ordersKey), Value: []byte(`{"v":9}`)}
	if err := cl.ProduceSync(context.Background(), r).FirstErr(); err != nil {
		t.Fatal(err)
	}
	m, _ := startMirror(t, c, "p1")
	waitState(t, m, "orders", monitor.Stopped)
}

// answerTimes lets the target answer some Produces to a topic with an error.
func answerTimes(c *kfake.Cluster, topic string, code int16, times int) {
	id := c.TopicInfo(topic).TopicID
	c.ControlKey(kmsg.Produce.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r := req.(*kmsg.ProduceRequest)
		mine := false
		for _, t := range r.Topics {
			mine = mine || t.Topic == topic || t.TopicID == id
		}
		c.KeepControl()
		if !mine || times == 0 {
			return nil, nil, false
		}
		times--
		resp := r.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range r.Topics {
			rt := kmsg.NewProduceResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				rp := kmsg.NewProduceResponseTopicPartition()
				rp.Partition, rp.ErrorCode, rp.BaseOffset = p.Partition, code, -1
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
}

// TestAnswers checks what each kind of answer to a batch leads to.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		err   *kerr.Error
		times int
		state monitor.State // "" for: copied all the same
	}{
		{kerr.NotLeaderForPartition, 3, ""},
		{kerr.LeaderNotAvailable, 2, ""},
		{kerr.FencedLeaderEpoch, 1, ""},
		{kerr.RequestTimedOut, 3, ""},
		{kerr.NotEnoughReplicas, 3, ""},
		{kerr.NotEnoughReplicasAfterAppend, 2, ""},
		{kerr.UnknownProducerID, 1, ""},
		{kerr.InvalidProducerEpoch, 1, ""},
		{kerr.OutOfOrderSequenceNumber, 2, ""},
		{kerr.UnknownServerError, 2, ""},
		{kerr.MessageTooLarge, 1, ""},
		{kerr.CorruptMessage, 1, ""},
		{kerr.UnknownServerError, 1000, monitor.Stopped},
		{kerr.InvalidRecord, 1000, monitor.Stopped},
		{kerr.TopicAuthorizationFailed, 1000, monitor.Waiting},
	} {
		t.Run(fmt.Sprintf("%s %d times", c.err.Message, c.times), func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders", "other"))
			conf := p.config(t, "topics: [orders, other]")
			produce(t, p.west, "orders", 0, "a", 10)
			m, _ := startMirror(t, conf, "p1")
			values(t, p.east, "west.orders", 0, 10)
			waitState(t, m, "other", monitor.CaughtUp)
			answerTimes(p.east, "west.orders", c.err.Code, c.times)
			produce(t, p.west, "orders", 0, "b", 10)
			produce(t, p.west, "other", 0, "o", 10)
			wantValues(t, values(t, p.east, "west.other", 0, 10), "o", 10) // one bad partition never stops another
			if c.state != "" {
				if got := waitState(t, m, "orders", c.state); !strings.Contains(got.Reason, "west.orders") {
					t.Errorf("reason %q does not name the topic", got.Reason)
				}
				return
			}
			wantValues(t, values(t, p.east, "west.orders", 0, 20)[10:], "b", 10)
			waitState(t, m, "orders", monitor.CaughtUp)
		})
	}
}
