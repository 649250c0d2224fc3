package replicate

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/monitor"
)

// TestTransactions copies committed transactions only, and everything when the
// route reads uncommitted.
func TestTransactions(t *testing.T) {
	for _, isolation := range []string{"read_committed", "read_uncommitted"} {
		t.Run(isolation, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			want := transactions(t, p.west, isolation == "read_uncommitted")
			m, stop := startMirror(t, p.config(t, "topics: [orders]", "isolation: "+isolation), "p1")
			waitState(t, m, "orders", monitor.CaughtUp)
			got := values(t, p.east, "west.orders", 0, len(want))
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			stop()
			// Counting over markers and aborted records ends at the same place.
			cp, lane := checkpointOf(t, p.east, ordersKey)
			cp.Source, cp.LastSource, cp.Ordinal, cp.Target, cp.Clean = 0, -1, 0, 0, false
			record(t, p.east, lane.Number(), ordersKey, cp)
			produce(t, p.west, "orders", 0, "after", 5)
			startMirror(t, p.config(t, "topics: [orders]", "isolation: "+isolation), "p1")
			wantValues(t, values(t, p.east, "west.orders", 0, len(want)+5)[len(want):], "after", 5)
		})
	}
}

// transactions writes ten transactions of which every third is aborted, and
// returns the values that are to be copied.
func transactions(t *testing.T, c *kfake.Cluster, all bool) []string {
	t.Helper()
	ctx := context.Background()
	cl := client(t, c, kgo.TransactionalID("tx"), kgo.DefaultProduceTopic("orders"))
	var want []string
	for i := range 10 {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		commit := i%3 != 2
		for j := range 4 {
			v := fmt.Sprintf("%d-%d", i, j)
			if err := cl.ProduceSync(ctx, &kgo.Record{Value: []byte(v)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if commit || all {
				want = append(want, v)
			}
		}
		if err := cl.EndTransaction(ctx, kgo.TransactionEndTry(commit)); err != nil {
			t.Fatal(err)
		}
	}
	return want
}

// TestMirroredBatchesDoNotGoHome runs routes that keep names in both
// directions: what a mirror wrote is left out and counted.
func TestMirroredBatchesDoNotGoHome(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(context.Background(), 1, 1, nil, "orders"); err != nil {
		t.Fatal(err)
	}
	produce(t, p.west, "orders", 0, "w", 10)
	there := p.config(t, "topics: [orders]", `rename: "{topic}"`, "allow: [existing]")
	back := (&pair{west: p.east, east: p.west}).config(t, "name: back", "topics: [orders]", `rename: "{topic}"`, "allow: [existing]")
	startMirror(t, there, "p1")
	wantValues(t, values(t, p.east, "orders", 0, 10), "w", 10)
	m, _ := startMirror(t, back, "p2")
	waitFor(t, func() string {
		if got := m.Status().Routes[0].SkippedMirrored; got == 0 {
			return "no batch was left out"
		}
		return ""
	})
	produce(t, p.east, "orders", 0, "e", 5)
	wantValues(t, values(t, p.west, "orders", 0, 15)[10:], "e", 5)
	produce(t, p.west, "orders", 0, "x", 5)
	wantValues(t, values(t, p.east, "orders", 0, 20)[15:], "x", 5)
}

// TestRejectedRecords leaves out records that the target refuses by name when
// it is told to, with an exact ledger entry each, and stops otherwise.
func TestRejectedRecords(t *testing.T) {
	for _, policy := range []string{"stop", "skip"} {
		t.Run(policy, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			compact := "compact"
			if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(context.Background(), 1, 1, map[string]*string{"cleanup.policy": &compact}, "west.orders"); err != nil {
				t.Fatal(err)
			}
			compactSource(t, p.west)
			cl := client(t, p.west, kgo.RecordPartitioner(kgo.ManualPartitioner()))
			var records []*kgo.Record
			for i := range 10 {
				r := &kgo.Record{Topic: "orders", Key: fmt.Appendf(nil, "k%d", i), Value: fmt.Appendf(nil, "a-%d", i)}
				if i == 3 || i == 7 {
					r.Key = nil
				}
				records = append(records, r)
			}
			if err := cl.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
				t.Fatal(err)
			}
			m, _ := startMirror(t, p.config(t, "topics: [orders]", "on_rejected: "+policy), "p1")
			if policy == "stop" {
				got := waitState(t, m, "orders", monitor.Stopped)
				if !strings.Contains(got.Reason, "source offset 3") {
					t.Errorf("reason %q does not name source offset 3", got.Reason)
				}
				return
			}
			got := values(t, p.east, "west.orders", 0, 8)
			if want := "[a-0 a-1 a-2 a-4 a-5 a-6 a-8 a-9]"; fmt.Sprint(got) != want {
				t.Errorf("got %v, want %v", got, want)
			}
			waitFor(t, func() string {
				if l := losses(t, p.east); len(l) != 2 || l[0].Loss.From != 3 || l[0].Loss.To != 4 || l[1].Loss.From != 7 || l[1].Loss.To != 8 {
					return fmt.Sprintf("got ledger %+v, want losses of offsets 3 and 7", l)
				}
				return ""
			})
		})
	}
}

// compactSource marks the source topic as compacted, so that its copy may be;
// kfake takes records without keys all the same.
func compactSource(t *testing.T, c *kfake.Cluster) {
	t.Helper()
	compact := "compact"
	_, err := kadm.NewClient(client(t, c)).AlterTopicConfigs(context.Background(), []kadm.AlterConfig{{Name: "cleanup.policy", Value: &compact}}, "orders")
	if err != nil {
		t.Fatal(err)
	}
}

// TestLargeBatchesAreSplit copies batches that are larger than the target takes
// in several.
func TestLargeBatchesAreSplit(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	limit := "2000"
	if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(context.Background(), 1, 1, map[string]*string{"max.message.bytes": &limit}, "west.orders"); err != nil {
		t.Fatal(err)
	}
	cl := client(t, p.west, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	var records []*kgo.Record
	for i := range 100 {
		records = append(records, &kgo.Record{Topic: "orders", Value: fmt.Appendf(nil, "a-%d", i), Key: []byte(strings.Repeat("k", 100))})
	}
	if err := cl.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	m, _ := startMirror(t, p.config(t, "topics: [orders]"), "p1")
	wantValues(t, values(t, p.east, "west.orders", 0, 100), "a", 100)
	waitState(t, m, "orders", monitor.CaughtUp)
}

// TestLanesMove lets two processes share the work and one of them end.
func TestLanesMove(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(8, "orders"))
	c := p.config(t, "topics: [orders]")
	for i := range int32(8) {
		produce(t, p.west, "orders", i, "a", 20)
	}
	one, _ := startMirror(t, c, "p1")
	for i := range int32(8) {
		wantValues(t, values(t, p.east, "west.orders", i, 20), "a", 20)
	}
	two, stopTwo := startMirror(t, c, "p2")
	waitFor(t, func() string {
		if a, b := len(one.routes[0].partitions()), len(two.routes[0].partitions()); a == 0 || b == 0 || a+b != 8 {
			return fmt.Sprintf("the processes have %d and %d partitions", a, b)
		}
		return ""
	})
	for i := range int32(8) {
		produce(t, p.west, "orders", i, "b", 20)
	}
	for i := range int32(8) {
		wantValues(t, values(t, p.east, "west.orders", i, 40)[20:], "b", 20)
	}
	stopTwo()
	waitFor(t, func() string {
		if n := len(one.routes[0].partitions()); n != 8 {
			return fmt.Sprintf("the remaining process has %d partitions", n)
		}
		return ""
	})
	for i := range int32(8) {
		produce(t, p.west, "orders", i, "c", 20)
	}
	for i := range int32(8) {
		wantValues(t, values(t, p.east, "west.orders", i, 60)[40:], "c", 20)
	}
}
