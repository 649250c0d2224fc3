package replicate

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/monitor"
	"mirror/offsets"
)

// write produces records that are written like "a1 b2": each word is a value, and
// its digits are the timestamp in seconds. Equal words are equal records.
func write(t *testing.T, c *kfake.Cluster, topic, words string) {
	t.Helper()
	cl := client(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite())
	for word := range strings.FieldsSeq(words) {
		if err := cl.ProduceSync(context.Background(), recordOf(topic, word)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func recordOf(topic, word string) *kgo.Record {
	var second int64
	fmt.Sscanf(strings.TrimLeft(word, "abcdefghijklmnopqrstuvwxyz"), "%d", &second)
	return &kgo.Record{Topic: topic, Value: []byte(word), Key: []byte(word[:1]), Timestamp: time.Unix(1_700_000_000+second, 0)}
}

// words reads a topic back.
func words(t *testing.T, c *kfake.Cluster, topic string, n int) string {
	t.Helper()
	return strings.Join(values(t, c, topic, 0, n), " ")
}

// takeover makes a Takeover of the route, and the plan of its only topic.
func (p *pair) takeover(t *testing.T, c *config.Config, o TakeoverOptions) (*Takeover, *TopicPlan) {
	t.Helper()
	if o.Effort == 0 {
		o.Effort = TakeoverEffort
	}
	source := Cluster{Config: c.Clusters["west"], Client: client(t, p.west), ID: "west-cluster"}
	target := Cluster{Config: c.Clusters["east"], Client: client(t, p.east), ID: "east-cluster"}
	plan, err := PlanRoute(context.Background(), c.Routes[0], source, target, nil, nil)
	if err != nil || plan.Problem != "" || len(plan.Topics) != 1 {
		t.Fatalf("plan: %v, %+v", err, plan)
	}
	return NewTakeover(c.Routes[0], source, target, o), &plan.Topics[0]
}

func TestTakeover(t *testing.T) {
	none := TakeoverHint{Next: -1}
	at := func(next int64, pairs ...OffsetPair) TakeoverHint { return TakeoverHint{Next: next, Pairs: pairs} }
	tests := []struct {
		name, source, target   string
		sourceGone, targetGone int64 // offsets below it are dropped
		hint                   TakeoverHint
		route                  string // a line of the route
		options                TakeoverOptions
		compacted              bool
		want                   int64
		refused                string
		lost                   string
		repeats                bool
	}{
		{name: "in the middle", source: "a1 b2 c3 d4 e5", target: "a1 b2 c3", hint: none, want: 3},
		{name: "everything is there", source: "a1 b2 c3", target: "a1 b2 c3", hint: none, want: 3},
		{name: "one record", source: "a1 b2", target: "a1", hint: none, want: 1},
		{name: "wrong hint", source: "a1 b2 c3 d4", target: "a1 b2 c3", hint: at(100, OffsetPair{7, 1}), want: 3},
		{name: "hint behind", source: "a1 b2 c3 d4", target: "a1 b2 c3", hint: at(1), want: 3},
		{name: "a whole repeat", source: "a1 b2 c3 d4", target: "a1 b2 c3 b2 c3", hint: none, want: 3, repeats: true},
		{name: "a repeat that was cut short", source: "a1 b2 c3 d4 e5", target: "a1 b2 c3 d4 b2", hint: none, want: 4, repeats: true},
		{name: "repeats of repeats", source: "a1 b2 c3 d4 e5", target: "a1 b2 c3 a1 b2 c3 d4 b2 c3", hint: none, want: 4, repeats: true},
		{name: "a repeat that went on", source: "a1 b2 c3 d4 e5", target: "a1 b2 b2 c3 d4", hint: none, want: 4, repeats: true},
		{name: "equal records, the first", source: "a1 x2 x2 x2 b3", target: "a1 x2", hint: none, want: 2},
		{name: "equal records, the second", source: "a1 x2 x2 x2 b3", target: "a1 x2 x2", hint: none, want: 3},
		{name: "equal records, all", source: "a1 x2 x2 x2 b3 c4", target: "a1 x2 x2 x2 b3", hint: none, want: 5},
		{name: "a producer's repeat", source: "a1 b2 c2 b2 c2 d3", target: "a1 b2 c2", hint: none, want: 3},
		{name: "a producer's repeat that was copied", source: "a1 b2 c2 b2 c2 d3", target: "a1 b2 c2 b2 c2", hint: none, want: 5},
		{name: "nothing but equal records", source: "x1 x1 x1 x1", target: "x1 x1", hint: none, refused: "cannot be told"},
		{name: "equal records and a pair", source: "x1 x1 x1 x1", target: "x1 x1", hint: at(-1, OffsetPair{1, 1}), want: 2},
		{name: "a producer's repeat and ours", source: "a1 b2 b2 c3", target: "a1 b2 a1 b2", hint: none, refused: "cannot be told"},
		{name: "timestamps out of order", source: "a9 b2 c8 d1 e5", target: "a9 b2 c8", hint: none, want: 3},
		{name: "somebody else's at the end", source: "a1 b2 c3", target: "a1 b2 z9", hint: none, refused: "is not in the source"},
		{name: "somebody else's in between", source: "a1 b2 c3 d4", target: "a1 z9 c3", hint: none, refused: "is not: somebody else writes"},
		{name: "one left out", source: "a1 b2 c3 d4", target: "a1 c3", hint: none, refused: "is not: somebody else writes"},
		{name: "one left out and a repeat", source: "a1 b2 c3 d4 e5", target: "a1 b2 c3 e5 b2 c3", hint: none, refused: "not the one at 3"},
		{name: "compacted source", source: "a1 c3 d4 e5", target: "a1 b2 c3", compacted: true, hint: none, want: 2},
		{name: "compacted source without the last", source: "a1 b2 e5", target: "a1 b2 c3 d4", compacted: true, hint: none, want: 2},
		{name: "compacted target", source: "a1 b2 c3 d4 e5", target: "a1 d4", compacted: true, hint: none, want: 4},
		{name: "the source's head is gone", source: "a1 b2 c3 d4", target: "a1 b2 c3", sourceGone: 2, hint: none, want: 3},
		{name: "the target's head is gone", source: "a1 b2 c3 d4", target: "a1 b2 c3", targetGone: 2, hint: none, want: 3},
		{name: "not copied in time", source: "a1 b2 c3 d4 e5", target: "a1 b2", sourceGone: 4, hint: at(2), want: 4, lost: "2-4"},
		{name: "not copied in time, nobody knows how much", source: "a1 b2 c3 d4 e5", target: "a1 b2", sourceGone: 4, hint: none, want: 4, lost: "4-4"},
		{name: "copied just in time", source: "a1 b2 c3 d4 e5", target: "a1 b2 c3", sourceGone: 3, hint: at(3), want: 3},
		{name: "another topic whose head is gone", source: "a1 b2 c3", target: "y7 z9", sourceGone: 1, hint: none, refused: "is not in the source"},
		{name: "the target has dropped all", source: "a1 b2 c3", target: "a1 b2", targetGone: 2, hint: none, refused: "dropped all"},
		{name: "the target has dropped all, with a hint", source: "a1 b2 c3", target: "a1 b2", targetGone: 2, hint: at(2), refused: "--trust-offsets"},
		{name: "the target has dropped all, trusted", source: "a1 b2 c3", target: "a1 b2", targetGone: 2, hint: at(2), options: TakeoverOptions{Trust: true}, want: 2},
		{name: "trusted beyond the end", source: "a1 b2 c3", target: "a1 b2", targetGone: 2, hint: at(9), options: TakeoverOptions{Trust: true}, refused: "dropped all"},
		{name: "both have dropped all", source: "a1 b2", target: "a1 b2", sourceGone: 2, targetGone: 2, hint: at(2), want: 2},
		{name: "nothing copied yet", source: "a1 b2 c3", hint: none, want: 0},
		{name: "nothing copied yet, from the end", source: "a1 b2 c3", hint: none, route: "start: latest", want: 3},
		{name: "nothing anywhere", hint: none, want: 0},
		{name: "too much to compare", source: "a1 b2 c3 d4", target: "a1 b2 c3", hint: none, options: TakeoverOptions{Effort: 4}, refused: "--effort"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(t.Context(), 3, 1, nil, "west.orders"); err != nil {
				t.Fatal(err)
			}
			write(t, p.west, "orders", test.source)
			write(t, p.east, "west.orders", test.target)
			if test.sourceGone > 0 {
				deleteRecords(t, p.west, "orders", test.sourceGone)
			}
			if test.targetGone > 0 {
				deleteRecords(t, p.east, "west.orders", test.targetGone)
			}
			lines := []string{"topics: [orders]"}
			if test.route != "" {
				lines = append(lines, test.route)
			}
			takeover, topic := p.takeover(t, p.config(t, lines...), test.options)
			topic.Compacted = test.compacted
			e, err := takeover.Find(t.Context(), topic, 0, test.hint)
			if err != nil {
				t.Fatal(err)
			}
			if test.refused != "" {
				if !strings.Contains(e.Refused, test.refused) {
					t.Errorf("got %+v, want it refused: %s", e, test.refused)
				}
				return
			}
			lost := ""
			if e.Lost != nil {
				lost = fmt.Sprintf("%d-%d", e.Lost.From, e.Lost.To)
			}
			if e.Refused != "" || e.Source != test.want || lost != test.lost || e.Repeats != test.repeats {
				t.Errorf("got source %d, lost %q, repeats %t, %s, refused %q; want %d, %q, %t", e.Source, lost, e.Repeats, e.How, e.Refused, test.want, test.lost, test.repeats)
			}
			if want := int64(len(strings.Fields(test.target))); e.TargetEnd != want {
				t.Errorf("the target ends at %d, want %d", e.TargetEnd, want)
			}
		})
	}
}

// What is found is enough for the engine to go on with nothing lost and nothing
// repeated, across restarts, also where the target ends with repeats.
func TestGoesOnAfterTakeover(t *testing.T) {
	for _, start := range []string{"earliest", "latest"} {
		t.Run(start, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(t.Context(), 1, 1, nil, "west.orders"); err != nil {
				t.Fatal(err)
			}
			write(t, p.west, "orders", "a1 b2 c3 d4 e5")
			copied := "a1 b2 c3 d4 b2 c3"
			write(t, p.east, "west.orders", copied)
			c := p.config(t, "topics: [orders]", "start: "+start)
			takeover, topic := p.takeover(t, c, TakeoverOptions{})
			e, err := takeover.Find(t.Context(), topic, 0, TakeoverHint{Next: 2})
			if err != nil || e.Refused != "" {
				t.Fatalf("got %+v, %v", e, err)
			}
			adm := kadm.NewClient(client(t, p.east))
			if _, err := offsets.EnsureTopic(t.Context(), adm, offsets.TopicName("west-to-east"), c.Routes[0].Lanes, 1); err != nil {
				t.Fatal(err)
			}
			for _, entry := range takeover.Entries(topic, 0, e) {
				record(t, p.east, entry.Lane, entry.Key, entry.Value)
			}
			_, stop := startMirror(t, c, "p1")
			if got, want := words(t, p.east, "west.orders", 7), copied+" e5"; got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
			stop()
			write(t, p.west, "orders", "f6 g7")
			m, _ := startMirror(t, c, "p1")
			if got, want := words(t, p.east, "west.orders", 9), copied+" e5 f6 g7"; got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
			waitState(t, m, "orders", monitor.CaughtUp)
			if got := losses(t, p.east); len(got) != 0 {
				t.Errorf("the loss ledger has %+v", got)
			}
			again, err := takeover.Find(t.Context(), topic, 0, TakeoverHint{Next: 2})
			if err != nil || !again.Ours {
				t.Errorf("once it is ours: got %+v, %v", again, err)
			}
		})
	}
}

// Whoever writes after the takeover is noticed: the ledger says which records of
// the target are not ours.
func TestForeignWriterAfterTakeover(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(t.Context(), 1, 1, nil, "west.orders"); err != nil {
		t.Fatal(err)
	}
	write(t, p.west, "orders", "a1 b2 c3")
	write(t, p.east, "west.orders", "a1")
	c := p.config(t, "topics: [orders]")
	takeover, topic := p.takeover(t, c, TakeoverOptions{})
	e, err := takeover.Find(t.Context(), topic, 0, TakeoverHint{Next: -1})
	if err != nil || e.Source != 1 {
		t.Fatalf("got %+v, %v", e, err)
	}
	if _, err := offsets.EnsureTopic(t.Context(), kadm.NewClient(client(t, p.east)), offsets.TopicName("west-to-east"), c.Routes[0].Lanes, 1); err != nil {
		t.Fatal(err)
	}
	for _, entry := range takeover.Entries(topic, 0, e) {
		record(t, p.east, entry.Lane, entry.Key, entry.Value)
	}
	write(t, p.east, "west.orders", "b2") // the other copier was still there
	startMirror(t, c, "p1")
	if got := words(t, p.east, "west.orders", 4); got != "a1 b2 b2 c3" {
		t.Errorf("got %s", got)
	}
	waitFor(t, func() string {
		if got := losses(t, p.east); len(got) != 1 || got[0].Loss.Cause != "foreign_writer" || got[0].Loss.TargetFrom != 1 || got[0].Loss.TargetTo != 2 {
			return fmt.Sprintf("the loss ledger has %+v", got)
		}
		return ""
	})
}

// Records of aborted transactions may have been copied or not, and of open ones
// too: the way that matches more counts, not how the route reads.
func TestTakeoverOfTransactions(t *testing.T) {
	for _, test := range []struct {
		name, target string
		want         int64
	}{
		{"committed records only", "a1 d4", 5},
		{"aborted ones, too", "a1 b2 c3 d4", 5},
		{"up to an aborted one", "a1 b2", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(t.Context(), 1, 1, nil, "west.orders"); err != nil {
				t.Fatal(err)
			}
			write(t, p.west, "orders", "a1")
			cl := client(t, p.west, kgo.TransactionalID("tx"))
			if err := cl.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			if err := cl.ProduceSync(t.Context(), recordOf("orders", "b2"), recordOf("orders", "c3")).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if err := cl.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
				t.Fatal(err)
			}
			write(t, p.west, "orders", "d4 e5") // behind the marker, at offsets 4 and 5
			write(t, p.east, "west.orders", test.target)
			takeover, topic := p.takeover(t, p.config(t, "topics: [orders]"), TakeoverOptions{})
			e, err := takeover.Find(t.Context(), topic, 0, TakeoverHint{Next: -1})
			if err != nil || e.Refused != "" || e.Source != test.want {
				t.Errorf("got %+v, %v, want %d", e, err, test.want)
			}
		})
	}
}

// The target's end is read far enough back, and a long repeat is followed to its
// end.
func TestTakeoverOfLongRepeat(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	if _, err := kadm.NewClient(client(t, p.east)).CreateTopic(t.Context(), 1, 1, nil, "west.orders"); err != nil {
		t.Fatal(err)
	}
	fill := func(c *kfake.Cluster, topic string, from, to int) {
		cl := client(t, c, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DisableIdempotentWrite())
		var records []*kgo.Record
		for i := from; i < to; i++ {
			records = append(records, recordOf(topic, fmt.Sprintf("a%d", i)))
		}
		if err := cl.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	fill(p.west, "orders", 0, 20_000)
	fill(p.east, "west.orders", 0, 15_000)
	fill(p.east, "west.orders", 6_000, 12_000)
	takeover, topic := p.takeover(t, p.config(t, "topics: [orders]"), TakeoverOptions{})
	e, err := takeover.Find(t.Context(), topic, 0, TakeoverHint{Next: -1})
	if err != nil || e.Source != 15_000 || !e.Repeats {
		t.Errorf("got %+v, %v", e, err)
	}
}
