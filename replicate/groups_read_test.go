package replicate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// place is a record as a reader of committed records finds it.
type place struct {
	value  string
	offset int64
}

// readPlaces reads n committed records of a partition from its beginning.
func readPlaces(t *testing.T, c *kfake.Cluster, topic string, n int) []place {
	t.Helper()
	cl := client(t, c, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	defer cl.Close()
	ctx := testContext(t)
	var got []place
	for len(got) < n {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) { got = append(got, place{string(r.Value), r.Offset}) })
		if ctx.Err() != nil {
			t.Fatalf("got %d of %d records of %s", len(got), n, topic)
		}
	}
	return got
}

// someAborted writes n transactions of one to four records to orders, every third of them aborted, and returns how many
// records are committed.
func someAborted(t *testing.T, c *kfake.Cluster, id string, n int) int {
	t.Helper()
	cl := client(t, c, kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	committed := 0
	for i := range n {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		records := 1 + rand.IntN(4)
		for k := range records {
			cl.Produce(context.Background(), &kgo.Record{Topic: "orders", Value: fmt.Appendf(nil, "%s-%d-%d", id, i, k)}, nil)
		}
		if err := cl.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := cl.EndTransaction(context.Background(), kgo.TransactionEndTry(i%3 != 0)); err != nil {
			t.Fatal(err)
		}
		if i%3 != 0 {
			committed += records
		}
	}
	return committed
}

// TestGroupPositionsAmongTransactions has groups stand at every offset of a source
// that is full of markers and aborted records, while the mirror is started anew:
// whoever goes on at the translated place reads exactly what it has not read.
func TestGroupPositionsAmongTransactions(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	c := syncing(t, p)
	n := 0
	var stop func()
	for i := range 3 {
		n += someAborted(t, p.west, fmt.Sprintf("tx-%d", i), 15)
		_, stop = startMirror(t, c, "p1")
		values(t, p.east, "west.orders", 0, n)
		if i < 2 {
			stop()
		}
	}
	read, copied := readPlaces(t, p.west, "orders", n), readPlaces(t, p.east, "west.orders", n)
	end := endOf(p.west, "orders")
	for at := range end + 1 {
		commit(t, p.west, fmt.Sprintf("at-%d", at), "orders", at)
	}
	names := make([]string, end+1)
	for at := range names {
		names[at] = fmt.Sprintf("at-%d", at)
	}
	admin := kadm.NewClient(client(t, p.east))
	for at := range end + 1 {
		unread := n
		for i, r := range read {
			if r.offset >= at {
				unread = i
				break
			}
		}
		want := copied[n-1].offset + 1
		if unread < n {
			want = copied[unread].offset
			if copied[unread].value != read[unread].value {
				t.Fatalf("record %d is %+v, its copy %+v", unread, read[unread], copied[unread])
			}
		}
		waitFor(t, func() string {
			o, _ := admin.FetchManyOffsets(context.Background(), names[at])[names[at]].Fetched.Lookup("west.orders", 0)
			if o.Metadata == "" || o.At != want {
				return fmt.Sprintf("a group at %d goes on at %d (%q), want %d", at, o.At, o.Metadata, want)
			}
			return ""
		})
	}
}
