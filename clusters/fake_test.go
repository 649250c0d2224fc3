package clusters

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
)

// newFake starts a cluster of three brokers.
func newFake(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3), kfake.ClusterID("west-id"),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// configOf is a configuration with one cluster, west. extra is what the file says
// besides.
func configOf(t testing.TB, addresses []string, extra string) *config.Config {
	t.Helper()
	text := fmt.Sprintf("clusters:\n  west: {brokers: [%s]}\n%s", strings.Join(addresses, ", "), extra)
	cfg, err := config.Parse("test.yaml", []byte(text), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// watcherOf looks at a cluster when the test says so.
func watcherOf(t testing.TB, cfg *config.Config) *watcher {
	t.Helper()
	w, err := newWatcher(cfg.Clusters["west"], "test", &cfg.Monitor, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	return w
}

// looked is the snapshot of one look.
func (w *watcher) looked(t testing.TB) *snapshot {
	t.Helper()
	w.look(t.Context(), map[string]bool{})
	last, state, reason := w.present()
	if state != OK {
		t.Fatalf("the cluster is %s: %s", state, reason)
	}
	return last
}

// clientOf connects to a cluster as an application does.
func clientOf(t testing.TB, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// produce writes n records to a partition.
func produce(t testing.TB, cl *kgo.Client, topic string, partition int32, n int) {
	t.Helper()
	for range n {
		r := &kgo.Record{Topic: topic, Partition: partition, Value: []byte(strings.Repeat("v", 100))}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// consume joins a group, reads n records and commits them; the member stays until
// the test ends.
func consume(t testing.TB, c *kfake.Cluster, group string, n int, opts ...kgo.Opt) {
	t.Helper()
	cl := clientOf(t, c, append([]kgo.Opt{kgo.ConsumerGroup(group), kgo.ClientID(group + "-client"), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}, opts...)...)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for got := 0; got < n; {
		fetches := cl.PollRecords(ctx, n-got)
		if err := fetches.Err0(); err != nil {
			t.Fatal(err)
		}
		got += fetches.NumRecords()
		if err := cl.CommitRecords(ctx, fetches.Records()...); err != nil {
			t.Fatal(err)
		}
	}
}
