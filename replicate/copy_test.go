package replicate

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/e2e/strict"
)

// pair is two embedded clusters, west and east.
type pair struct {
	west, east *kfake.Cluster
}

func newPair(t *testing.T, west ...kfake.Opt) *pair {
	t.Helper()
	w, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.ClusterID("west-cluster")}, west...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	e, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ClusterID("east-cluster"), kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	strict.Watch(t, e) // what a real broker refuses fails the test
	return &pair{w, e}
}

// config is a configuration for a route from west to east; route is what its
// YAML has besides name, from and to, one line each.
func (p *pair) config(t *testing.T, route ...string) *config.Config {
	t.Helper()
	text := fmt.Sprintf("name: east\nclusters:\n  west: {brokers: [%q]}\n  east: {brokers: [%q]}\nroutes:\n  - from: west\n    to: east\n    %s\n",
		p.west.ListenAddrs()[0], p.east.ListenAddrs()[0], strings.Join(route, "\n    "))
	c, err := config.Parse("test.yaml", []byte(text), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testLog(t *testing.T) *slog.Logger {
	level := slog.LevelInfo
	if testing.Verbose() {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
}

// startMirror runs a mirror until the returned function is called or the test ends.
func startMirror(t *testing.T, c *config.Config, process string) (*Mirror, func()) {
	t.Helper()
	m := newMirror(t, c, Options{Process: process})
	return m, running(t, m)
}

// copyTen runs a mirror, and returns when it has copied ten new records of orders,
// a-0 to a-9, to an empty target.
func copyTen(t *testing.T, p *pair, c *config.Config) (*Mirror, func()) {
	t.Helper()
	produce(t, p.west, "orders", 0, "a", 10)
	m, stop := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 10)
	return m, stop
}

// newMirror makes a mirror that logs to the test.
func newMirror(t *testing.T, c *config.Config, o Options) *Mirror {
	t.Helper()
	o.Log = testLog(t).With("process", o.Process)
	m, err := New(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// running runs a mirror until the returned function is called or the test ends.
func running(t *testing.T, m *Mirror) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

func client(t *testing.T, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// produce writes n records with values prefix-0, prefix-1, … to a partition. It
// has no producer id: those that kfake gives out may look like a mirror's.
func produce(t *testing.T, c *kfake.Cluster, topic string, partition int32, prefix string, n int) {
	t.Helper()
	cl := client(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite())
	var records []*kgo.Record
	for i := range n {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: fmt.Appendf(nil, "%s-%d", prefix, i)})
	}
	if err := cl.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// values reads n values of a partition from its beginning.
func values(t *testing.T, c *kfake.Cluster, topic string, partition int32, n int) []string {
	t.Helper()
	cl := client(t, c, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var got []string
	for len(got) < n {
		fs := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("got %d of %d values of %s/%d before the time was up", len(got), n, topic, partition)
		}
		fs.EachRecord(func(r *kgo.Record) { got = append(got, string(r.Value)) })
	}
	return got
}

func wantValues(t *testing.T, got []string, prefix string, n int) {
	t.Helper()
	if len(got) != n {
		t.Fatalf("got %d values, want %d", len(got), n)
	}
	for i, v := range got {
		if want := fmt.Sprintf("%s-%d", prefix, i); v != want {
			t.Fatalf("value %d: got %q, want %q", i, v, want)
		}
	}
}

func TestCopiesUnderNewNames(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(2, "orders", "clicks"))
	produce(t, p.west, "orders", 0, "a", 100)
	produce(t, p.west, "orders", 1, "b", 50)
	startMirror(t, p.config(t, "topics: [orders]", "rename: all-{topic}"), "p1")
	wantValues(t, values(t, p.east, "all-orders", 0, 100), "a", 100)
	wantValues(t, values(t, p.east, "all-orders", 1, 50), "b", 50)
}

func TestGoesOnAfterAStop(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := p.config(t, "topics: [orders]")
	produce(t, p.west, "orders", 0, "a", 100)
	_, stop := startMirror(t, c, "p1")
	wantValues(t, values(t, p.east, "west.orders", 0, 100), "a", 100)
	stop()
	produce(t, p.west, "orders", 0, "b", 100)
	_, stop = startMirror(t, c, "p1")
	got := values(t, p.east, "west.orders", 0, 200)
	wantValues(t, got[:100], "a", 100)
	wantValues(t, got[100:], "b", 100)
	stop()
}
