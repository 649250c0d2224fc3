package verify

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// cluster is an embedded cluster with a client.
type cluster struct {
	*kfake.Cluster
	cl *kgo.Client
}

func newCluster(t *testing.T, id string, opts ...kfake.Opt) *cluster {
	t.Helper()
	return dialCluster(t, id, nil, opts...)
}

// dialCluster is newCluster with a dialer of the client's own; nil: over TCP.
func dialCluster(t *testing.T, id string, dial func(ctx context.Context, network, addr string) (net.Conn, error), opts ...kfake.Opt) *cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2), kfake.ClusterID(id)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	// Without idempotence there is no producer id: kfake's are random and look like a mirror's half of the time.
	client := []kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite()}
	if dial != nil {
		client = append(client, kgo.Dialer(dial))
	}
	cl, err := kgo.NewClient(client...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return &cluster{c, cl}
}

func (c *cluster) topic(t *testing.T, name string, partitions int32, configs ...string) {
	t.Helper()
	settings := make(map[string]*string)
	for i := 0; i < len(configs); i += 2 {
		settings[configs[i]] = &configs[i+1]
	}
	if _, err := kadm.NewClient(c.cl).CreateTopic(t.Context(), partitions, 1, settings, name); err != nil {
		t.Fatal(err)
	}
}

// produce writes the records in their order, in batches of ten.
func (c *cluster) produce(t *testing.T, records ...*kgo.Record) {
	t.Helper()
	for batch := range slices.Chunk(records, 10) {
		if err := c.cl.ProduceSync(t.Context(), batch...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns the committed records of a partition.
func (c *cluster) read(t *testing.T, topic string, partition int32) []*kgo.Record {
	t.Helper()
	ends, err := kadm.NewClient(c.cl).ListCommittedOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup(topic, partition)
	starts, err := kadm.NewClient(c.cl).ListStartOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	start, _ := starts.Lookup(topic, partition)
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(start.Offset)}}))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var out []*kgo.Record
	for at := start.Offset; at < end.Offset; {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		fs := cl.PollFetches(ctx)
		cancel()
		if err := fs.Err(); err != nil {
			t.Fatal(err)
		}
		for _, r := range fs.Records() {
			at = r.Offset + 1
			if !r.Attrs.IsControl() {
				out = append(out, r)
			}
		}
	}
	return out
}

// copyOf returns records to be produced elsewhere.
func copyOf(records []*kgo.Record, topic string, partition int32) []*kgo.Record {
	out := make([]*kgo.Record, len(records))
	for i, r := range records {
		out[i] = &kgo.Record{Topic: topic, Partition: partition, Key: r.Key, Value: r.Value, Headers: slices.Clone(r.Headers), Timestamp: r.Timestamp}
	}
	return out
}

// shapes makes n records with every kind of key, value and headers.
func shapes(topic string, partition int32, n int) []*kgo.Record {
	var out []*kgo.Record
	for i := range n {
		r := &kgo.Record{Topic: topic, Partition: partition, Timestamp: time.UnixMilli(1_700_000_000_000 + int64(i/4)), Value: fmt.Appendf(nil, "%s-%d-%d", topic, partition, i)}
		switch i % 8 {
		case 0:
			r.Key = fmt.Appendf(nil, "k%d", i%5)
		case 1:
			r.Key = []byte{}
		case 2:
			r.Key, r.Value = fmt.Appendf(nil, "k%d", i), nil
		case 3:
			r.Key, r.Value = fmt.Appendf(nil, "k%d", i), []byte{}
		case 4:
			r.Headers = []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "a"}, {Key: "", Value: []byte{}}}
		case 5:
			r.Value = append(r.Value, strings.Repeat("x", 3000)...)
		case 6:
			r.Timestamp = time.UnixMilli(0)
		}
		out = append(out, r)
	}
	return out
}

func verified(t *testing.T, src, dst *cluster, pairs []Pair, o Options) *Report {
	t.Helper()
	o.Patience = cmp.Or(o.Patience, 2*time.Second)
	r, err := Run(t.Context(), src.cl, dst.cl, pairs, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Errors() {
		t.Errorf("%s[%d]: %s", p.Source, p.Partition, p.Error)
	}
	return r
}

func text(r *Report) string {
	var b strings.Builder
	_ = r.WriteText(&b)
	return b.String()
}

// expect checks the counts by kind; no kinds: equal.
func expect(t *testing.T, r *Report, want map[Kind]int64) {
	t.Helper()
	if r.Equal() != (len(want) == 0) || r.Differs() == (len(want) == 0) {
		t.Errorf("equal: got %v\n%s", r.Equal(), text(r))
	}
	for _, k := range Kinds() {
		if r.Counts[k] != want[k] {
			t.Errorf("%s: got %d, want %d\n%s", k, r.Counts[k], want[k], text(r))
		}
	}
}

func TestClusterMutations(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	const n = 300
	src.topic(t, "orders", 2)
	src.topic(t, "clicks", 1)
	src.produce(t, shapes("orders", 0, n)...)
	src.produce(t, shapes("orders", 1, n)...)
	src.produce(t, shapes("clicks", 0, n)...)

	type logs [3][]*kgo.Record // orders 0 and 1, clicks 0
	for i, m := range []struct {
		name   string
		mutate func(l *logs)
		want   map[Kind]int64
		says   string
	}{
		{"nothing", func(*logs) {}, nil, "0 differences"},
		{"drop", func(l *logs) { l[0] = slices.Delete(l[0], 100, 101) }, map[Kind]int64{Lost: 1}, "lost      orders[0]@100 → "},
		{"repeat", func(l *logs) { l[0] = slices.Insert(l[0], 200, l[0][7]) }, map[Kind]int64{Repeated: 1}, "orders[0]@7 → "},
		{"swap", func(l *logs) { l[0][150], l[0][151] = l[0][151], l[0][150] }, map[Kind]int64{Reordered: 1}, "reordered orders[0]@15"},
		{"header byte", func(l *logs) { l[0][4].Headers[0].Value = []byte("2") }, map[Kind]int64{Changed: 1}, "orders[0]@4 → " /* same place */},
		{"header order", func(l *logs) { h := l[0][12].Headers; h[0], h[1] = h[1], h[0] }, map[Kind]int64{Changed: 1}, "@12: headers"},
		{"null header", func(l *logs) { l[0][12].Headers[1].Value = []byte{} }, map[Kind]int64{Changed: 1}, "@12: headers"},
		{"timestamp", func(l *logs) { l[0][33].Timestamp = l[0][33].Timestamp.Add(time.Millisecond) }, map[Kind]int64{Changed: 1}, "@33: timestamp"},
		{"value", func(l *logs) { l[0][32].Value = []byte("other") }, map[Kind]int64{Changed: 1}, "@32: value"},
		{"null value empty", func(l *logs) { l[0][42].Value = []byte{} }, map[Kind]int64{Changed: 1}, "@42: value"},
		{"null key empty", func(l *logs) { l[0][44].Key = []byte{} }, map[Kind]int64{Changed: 1}, "@44: key"},
		{"misroute partition", func(l *logs) {
			l[1] = slices.Insert(l[1], 50, l[0][60])
			l[0] = slices.Delete(l[0], 60, 61)
		}, map[Kind]int64{Misrouted: 1}, "orders[0]@60 → west.orders-12[1]@50"},
		{"misroute topic", func(l *logs) {
			l[2] = slices.Insert(l[2], 50, l[1][60])
			l[1] = slices.Delete(l[1], 60, 61)
		}, map[Kind]int64{Misrouted: 1}, "orders[1]@60 → west.clicks-13[0]@50"},
		{"copy elsewhere too", func(l *logs) { l[2] = slices.Insert(l[2], 50, l[1][61]) }, map[Kind]int64{Misrouted: 1}, "orders[1]@61 → west.clicks-14[0]@50"},
		{"foreign", func(l *logs) {
			l[2] = slices.Insert(l[2], 50, &kgo.Record{Value: []byte("?"), Timestamp: time.UnixMilli(1_700_000_000_001)})
		}, map[Kind]int64{Foreign: 1}, "has no such record (next is 50)"},
		{"several", func(l *logs) {
			l[0] = slices.Delete(l[0], 100, 103)
			l[1] = append(l[1], l[1][3])
			l[2][9].Value = []byte("x")
		}, map[Kind]int64{Lost: 3, Repeated: 1, Changed: 1}, "5 differences (3 lost, 1 repeated, 1 changed)"},
	} {
		t.Run(m.name, func(t *testing.T) {
			orders, clicks := fmt.Sprintf("west.orders-%d", i+1), fmt.Sprintf("west.clicks-%d", i+1)
			dst.topic(t, orders, 2)
			dst.topic(t, clicks, 1)
			var l logs
			for k, from := range []struct {
				topic string
				p     int32
			}{{"orders", 0}, {"orders", 1}, {"clicks", 0}} {
				l[k] = copyOf(src.read(t, from.topic, from.p), from.topic, from.p)
			}
			m.mutate(&l)
			dst.produce(t, copyOf(l[0], orders, 0)...)
			dst.produce(t, copyOf(l[1], orders, 1)...)
			dst.produce(t, copyOf(l[2], clicks, 0)...)
			r := verified(t, src, dst, []Pair{{Source: "orders", Target: orders}, {Source: "clicks", Target: clicks}}, Options{})
			expect(t, r, m.want)
			if !strings.Contains(text(r), m.says) {
				t.Errorf("text lacks %q:\n%s", m.says, text(r))
			}
		})
	}
}

// Aborted records and markers take offsets on the source and are not copied.
func TestTransactions(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	src.topic(t, "tx", 1)
	dst.topic(t, "west.tx", 1)
	write := func(id string, n int, end kgo.TransactionEndTry) {
		cl, err := kgo.NewClient(kgo.SeedBrokers(src.ListenAddrs()...), kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "tx", Value: fmt.Appendf(nil, "%s %d %v", id, i, end)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := cl.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		write("a", 3+i, kgo.TryCommit)
		write("b", 4, kgo.TryAbort)
		src.produce(t, shapes("tx", 0, 5)...)
		write("a", 2, kgo.TryAbort)
	}
	dst.produce(t, copyOf(src.read(t, "tx", 0), "west.tx", 0)...)
	pairs := []Pair{{Source: "tx", Target: "west.tx"}}
	r := verified(t, src, dst, pairs, Options{ReadCommitted: true})
	expect(t, r, nil)
	if want := int64(5*5 + 3 + 4 + 5 + 6 + 7); r.Records != want || r.NotCopied != 0 {
		t.Errorf("got %d equal and %d not copied, want %d and 0", r.Records, r.NotCopied, want)
	}
	// The same copy is not what read_uncommitted promises.
	r = verified(t, src, dst, pairs, Options{})
	expect(t, r, map[Kind]int64{Lost: 28})
	if r.NotCopied != 2 {
		t.Errorf("got %d not copied, want the 2 of the last transaction", r.NotCopied)
	}
}

func TestOpenTransactionIsNotRead(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	src.topic(t, "tx", 1)
	dst.topic(t, "west.tx", 1)
	src.produce(t, shapes("tx", 0, 10)...)
	dst.produce(t, copyOf(src.read(t, "tx", 0), "west.tx", 0)...)
	cl, err := kgo.NewClient(kgo.SeedBrokers(src.ListenAddrs()...), kgo.TransactionalID("open"), kgo.DefaultProduceTopic("tx"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), kgo.StringRecord("waiting")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	r := verified(t, src, dst, []Pair{{Source: "tx", Target: "west.tx"}}, Options{ReadCommitted: true})
	expect(t, r, nil)
	if r.Records != 10 || r.NotCopied != 0 {
		t.Errorf("got %d equal and %d not copied, want 10 and 0", r.Records, r.NotCopied)
	}
}

// Transaction markers in a target that only the mirror writes to are named.
func TestMarkersOnTheTarget(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	src.topic(t, "a", 1)
	dst.topic(t, "west.a", 1)
	src.produce(t, shapes("a", 0, 10)...)
	cl, err := kgo.NewClient(kgo.SeedBrokers(dst.ListenAddrs()...), kgo.TransactionalID("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), copyOf(src.read(t, "a", 0), "west.a", 0)...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	r := verified(t, src, dst, []Pair{{Source: "a", Target: "west.a"}}, Options{})
	expect(t, r, map[Kind]int64{Control: 1})
}

func TestTrimmedHeads(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	const n = 1000
	for i, c := range []struct{ source, target int64 }{{0, 0}, {300, 0}, {0, 300}, {555, 321}, {321, 555}, {n, 0}, {0, n}, {n, n}} {
		from, to := fmt.Sprintf("s%d", i), fmt.Sprintf("t%d", i)
		src.topic(t, from, 1)
		dst.topic(t, to, 1)
		rs := shapes(from, 0, n)
		for k, r := range rs {
			r.Timestamp = time.UnixMilli(1_700_000_000_000 + int64(k))
		}
		src.produce(t, rs...)
		dst.produce(t, copyOf(src.read(t, from, 0), to, 0)...)
		if err := src.DeleteRecords(from, 0, c.source); err != nil {
			t.Fatal(err)
		}
		if err := dst.DeleteRecords(to, 0, c.target); err != nil {
			t.Fatal(err)
		}
		r := verified(t, src, dst, []Pair{{Source: from, Target: to}}, Options{})
		expect(t, r, nil)
		want := n - max(c.source, c.target)
		if r.Records != want || c.target < n && r.NotCopied != 0 {
			t.Errorf("heads %v: %d equal, %d not copied, want %d and 0\n%s", c, r.Records, r.NotCopied, want, text(r))
		}
	}
}

func TestCompacted(t *testing.T) {
	src, dst := newCluster(t, "west"), newCluster(t, "east")
	src.topic(t, "table", 1, "cleanup.policy", "compact")
	var rs []*kgo.Record
	now := time.Now() // retention is applied too
	for i := range 200 {
		r := &kgo.Record{Topic: "table", Key: fmt.Appendf(nil, "k%d", i%20), Value: fmt.Appendf(nil, "v%d", i), Timestamp: now.Add(time.Duration(i) * time.Millisecond)}
		if i%20 == 7 && i > 100 {
			r.Value = nil
		}
		rs = append(rs, r)
	}
	src.produce(t, rs...)
	all := src.read(t, "table", 0)
	src.Compact()
	if kept := len(src.read(t, "table", 0)); kept >= 200 {
		t.Fatalf("compaction kept %d records", kept)
	}
	for i, m := range []struct {
		name   string
		mutate func([]*kgo.Record) []*kgo.Record
		want   map[Kind]int64
	}{
		{"full copy", func(rs []*kgo.Record) []*kgo.Record { return rs }, nil},
		{"behind", func(rs []*kgo.Record) []*kgo.Record { return rs[:190] }, nil},
		{"a key lost", func(rs []*kgo.Record) []*kgo.Record {
			return slices.DeleteFunc(rs, func(r *kgo.Record) bool { return string(r.Key) == "k3" })
		}, map[Kind]int64{Lost: 1}},
		{"an old value", func(rs []*kgo.Record) []*kgo.Record { return slices.Delete(rs, 184, 185) }, map[Kind]int64{Changed: 1}},
		{"a tombstone lost", func(rs []*kgo.Record) []*kgo.Record { return slices.Delete(rs, 187, 188) }, map[Kind]int64{Changed: 1}},
		{"a foreign key", func(rs []*kgo.Record) []*kgo.Record {
			return append(rs, &kgo.Record{Key: []byte("?"), Value: []byte("?")})
		}, map[Kind]int64{Foreign: 1}},
	} {
		t.Run(m.name, func(t *testing.T) {
			to := fmt.Sprintf("t%d", i)
			dst.topic(t, to, 1, "cleanup.policy", "compact")
			dst.produce(t, copyOf(m.mutate(slices.Clone(all)), to, 0)...)
			r := verified(t, src, dst, []Pair{{Source: "table", Target: to}}, Options{})
			if m.name == "behind" {
				if r.NotCopied != 10 {
					t.Errorf("got %d not copied, want 10", r.NotCopied)
				}
			}
			expect(t, r, m.want)
		})
	}
}

func TestCompactedWait(t *testing.T) {
	onFakeClock(t, func(t *testing.T, src, dst *cluster) {
		src.topic(t, "table", 1, "cleanup.policy", "compact")
		dst.topic(t, "t", 1, "cleanup.policy", "compact")
		rs := steady("table", 0, 40)
		src.produce(t, rs[:30]...)
		dst.produce(t, copyOf(rs[:10], "t", 0)...)
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(100 * time.Millisecond)
			src.cl.ProduceSync(context.Background(), rs[30:]...)
			dst.cl.ProduceSync(context.Background(), copyOf(rs[10:], "t", 0)...)
		}()
		r := verified(t, src, dst, []Pair{{Source: "table", Target: "t"}}, Options{Wait: 2 * time.Second})
		<-done
		expect(t, r, nil)
		if r.Records != 7 || r.NotCopied != 0 {
			t.Errorf("got %s", text(r))
		}
	})
}

// A corrupt base offset is outside of what a batch's checksum covers; consumers step over the records.
func TestCorruptBaseOffset(t *testing.T) {
	dir := t.TempDir()
	src, dst := newCluster(t, "west", kfake.DataDir(dir)), newCluster(t, "east")
	src.topic(t, "a", 1)
	dst.topic(t, "west.a", 1)
	src.produce(t, shapes("a", 0, 100)...)
	all := src.read(t, "a", 0)
	file := filepath.Join(dir, "partitions", "a-0")
	names, err := filepath.Glob(filepath.Join(file, "*.dat"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no segment in %s: %v", file, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	at := 0 // of the sixth batch, offsets 50 to 59
	for range 5 {
		at += 12 + int(binary.BigEndian.Uint32(b[at+8:]))
	}
	if got := binary.BigEndian.Uint64(b[at:]); got != 50 {
		t.Fatalf("batch at %d begins with offset %d, want 50", at, got)
	}
	f, err := os.OpenFile(names[0], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(binary.BigEndian.AppendUint64(nil, 40), int64(at)); err != nil {
		t.Fatal(err)
	}
	// What a consumer sees is copied.
	dst.produce(t, copyOf(append(slices.Clone(all[:50]), all[60:]...), "west.a", 0)...)
	r := verified(t, src, dst, []Pair{{Source: "a", Target: "west.a"}}, Options{})
	expect(t, r, map[Kind]int64{Hole: 10})
}
