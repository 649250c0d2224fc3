package offsets

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func newCluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newClient(t *testing.T, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.ProducerLinger(0)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // only a test that fails waits for so long
	t.Cleanup(cancel)
	return ctx
}

// readLanes replays a checkpoint topic from its beginning to the offsets that
// it ends at now.
func readLanes(t *testing.T, c *kfake.Cluster, topic string, lanes int) []*Lane {
	t.Helper()
	open := func(opts ...kgo.Opt) (*kgo.Client, error) {
		return kgo.NewClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...))...)
	}
	state, err := Replay(testContext(t), newClient(t, c), topic, open)
	if err != nil {
		t.Fatal(err)
	}
	if len(state) != lanes {
		t.Fatalf("got %d lanes, want %d", len(state), lanes)
	}
	for _, l := range state {
		if faults := l.Faults(); len(faults) > 0 {
			t.Error(faults)
		}
	}
	return state
}

func TestReplayOfNoTopic(t *testing.T) {
	c := newCluster(t, kfake.NumBrokers(1))
	lanes, err := Replay(testContext(t), newClient(t, c), "__mirror_none", nil)
	if err != nil || lanes != nil {
		t.Errorf("got %v, %v, want nothing", lanes, err)
	}
}

func TestStoreWritesAndReplays(t *testing.T) {
	const topic, lanes = "__mirror_a-to-b", 4
	c := newCluster(t, kfake.NumBrokers(2), kfake.SeedTopics(lanes, topic))
	s := NewStore(newClient(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner())), topic)
	ctx := testContext(t)
	m := NewMap(0)
	for i := range int64(200) {
		mustAdd(t, m, i*2, i, 1)
	}
	entries := []Entry{{Lane: 3, Key: ordersKey.copyOf(KindCheckpoint), Value: cpAt(10)}}
	for _, e := range m.Entries(ordersKey) {
		e.Lane = 3
		entries = append(entries, e)
	}
	pause := Key{Kind: KindPause, Topic: "orders"}
	for lane := range int32(lanes) {
		entries = append(entries, Entry{Lane: lane, Key: pause, Value: Pause{Paused: true}})
	}
	if err := s.Write(ctx, entries...); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ctx, Entry{Lane: 1, Key: pause}); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ctx); err != nil {
		t.Fatal(err)
	}
	state := readLanes(t, c, topic, lanes)
	if cp, ok, err := state[3].Checkpoint(ordersKey); !ok || err != nil || cp != cpAt(10) {
		t.Errorf("checkpoint: got %+v, %v, %v", cp, ok, err)
	}
	if got, want := state[3].Map(ordersKey).Runs(), m.Runs(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("map: got %v, want %v", got, want)
	}
	for lane, l := range state {
		if got := l.Paused("orders"); got != (lane != 1) {
			t.Errorf("lane %d: paused %v", lane, got)
		}
	}
}

// What a broker's compaction leaves gives the same lane.
func TestStoreAfterCompaction(t *testing.T) {
	const topic = "__mirror_a-to-b"
	c := newCluster(t, kfake.NumBrokers(1))
	if err := c.CreateTopic(topic, 1, map[string]string{"cleanup.policy": "compact"}); err != nil {
		t.Fatal(err)
	}
	s := NewStore(newClient(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner())), topic)
	ctx := testContext(t)
	m := NewMap(100)
	for i := range int64(60) {
		for range 10 {
			source, target, _ := m.End()
			mustAdd(t, m, source+1, target, 5)
		}
		if i == 30 {
			m.CutTarget(200)
		}
		entries := append(m.Entries(ordersKey), Entry{Key: ordersKey.copyOf(KindCheckpoint), Value: cpAt(i)})
		if err := s.Write(ctx, entries...); err != nil {
			t.Fatal(err)
		}
	}
	before := readLanes(t, c, topic, 1)[0]
	c.Compact()
	// The last record stays, so the end does; reading from the start skips the holes.
	after := readLanes(t, c, topic, 1)[0]
	if !reflect.DeepEqual(after.values, before.values) || len(after.values) == 0 {
		t.Errorf("got %v, want %v", after.values, before.values)
	}
	if got, want := after.Map(ordersKey).Runs(), m.Runs(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("map: got %v, want %v", got, want)
	}
}

// A lane is one batch per write, so that a reader rarely sees half of one.
func TestStoreWritesTogether(t *testing.T) {
	const topic = "__mirror_a-to-b"
	c := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	var requests atomic.Int32
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		requests.Add(1)
		return nil, nil, false
	})
	s := NewStore(newClient(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(10*time.Millisecond)), topic)
	var entries []Entry
	for i := range int32(500) {
		k := ordersKey.copyOf(KindCheckpoint)
		k.Partition = i
		entries = append(entries, Entry{Key: k, Value: cpAt(1)})
	}
	if err := s.Write(testContext(t), entries...); err != nil {
		t.Fatal(err)
	}
	if got := requests.Load(); got > 5 {
		t.Errorf("%d requests for 500 records", got)
	}
	if got := len(readLanes(t, c, topic, 1)[0].Checkpoints()); got != 500 {
		t.Errorf("%d checkpoints", got)
	}
}

func TestStoreErrors(t *testing.T) {
	const topic = "__mirror_a-to-b"
	entry := Entry{Lane: 0, Key: ordersKey.copyOf(KindCheckpoint), Value: cpAt(1)}
	manual := kgo.RecordPartitioner(kgo.ManualPartitioner())
	tests := []struct {
		name    string
		opts    []kgo.Opt
		entries []Entry
		fault   *kerr.Error
		want    []string
	}{
		{"not authorised", []kgo.Opt{manual}, []Entry{entry}, kerr.TopicAuthorizationFailed,
			[]string{"write checkpoint of orders/3 as west.orders to __mirror_a-to-b lane 0", "TOPIC_AUTHORIZATION_FAILED"}},
		{"no such lane", []kgo.Opt{manual}, []Entry{{Lane: 9, Key: entry.Key, Value: entry.Value}}, nil,
			[]string{"to __mirror_a-to-b lane 9"}},
		{"no record", []kgo.Opt{manual}, []Entry{entry, {Key: entry.Key, Value: 5}}, nil, []string{"int is no record"}},
		{"wrong partitioner", []kgo.Opt{kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(string) func(*kgo.Record, int) int {
			return func(*kgo.Record, int) int { return 1 }
		}))}, []Entry{entry}, nil, []string{"lane 1 instead of 0", "ManualPartitioner"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(2, topic))
			if tt.fault != nil {
				c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: tt.fault, Count: -1})
			}
			err := NewStore(newClient(t, c, tt.opts...), topic).Write(testContext(t), tt.entries...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestStoreWriteEndsWithItsContext(t *testing.T) {
	const topic = "__mirror_a-to-b"
	c := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	hold := make(chan struct{})
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.SleepControl(func() { <-hold })
		return nil, nil, false
	})
	s := NewStore(newClient(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner())), topic)
	defer close(hold)
	stop := errors.New("the lane is somebody else's")
	ctx, cancel := context.WithCancelCause(testContext(t))
	time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
	err := s.Write(ctx, Entry{Key: ordersKey.copyOf(KindCheckpoint), Value: cpAt(1)})
	if !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
}

func TestEnsureTopicCreates(t *testing.T) {
	tests := []struct {
		name                 string
		brokers, replication int
		wantReplicas         int
		wantMinISR           bool
	}{
		{"as asked", 3, 2, 2, false},
		{"default", 4, 0, 3, true},
		{"default, capped", 2, -1, 2, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // a clock of its own, so that a slow machine does not end the context
				var network kfake.VirtualNetwork
				c := newCluster(t, kfake.NumBrokers(tt.brokers), kfake.ListenFn(network.Listen), kfake.Ports([]int{9092, 9093, 9094, 9095}[:tt.brokers]...))
				adm := kadm.NewClient(newClient(t, c, kgo.Dialer(network.DialContext)))
				// Less than the time for which kadm remembers that there was no such topic.
				ctx, cancel := context.WithTimeout(testContext(t), 4*time.Second)
				defer cancel()
				for range 2 { // the second time it is there
					warnings, err := EnsureTopic(ctx, adm, "__mirror_r", 5, tt.replication)
					if err != nil || len(warnings) > 0 {
						t.Fatalf("got %v, %v", warnings, err)
					}
				}
				info := c.TopicInfo("__mirror_r")
				if info.NumReplicas != tt.wantReplicas {
					t.Errorf("%d replicas, want %d", info.NumReplicas, tt.wantReplicas)
				}
				want := map[string]string{"cleanup.policy": "compact", "segment.bytes": "1048576",
					"min.cleanable.dirty.ratio": "0.2", "max.compaction.lag.ms": "3600000"}
				if tt.wantMinISR {
					want["min.insync.replicas"] = "2"
				}
				if len(info.Configs) != len(want) {
					t.Errorf("configs: got %d, want %v", len(info.Configs), want)
				}
				for k, v := range want {
					if got := info.Configs[k]; got == nil || *got != v {
						t.Errorf("config %s: got %v, want %s", k, got, v)
					}
				}
				topics, err := adm.ListTopics(ctx, "__mirror_r")
				if err != nil || len(topics["__mirror_r"].Partitions) != 5 {
					t.Errorf("partitions: %v, %v", topics, err)
				}
			})
		})
	}
}

// A cluster that is just starting has fewer brokers than it will have.
func TestEnsureTopicWantsItsReplicas(t *testing.T) {
	c := newCluster(t, kfake.NumBrokers(2))
	adm := kadm.NewClient(newClient(t, c))
	if _, err := EnsureTopic(testContext(t), adm, "__mirror_r", 5, 3); err == nil || !strings.Contains(err.Error(), "replication_factor is 3 and the cluster has 2 live brokers; start more or lower it") {
		t.Errorf("got %v", err)
	}
	if _, err := EnsureTopic(testContext(t), adm, "__mirror_few", 5, 1); err != nil {
		t.Fatal(err)
	}
	for wanted, text := range map[int]string{1: "", 2: "has replication factor 1 where it should be 2", 0: "has replication factor 1 where it should be 2"} {
		warnings, err := EnsureTopic(testContext(t), adm, "__mirror_few", 5, wanted)
		if got := strings.Join(warnings, "\n"); err != nil || !strings.Contains(got, text) || text == "" && got != "" {
			t.Errorf("%d wanted: got %q, %v", wanted, got, err)
		}
	}
}

func TestEnsureTopicExisting(t *testing.T) {
	lanes := func(err error) bool { var e *LanesError; return errors.As(err, &e) && e.Have == 5 && e.Want == 16 }
	policy := func(err error) bool { var e *PolicyError; return errors.As(err, &e) }
	tests := []struct {
		name, policy string
		lanes        int
		is           func(error) bool
		want         []string
	}{
		{"other lanes", "compact", 16, lanes, []string{"__mirror_r has 5 partitions", "lanes: 16", "set lanes: 5"}},
		{"deletes", "delete", 5, policy, []string{"cleanup.policy=delete", "--add-config cleanup.policy=compact", "--entity-name __mirror_r"}},
		{"compacts and deletes", "compact,delete", 5, policy, []string{"cleanup.policy=compact,delete"}},
		{"default policy", "", 5, policy, []string{"cleanup.policy=delete"}},
		{"no lanes", "compact", 0, func(error) bool { return true }, []string{"at least 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, kfake.NumBrokers(1))
			configs := map[string]string{"cleanup.policy": tt.policy}
			if tt.policy == "" {
				configs = nil
			}
			if err := c.CreateTopic("__mirror_r", 5, configs); err != nil {
				t.Fatal(err)
			}
			_, err := EnsureTopic(testContext(t), kadm.NewClient(newClient(t, c)), "__mirror_r", tt.lanes, 1)
			if err == nil || !tt.is(err) {
				t.Fatalf("got %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

// Another process creates the topic between our question and our request.
func TestEnsureTopicRace(t *testing.T) {
	for _, lanes := range []int32{5, 7} {
		c := newCluster(t, kfake.NumBrokers(1))
		c.ControlKey(int16(kmsg.CreateTopics), func(kmsg.Request) (kmsg.Response, error, bool) {
			c.SleepControl(func() {
				if err := c.CreateTopic("__mirror_r", lanes, map[string]string{"cleanup.policy": "compact"}); err != nil {
					t.Error(err)
				}
			})
			return nil, nil, false
		})
		_, err := EnsureTopic(testContext(t), kadm.NewClient(newClient(t, c)), "__mirror_r", 5, 1)
		var other *LanesError
		if lanes == 5 && err != nil || lanes == 7 && !errors.As(err, &other) {
			t.Errorf("%d lanes: got %v", lanes, err)
		}
	}
}

func TestEnsureTopicNotAuthorised(t *testing.T) {
	fault := func(key kmsg.Key, err *kerr.Error) kfake.Fault {
		return kfake.Fault{Keys: []kmsg.Key{key}, Err: err, Count: -1}
	}
	tests := []struct {
		name        string
		fault       kfake.Fault
		exists      bool
		wantErr     string
		wantWarning string
	}{
		{"describe configs, new topic", fault(kmsg.DescribeConfigs, kerr.TopicAuthorizationFailed), false, "", "grant this principal DescribeConfigs"},
		{"describe configs, old topic", fault(kmsg.DescribeConfigs, kerr.TopicAuthorizationFailed), true, "", "grant this principal DescribeConfigs"},
		{"describe configs, cluster", fault(kmsg.DescribeConfigs, kerr.ClusterAuthorizationFailed), true, "", "cannot check that checkpoint topic __mirror_r"},
		{"create", fault(kmsg.CreateTopics, kerr.TopicAuthorizationFailed), false, "grant this principal Create on the topic, or create it yourself with 5 partitions", ""},
		{"describe", fault(kmsg.Metadata, kerr.TopicAuthorizationFailed), true, "grant this principal Describe, Read and Write", ""},
		{"other trouble", fault(kmsg.DescribeConfigs, kerr.InvalidRequest), true, "read configs of checkpoint topic __mirror_r", ""},
		{"too few brokers up", fault(kmsg.CreateTopics, kerr.InvalidReplicationFactor), false, "create checkpoint topic __mirror_r with 5 partitions and replication factor 1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, kfake.NumBrokers(1))
			if tt.exists {
				if err := c.CreateTopic("__mirror_r", 5, map[string]string{"cleanup.policy": "compact"}); err != nil {
					t.Fatal(err)
				}
			}
			tt.fault.Topic = "__mirror_r"
			if tt.fault.Keys[0] == kmsg.DescribeConfigs {
				tt.fault.Topic, tt.fault.Resource = "", "__mirror_r"
			}
			c.Fault(tt.fault)
			warnings, err := EnsureTopic(testContext(t), kadm.NewClient(newClient(t, c)), "__mirror_r", 5, 1)
			if got := fmt.Sprint(err); tt.wantErr == "" && err != nil || !strings.Contains(got, tt.wantErr) {
				t.Errorf("got %v, want %q in it", err, tt.wantErr)
			}
			if got := strings.Join(warnings, ""); !strings.Contains(got, tt.wantWarning) || tt.wantWarning == "" && got != "" {
				t.Errorf("warnings: got %q, want %q", got, tt.wantWarning)
			}
		})
	}
}
