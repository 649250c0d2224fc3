package replicate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
	"mirror/offsets"
	"mirror/rename"
)

// offsetBound is an offset as one end of a range.
func offsetBound(n int64) Bound { return Bound{Offset: n} }

var (
	earliest = Bound{Offset: -1}
	latest   = Bound{Offset: -1, Latest: true}
)

// apart is a wish for a copy under names of its own.
func apart(id string, from, to Bound, topics ...string) BackfillWish {
	return BackfillWish{ID: id, Arguments: id, Topics: topics, Rename: []rename.Rule{{To: "{topic}.history"}}, From: from, To: to}
}

// planned makes a backfill that may run.
func planned(t *testing.T, c *config.Config, wish BackfillWish) (*Backfill, *BackfillPlan) {
	t.Helper()
	b, err := NewBackfill(c, c.Routes[0], wish)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := b.Plan(testContext(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Problems) > 0 || plan.Mismatch != "" {
		t.Fatalf("refused: %q, %s", plan.Problems, plan.Mismatch)
	}
	return b, plan
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// backfill runs one to its end.
func runBackfill(t *testing.T, c *config.Config, wish BackfillWish) *Backfill {
	t.Helper()
	b, _ := planned(t, c, wish)
	if err := b.Run(testContext(t), Options{Log: testLog(t), Process: "p1"}); err != nil {
		t.Fatal(err)
	}
	return b
}

// refusal plans a backfill that must be refused, and returns why.
func refusalOf(t *testing.T, c *config.Config, wish BackfillWish) string {
	t.Helper()
	b, err := NewBackfill(c, c.Routes[0], wish)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := b.Plan(testContext(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Problems) == 0 {
		t.Fatal("it is not refused")
	}
	return strings.Join(plan.Problems, "\n")
}

func wantText(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			t.Errorf("got %q, want %q in it", got, p)
		}
	}
}

// history reads what a backfill has copied of a partition so far.
func history(t *testing.T, c *kfake.Cluster, topic string, partition int32) []string {
	t.Helper()
	n := 0
	if info := c.PartitionInfo(topic, partition); info != nil {
		n = int(info.HighWatermark)
	}
	return values(t, c, topic, partition, n)
}

func between(prefix string, from, to int) []string {
	all := []string{}
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("%s-%d", prefix, i))
	}
	return all
}

// TestBackfillBounds cuts one batch of records at both ends, for every codec.
func TestBackfillBounds(t *testing.T) {
	for _, codec := range []struct {
		name string
		is   kgo.CompressionCodec
	}{{"none", kgo.NoCompression()}, {"gzip", kgo.GzipCompression()}, {"snappy", kgo.SnappyCompression()}, {"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()}} {
		t.Run(codec.name, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			cl := client(t, p.west, kgo.DisableIdempotentWrite(), kgo.ProducerBatchCompression(codec.is), kgo.ProducerLinger(50*time.Millisecond))
			for b := range 3 {
				var records []*kgo.Record
				for i := range 100 {
					records = append(records, &kgo.Record{Topic: "orders", Value: fmt.Appendf(nil, "a-%d", b*100+i)})
				}
				if err := cl.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			c := p.config(t, "topics: [orders]")
			runBackfill(t, c, apart("one", offsetBound(42), offsetBound(257), "orders"))
			if got, want := history(t, p.east, "orders.history", 0), between("a", 42, 257); !slices.Equal(got, want) {
				t.Errorf("got %d values %.60v, want %d", len(got), got, len(want))
			}
		})
	}
}

// TestBackfillTwice does nothing the second time.
func TestBackfillTwice(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(3, "orders"))
	for i := range int32(2) { // the third stays empty
		produce(t, p.west, "orders", i, "a", 100)
	}
	c := p.config(t, "topics: [orders]")
	wish := apart("one", earliest, latest, "orders")
	runBackfill(t, c, wish)
	produce(t, p.west, "orders", 0, "late", 10)
	_, plan := planned(t, c, wish)
	if plan.Finished.IsZero() || plan.Began.IsZero() || len(plan.Ranges) != 3 {
		t.Errorf("got %+v", plan)
	}
	runBackfill(t, c, wish)
	for i := range int32(2) {
		wantValues(t, history(t, p.east, "orders.history", i), "a", 100)
	}
	wish.Arguments = "others"
	b, err := NewBackfill(c, c.Routes[0], wish)
	if err != nil {
		t.Fatal(err)
	}
	plan, err = b.Plan(testContext(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, plan.Mismatch, "one", "other arguments")
}

// TestBackfillGoesOn interrupts a backfill at random moments, and begins others of
// it before it has ended: every record is there once and in order.
func TestBackfillGoesOn(t *testing.T) {
	const n = 3000
	p := newPair(t, kfake.SeedTopics(2, "orders"))
	for b := range 10 {
		for i := range int32(2) {
			produce(t, p.west, "orders", i, fmt.Sprintf("b%d", b), n/10)
		}
	}
	want := []string{}
	for b := range 10 {
		want = append(want, between(fmt.Sprintf("b%d", b), 0, n/10)...)
	}
	c := p.config(t, "topics: [orders]", "limits: {connections_per_broker: 1}")
	wish := apart("one", offsetBound(7), offsetBound(n-7), "orders")
	interrupted := 0
	for {
		b, plan := planned(t, c, wish)
		if !plan.Finished.IsZero() {
			break
		}
		ctx, cancel := context.WithCancel(context.Background())
		if interrupted < 4 {
			after := time.Duration(rand.Int64N(int64(1500 * time.Millisecond)))
			defer time.AfterFunc(after, cancel).Stop()
		}
		var fleet sync.WaitGroup
		for i := range 2 {
			one := b
			if i > 0 {
				one, _ = planned(t, c, wish)
			}
			fleet.Go(func() {
				err := one.Run(ctx, Options{Log: testLog(t), Process: fmt.Sprint("p", i)})
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		}
		fleet.Wait()
		cancel()
		interrupted++
	}
	for i := range int32(2) {
		if got := history(t, p.east, "orders.history", i); !slices.Equal(got, want[7:n-7]) {
			t.Errorf("partition %d: got %d values, want %d", i, len(got), len(want)-14)
		}
	}
}

// TestBackfillRefuses writes to no target partition that somebody else writes.
func TestBackfillRefuses(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders", "other"))
	produce(t, p.west, "orders", 0, "a", 10)
	produce(t, p.west, "other", 0, "o", 10)
	c := p.config(t, "topics: [orders]")

	wish := apart("one", earliest, latest, "orders")
	wish.Rename = nil
	wantText(t, refusalOf(t, c, wish), "route west-to-east copies topic orders to west.orders", "--then-live")
	wish.ThenLive, wish.Topics = true, []string{"other"}
	wantText(t, refusalOf(t, c, wish), "--then-live", "does not copy the topic")
	wish.ThenLive, wish.Topics = false, []string{"none"}
	wantText(t, refusalOf(t, c, wish), "no topic none")

	_, stop := startMirror(t, c, "p1")
	values(t, p.east, "west.orders", 0, 10)
	stop()
	elsewhere := p.config(t, "topics: [other]", "name: another")
	wish = apart("two", earliest, latest, "orders")
	wish.Rename = []rename.Rule{{To: "west.orders"}}
	wantText(t, refusalOf(t, elsewhere, wish), "a route (checkpoint topic __mirror_west-to-east) writes target west.orders, partition 0")
	wish.ThenLive, wish.Rename = true, nil
	wantText(t, refusalOf(t, c, wish), "writes target west.orders, partition 0")

	// Without the checkpoint topic the batches still tell.
	if _, err := kadm.NewClient(client(t, p.east)).DeleteTopics(context.Background(), "__mirror_west-to-east"); err != nil {
		t.Fatal(err)
	}
	wish = apart("three", earliest, latest, "orders")
	wish.Rename = []rename.Rule{{To: "west.orders"}}
	open := p.config(t, "topics: [other]", "name: another", "allow: [existing]")
	wantText(t, refusalOf(t, open, wish), "written by another mirror")

	produceTo(t, p.east, "filled", "x", 5)
	wish.Rename = []rename.Rule{{To: "filled"}}
	wantText(t, refusalOf(t, c, wish), "not empty", "allow: [existing]")
	runBackfill(t, open, wish)
	if got := history(t, p.east, "filled", 0); !slices.Equal(got, append(between("x", 0, 5), between("a", 0, 10)...)) {
		t.Errorf("appended: got %v", got)
	}
}

// produceTo creates a topic and fills it.
func produceTo(t *testing.T, c *kfake.Cluster, topic, prefix string, n int) {
	t.Helper()
	if _, err := kadm.NewClient(client(t, c)).CreateTopic(context.Background(), 1, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
	produce(t, c, topic, 0, prefix, n)
}

// TestBackfillsAtOnce begins two backfills with one target at the same moment: one
// writes, and the other says why not.
func TestBackfillsAtOnce(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 100)
	c := p.config(t, "topics: [orders]")
	for round := range 3 {
		target := fmt.Sprintf("copy%d", round)
		produceTo(t, p.east, target, "", 0)
		var backfills []*Backfill
		for i := range 2 {
			wish := apart(fmt.Sprintf("r%d-%d", round, i), earliest, latest, "orders")
			wish.Rename = []rename.Rule{{To: target}}
			b, _ := planned(t, c, wish)
			backfills = append(backfills, b)
		}
		var both sync.WaitGroup
		errs := make([]error, 2)
		for i, b := range backfills {
			both.Go(func() { errs[i] = b.Run(testContext(t), Options{Log: testLog(t), Process: fmt.Sprint("p", i)}) })
		}
		both.Wait()
		got := history(t, p.east, target, 0)
		switch {
		case errs[0] == nil && errs[1] == nil:
			t.Errorf("both have run: %d records", len(got))
		case errs[0] != nil && errs[1] != nil:
			t.Errorf("both were refused: %v, %v", errs[0], errs[1])
		default:
			wantValues(t, got, "a", 100)
		}
		for _, err := range errs {
			if err != nil {
				wantText(t, err.Error(), "backfill r", "writes target copy")
			}
		}
	}
}

// TestBackfillThenLive lets a route that runs already, and one that starts later,
// go on where the backfill ends.
func TestBackfillThenLive(t *testing.T) {
	for _, running := range []bool{true, false} {
		t.Run(fmt.Sprint("running ", running), func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(2, "orders", "other"))
			produce(t, p.west, "orders", 0, "a", 500)
			produce(t, p.west, "other", 0, "o", 10)
			before := p.config(t, "topics: [other]", "refresh: 100ms")
			c := p.config(t, "topics: [other, orders]", "refresh: 100ms", "start: latest")
			stop := func() {}
			if running {
				_, stop = startMirror(t, before, "p1")
				values(t, p.east, "west.other", 0, 10)
			}
			runBackfill(t, c, BackfillWish{ID: "one", Arguments: "x", Topics: []string{"orders"}, From: earliest, To: offsetBound(300), ThenLive: true})
			if got := history(t, p.east, "west.orders", 0); !slices.Equal(got, between("a", 0, 300)) {
				t.Errorf("the backfill: got %d values", len(got))
			}
			stop()
			_, stop = startMirror(t, c, "p1")
			wantValues(t, values(t, p.east, "west.orders", 0, 500), "a", 500)
			produce(t, p.west, "orders", 0, "b", 100)
			produce(t, p.west, "orders", 1, "c", 100) // empty at the backfill's time
			got := values(t, p.east, "west.orders", 0, 600)
			if !slices.Equal(got[500:], between("b", 0, 100)) {
				t.Errorf("behind it: got %v", got[500:])
			}
			wantValues(t, values(t, p.east, "west.orders", 1, 100), "c", 100)
			stop()
			_, stop = startMirror(t, c, "p1")
			produce(t, p.west, "orders", 0, "d", 10)
			if got := values(t, p.east, "west.orders", 0, 610); !slices.Equal(got[600:], between("d", 0, 10)) {
				t.Errorf("after a restart: got %v", got[600:])
			}
			stop()
		})
	}
}

// TestRouteWaitsForBackfill starts the route while a backfill has its partitions:
// it waits, and goes on by itself.
func TestRouteWaitsForBackfill(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 200)
	c := p.config(t, "topics: [orders]", "refresh: 100ms")
	wish := BackfillWish{ID: "one", Arguments: "x", Topics: []string{"orders"}, From: earliest, To: latest, ThenLive: true}
	b, _ := planned(t, c, wish)
	side := westAndEast(t, c)
	if err := b.reserve(testContext(t), side); err != nil {
		t.Fatal(err)
	}
	m, _ := startMirror(t, c, "p1")
	waitFor(t, func() string {
		for _, ts := range m.Status().Routes[0].Topics {
			for _, ps := range ts.Partitions {
				if strings.Contains(ps.Reason, "backfill one copies source offsets 0 to 199") {
					return ""
				}
			}
		}
		return "the route does not wait for the backfill"
	})
	if end := endOf(p.east, "west.orders"); end != 0 {
		t.Errorf("the route has copied %d records", end)
	}
	runBackfill(t, c, wish)
	produce(t, p.west, "orders", 0, "b", 100)
	got := values(t, p.east, "west.orders", 0, 300)
	wantValues(t, got[:200], "a", 200)
	wantValues(t, got[200:], "b", 100)
}

// westAndEast is access to the target of the config's route.
func westAndEast(t *testing.T, c *config.Config) *side {
	t.Helper()
	s, err := newSide(c.Clusters["east"], "test", nil, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.Close)
	return s
}

// TestHandOverAgain crashes between the records of a hand-over: the same again
// completes it and takes nothing back that the route has done meanwhile.
func TestHandOverAgain(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 200)
	c := p.config(t, "topics: [orders]", "refresh: 100ms")
	b := runBackfill(t, c, BackfillWish{ID: "one", Arguments: "x", Topics: []string{"orders"}, From: earliest, To: latest, ThenLive: true})
	_, stop := startMirror(t, c, "p1")
	produce(t, p.west, "orders", 0, "b", 100)
	values(t, p.east, "west.orders", 0, 300)
	stop()
	ctx, dst := testContext(t), westAndEast(t, c)
	if err := b.reserve(ctx, dst); err != nil { // as if its removal had never been written
		t.Fatal(err)
	}
	own, err := dst.replay(ctx, "__mirror_west-to-east.backfill.one")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.handOver(ctx, dst, own); err != nil {
		t.Fatal(err)
	}
	lanes, err := dst.replay(ctx, "__mirror_west-to-east")
	if err != nil {
		t.Fatal(err)
	}
	g := rangesOf(own)[0]
	if cp, _, ok := newestCheckpoint(lanes, g); !ok || cp.Source != 300 || cp.Target != 300 {
		t.Errorf("the route's checkpoint: got %+v, %v, want source and target 300", cp, ok)
	}
	if b.reserves(lanes, g) {
		t.Error("the reservation is still there")
	}
	// A route that began by itself is not taken for one that was handed over to.
	cp, key, _ := newestCheckpoint(lanes, g)
	cp.Source = g.To - 1
	store := offsets.NewStore(dst.client, "__mirror_west-to-east")
	if err := errors.Join(b.reserve(ctx, dst), store.Write(ctx, offsets.Entry{Lane: b.laneOfRoute(g), Key: key, Value: cp})); err != nil {
		t.Fatal(err)
	}
	if err := b.handOver(ctx, dst, own); err == nil || !strings.Contains(err.Error(), "has begun with orders/0 by itself") {
		t.Errorf("a route that has begun by itself: got %v", err)
	}
}

// TestBackfillLoss records what retention took of the range.
func TestBackfillLoss(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 100)
	c := p.config(t, "topics: [orders]")
	cut := kadm.Offsets{}
	cut.Add(kadm.Offset{Topic: "orders", Partition: 0, At: 30})
	if _, err := kadm.NewClient(client(t, p.west)).DeleteRecords(context.Background(), cut); err != nil {
		t.Fatal(err)
	}
	b := runBackfill(t, c, apart("one", offsetBound(10), offsetBound(60), "orders"))
	if got := history(t, p.east, "orders.history", 0); !slices.Equal(got, between("a", 30, 60)) {
		t.Errorf("got %v", got)
	}
	if progress := b.Progress(); len(progress.Losses) != 1 || progress.Losses[0].Loss.To != 30 {
		t.Errorf("got %+v, want one loss of 20 offsets", progress)
	}
	_, plan := planned(t, c, apart("one", offsetBound(10), offsetBound(60), "orders"))
	if len(plan.Losses) != 1 {
		t.Errorf("got %d losses on record, want 1", len(plan.Losses))
	}
	gone := apart("gone", offsetBound(10), offsetBound(20), "orders")
	gone.Rename = []rename.Rule{{To: "gone"}}
	if progress := runBackfill(t, c, gone).Progress(); progress.Losses[0].Loss.To != 20 || progress.Topics[0].Copied != 10 || progress.Topics[0].Done != 1 {
		t.Errorf("all of it is gone: got %+v, want a loss of 10 offsets and an end", progress)
	}
}

// TestBackfillOutrunByRetention lets the source drop all of a range that is half
// copied, and more: the loss ends where the range ends.
func TestBackfillOutrunByRetention(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 100)
	c := p.config(t, "topics: [orders]")
	wish := apart("one", offsetBound(10), offsetBound(30), "orders")
	b := runBackfill(t, c, wish)
	// As if it had been interrupted at 30 of 60.
	g := b.ranges[0]
	g.To = 60
	facts := b.routeFacts("west-cluster", "east-cluster")
	entries := append(offsets.RouteEntries(facts), offsets.Entry{Key: g.claim(b.facts.ID), Value: b.value(g)})
	if err := offsets.NewStore(westAndEast(t, c).client, offsets.TopicName(b.route.Name)).Write(testContext(t), entries...); err != nil {
		t.Fatal(err)
	}
	cut := kadm.Offsets{}
	cut.Add(kadm.Offset{Topic: "orders", Partition: 0, At: 70})
	if _, err := kadm.NewClient(client(t, p.west)).DeleteRecords(context.Background(), cut); err != nil {
		t.Fatal(err)
	}
	progress := runBackfill(t, c, wish).Progress()
	if len(progress.Losses) != 1 || progress.Losses[0].Loss.From != 30 || progress.Losses[0].Loss.To != 60 || progress.Topics[0].Copied != 50 {
		t.Errorf("got %+v, want one loss from 30 to 60", progress)
	}
	if got := history(t, p.east, "orders.history", 0); !slices.Equal(got, between("a", 10, 30)) {
		t.Errorf("got %v", got)
	}
}

// TestBackfillOfOpenTransaction ends before a transaction that is still open.
func TestBackfillOfOpenTransaction(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 50)
	tx := client(t, p.west, kgo.TransactionalID("tx"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := tx.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := tx.ProduceSync(context.Background(), &kgo.Record{Topic: "orders", Value: []byte("open")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	c := p.config(t, "topics: [orders]")
	_, plan := planned(t, c, apart("one", earliest, latest, "orders"))
	if len(plan.Notes) != 1 || plan.Ranges[0].To != 50 {
		t.Errorf("got %+v", plan)
	}
	wantText(t, strings.Join(plan.Notes, "\n"), "transactions are still open from offset 50 on", "without 1 of")
	runBackfill(t, c, apart("one", earliest, latest, "orders"))
	wantValues(t, history(t, p.east, "orders.history", 0), "a", 50)
	if err := tx.EndTransaction(context.Background(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	// The record is aborted and only the markers are left: there is nothing to copy, and an end.
	runBackfill(t, c, func() BackfillWish {
		w := apart("two", offsetBound(50), latest, "orders")
		w.Rename = []rename.Rule{{To: "tail"}}
		return w
	}())
	if got := history(t, p.east, "tail", 0); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// TestBackfillProducerIDs keeps a backfill's sequences apart from the route's.
func TestBackfillProducerIDs(t *testing.T) {
	l := offsets.Lineage{SourceCluster: "c", SourceTopicID: offsets.TopicID{1}, Target: "t"}
	a, b := l, l
	a.Copy, b.Copy = "a", "b"
	if l.ProducerID() == a.ProducerID() || a.ProducerID() == b.ProducerID() {
		t.Error("producer ids are not apart")
	}
}

// TestAbandon gives a backfill up that a route waits for: the route begins, and
// the backfill does not go on.
func TestAbandon(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 50)
	c := p.config(t, "topics: [orders]", "refresh: 100ms")
	wish := BackfillWish{ID: "one", Arguments: "x", Topics: []string{"orders"}, From: earliest, To: latest, ThenLive: true}
	b, _ := planned(t, c, wish)
	ctx, dst := testContext(t), westAndEast(t, c)
	if err := b.reserve(ctx, dst); err != nil {
		t.Fatal(err)
	}
	if err := Abandon(ctx, c, c.Routes[0], "one", nil); err == nil {
		t.Error("a backfill that nobody has begun is given up")
	}
	// It dies right after it has announced itself.
	if _, err := offsets.EnsureTopic(ctx, kadm.NewClient(dst.client), offsets.TopicName(b.route.Name), backfillLanes, 1); err != nil {
		t.Fatal(err)
	}
	if err := offsets.NewStore(dst.client, offsets.TopicName(b.route.Name)).Write(ctx, b.announcement()...); err != nil {
		t.Fatal(err)
	}
	startMirror(t, c, "p1")
	agreed := 0
	agree := func(a Abandoning) error {
		agreed += len(a.Ranges)
		return nil
	}
	if err := Abandon(ctx, c, c.Routes[0], "one", agree); err != nil || agreed != 1 {
		t.Fatalf("got %v after %d ranges", err, agreed)
	}
	wantValues(t, values(t, p.east, "west.orders", 0, 50), "a", 50)
	if err := Abandon(ctx, c, c.Routes[0], "one", agree); err == nil || !strings.Contains(err.Error(), "over already") {
		t.Errorf("again: got %v", err)
	}
	again, err := NewBackfill(c, c.Routes[0], wish)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := again.Plan(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, plan.Mismatch, "was given up", "another --id")
}

// TestBackfillPassesAnEmptyTail ends where compaction has removed the last records
// before the end of the range.
func TestBackfillPassesAnEmptyTail(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	produce(t, p.west, "orders", 0, "a", 5)
	id := p.west.TopicInfo("orders").TopicID
	p.west.ControlKey(kmsg.ListOffsets.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		r := req.(*kmsg.ListOffsetsRequest)
		if len(r.Topics) != 1 || r.Topics[0].Topic != "orders" || r.Topics[0].Partitions[0].Timestamp != -1 {
			return nil, nil, false
		}
		resp := r.ResponseKind().(*kmsg.ListOffsetsResponse)
		part := kmsg.NewListOffsetsResponseTopicPartition()
		part.Offset, part.LeaderEpoch = 10, 0
		resp.Topics = []kmsg.ListOffsetsResponseTopic{{Topic: "orders", Partitions: []kmsg.ListOffsetsResponseTopicPartition{part}}}
		return resp, nil, true
	})
	p.west.ControlKey(kmsg.Fetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		p.west.KeepControl()
		r := req.(*kmsg.FetchRequest)
		if len(r.Topics) != 1 || r.Topics[0].TopicID != id || r.Topics[0].Partitions[0].FetchOffset < 5 {
			return nil, nil, false
		}
		resp := r.ResponseKind().(*kmsg.FetchResponse)
		part := kmsg.NewFetchResponseTopicPartition()
		part.HighWatermark, part.LastStableOffset, part.LogStartOffset = 10, 10, 0
		resp.Topics = []kmsg.FetchResponseTopic{{TopicID: id, Partitions: []kmsg.FetchResponseTopicPartition{part}}}
		return resp, nil, true
	})
	c := p.config(t, "topics: [orders]")
	b := runBackfill(t, c, apart("one", earliest, offsetBound(8), "orders"))
	wantValues(t, history(t, p.east, "orders.history", 0), "a", 5)
	if progress := b.Progress(); progress.Topics[0].Copied != 8 || progress.Topics[0].Done != 1 {
		t.Errorf("got %+v", progress)
	}
}
