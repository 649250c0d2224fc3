package history

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirror/monitor"
)

func topic(n int, weight float64) Reading {
	return Reading{Subject: fmt.Sprint("r/t", n), Weight: weight, Values: []Value{{"lag", 1}, {"rate", weight}}}
}

// Routes first, then topics by traffic; who has no room says so.
func TestWhoIsRecorded(t *testing.T) {
	h := Open(Options{Series: 5, Log: quiet()})
	defer h.Close()
	h.Record(begin, []Reading{topic(1, 10), topic(2, 30), topic(3, 20)})
	if got, want := h.Keys(), []string{"r/t2/lag", "r/t2/rate", "r/t3/lag", "r/t3/rate"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w, _ := FindWindow("1h")
	if h.Query(begin, w, []string{"r/t1/lag"}).Series[0].Recorded {
		t.Error("a topic without room is said to be recorded")
	}

	h.Record(begin, append(reading("r", 1), topic(1, 10), topic(2, 30), topic(3, 20)))
	h.Record(begin, []Reading{{Subject: "s", Values: []Value{{"lag", 1}, {"rate", 1}}}, topic(1, 10), topic(2, 30), topic(3, 20), reading("r", 1)[0]})
	if got, want := h.Keys(), []string{"r/lag", "r/t2/lag", "r/t2/rate", "s/lag", "s/rate"}; !slices.Equal(got, want) {
		t.Errorf("after a route came: got %v, want %v", got, want)
	}
}

// Topics change places only when the difference is clear, and only now and then.
func TestBusierTopicTakesThePlace(t *testing.T) {
	h := Open(Options{Series: 2, Log: quiet()})
	defer h.Close()
	at := func(n int) time.Time { return begin.Add(time.Duration(n) * 10 * time.Second) }
	h.Record(at(0), []Reading{topic(1, 100)})
	recorded := func() string { return subjectOf(h.Keys()[0]) }
	for i := 1; i < 200; i++ {
		h.Record(at(i), []Reading{topic(1, 100), topic(2, 150)})
	}
	if recorded() != "r/t1" {
		t.Error("a topic with a little more traffic took the place")
	}
	for i := 200; i < 400; i++ {
		h.Record(at(i), []Reading{topic(1, 100), topic(2, 1000)})
	}
	if recorded() != "r/t2" {
		t.Error("a topic with far more traffic did not take the place")
	}
	now := at(399)
	// Nothing of the topic before is shown as the new one's.
	points := newest(h, now, "year", "r/t2/rate", 1)
	if points[0].Min < 150 {
		t.Errorf("the year's point knows of the topic before: %v", points)
	}
	first := newest(h, now, "4h", "r/t2/lag", 400)
	if first[0].known() || !first[399].known() {
		t.Error("the finest points begin before the topic had the place")
	}
}

// A route that is not in the configuration any more gives its place away.
func TestRouteThatIsGone(t *testing.T) {
	h := Open(Options{Series: 1, Log: quiet()})
	defer h.Close()
	h.Record(begin, reading("old", 1))
	h.Record(begin.Add(time.Hour), reading("new", 1))
	if got := h.Keys(); len(got) != 1 || got[0] != "new/lag" {
		t.Errorf("got %v", got)
	}
}

// Who needs less than another was refused still gets what is left.
func TestSmallRoomIsUsed(t *testing.T) {
	h := Open(Options{Series: 5, Log: quiet()})
	defer h.Close()
	small := Reading{Subject: "r/small", Weight: 5, Values: []Value{{"lag", 1}}}
	h.Record(begin, []Reading{small, topic(3, 10), topic(4, 8), topic(2, 20), topic(1, 30)})
	if got, want := h.Keys(), []string{"r/small/lag", "r/t1/lag", "r/t1/rate", "r/t2/lag", "r/t2/rate"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A review with far more topics than room.
func BenchmarkReview(b *testing.B) {
	r := newRoster(2000)
	var readings []Reading
	for n := range 10_000 {
		readings = append(readings, topic(n, float64(100_000+n)))
	}
	now := begin
	for b.Loop() {
		now = now.Add(reviewEvery)
		r.choose(now, readings, now.Unix())
	}
}

func of(subject string, weight float64, metrics ...string) Reading {
	r := Reading{Subject: subject, Weight: weight}
	for _, m := range metrics {
		r.Values = append(r.Values, Value{m, 1})
	}
	return r
}

// Routes, then clusters, then brokers, then topics and groups by traffic, those of
// routes and those of clusters alike.
func TestRanks(t *testing.T) {
	all := []Reading{
		of("cluster:west/group:g", 50, "lag"), of("r/t", 40, "lag"), of("cluster:west/topic:t", 60, "rate"),
		of("cluster:west/broker:1", 0, "rate"), of("cluster:west", 0, "rate"), of("r", 0, "lag"),
	}
	want := []string{"r/lag", "cluster:west/rate", "cluster:west/broker:1/rate", "cluster:west/topic:t/rate", "cluster:west/group:g/lag", "r/t/lag"}
	for room := 1; room <= len(want); room++ {
		h := Open(Options{Series: room, Log: quiet()})
		h.Record(begin, all)
		expected := slices.Sorted(slices.Values(want[:room]))
		if got := h.Keys(); !slices.Equal(got, expected) {
			t.Errorf("room for %d: got %v, want %v", room, got, expected)
		}
		h.Close()

		// The same when the least comes first.
		h = Open(Options{Series: room, Log: quiet()})
		for i := range all {
			h.Record(begin.Add(time.Duration(i)*reviewEvery), all[:i+1])
		}
		// Each needs more than twice the traffic to drive out another, and none has.
		got := h.Keys()
		for _, key := range want[:min(room, 3)] {
			if !slices.Contains(got, key) {
				t.Errorf("room for %d, the least first: got %v, want %s in it", room, got, key)
			}
		}
		h.Close()
	}
}

// A cluster that cannot be looked at for some hours keeps its history, and so do
// its brokers; one that is gone for good gives its place away.
func TestClusterThatIsAway(t *testing.T) {
	h := Open(Options{Series: 2, Log: quiet()})
	defer h.Close()
	topics := []Reading{of("r/t1", 100, "lag"), of("r/t2", 100, "lag")}
	h.Record(begin, append([]Reading{of("cluster:west", 0, "rate"), of("cluster:west/broker:1", 0, "rate")}, topics...))
	want := []string{"cluster:west/broker:1/rate", "cluster:west/rate"}
	for i := 1; i < 12; i++ {
		h.Record(begin.Add(time.Duration(i)*2*time.Hour-time.Minute), topics)
		if got := h.Keys(); !slices.Equal(got, want) {
			t.Fatalf("%d hours later: got %v, want %v", 2*i, got, want)
		}
	}
	h.Record(begin.Add(25*time.Hour), topics)
	if got, want := h.Keys(), []string{"r/t1/lag", "r/t2/lag"}; !slices.Equal(got, want) {
		t.Errorf("a day later: got %v, want %v", got, want)
	}
}

// Names of groups may hold what separates the parts of a key.
func TestGroupsWithOddNames(t *testing.T) {
	h := Open(Options{Series: 10, Log: quiet()})
	defer h.Close()
	long := "cluster:west/group:" + strings.Repeat("x", maxKeyLength)
	h.Record(begin, []Reading{of("cluster:west/group:a/b", 1, "lag"), of("cluster:west/group:broker:1/broker:2", 1, "lag"), of(long, 9, "lag")})
	if got, want := h.Keys(), []string{"cluster:west/group:a/b/lag", "cluster:west/group:broker:1/broker:2/lag"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// partitionOf is a partition of route r that moves so many bytes a second.
func partitionOf(topic string, n int, bytes float64) Reading {
	r := of(fmt.Sprintf("r/%s/%d", topic, n), bytes)
	for _, m := range TopicMetrics() {
		r.Values = append(r.Values, Value{m, bytes})
	}
	return r
}

// held lists the subjects that have slots.
func held(h *History) []string {
	return slices.Sorted(maps.Keys(h.roster.held))
}

// Partitions have what topics leave, those with most traffic first; who has a place
// keeps it from others of its kind, and gives it to a topic at once.
func TestPartitionsHaveWhatIsLeft(t *testing.T) {
	h := Open(Options{Series: 12, Log: quiet()})
	defer h.Close()
	topic := func(name string) Reading { return of("r/"+name, 1, "a", "b", "c", "d") }
	at := func(n int) time.Time { return begin.Add(time.Duration(n) * 10 * time.Second) }
	all := []Reading{partitionOf("t", 0, 10), partitionOf("t", 1, 30), partitionOf("t", 2, 20), topic("t")}
	h.Record(at(0), all)
	if got, want := held(h), []string{"r/t", "r/t/1", "r/t/2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for i := range 60 { // two of nearly the same traffic do not change places
		all[2].Weight = float64(20 + i%3*9)
		h.Record(at(i+1), all)
	}
	if got, want := held(h), []string{"r/t", "r/t/1", "r/t/2"}; !slices.Equal(got, want) {
		t.Errorf("ten minutes later: got %v, want %v", got, want)
	}
	h.Record(at(62), append(all, topic("u")))
	if got, want := held(h), []string{"r/t", "r/t/1", "r/u"}; !slices.Equal(got, want) {
		t.Errorf("when a topic came: got %v, want %v", got, want)
	}
	w, _ := FindWindow("1h")
	if h.Query(at(62), w, []string{"r/t/2/lag_records"}).Series[0].Recorded {
		t.Error("the partition that gave its place away is said to be recorded")
	}
	// What it left is not shown as the topic's.
	if p := newest(h, at(62), "year", "r/u/a", 1)[0]; p.Max != 1 {
		t.Errorf("the topic's year knows of the partition: %v", p)
	}
}

// A partition that stands still and falls behind takes the place of an idle one.
func TestStuckPartitionIsRecorded(t *testing.T) {
	h := Open(Options{Series: 4, Log: quiet()})
	defer h.Close()
	sample := monitor.Sample{Partitions: []monitor.PartitionSample{
		{Route: "r", Topic: "a", Partition: 0, RecordsPerSecond: 1, BytesPerSecond: 50},
		{Route: "r", Topic: "a", Partition: 1},
	}}
	h.Record(begin, Readings(sample))
	if got := held(h); !slices.Equal(got, []string{"r/a/0"}) {
		t.Fatalf("got %v", got)
	}
	sample.Partitions[1].LagRecords, sample.Partitions[1].LagSeconds = 1e6, 900
	for i := 1; i < 120; i++ {
		h.Record(begin.Add(time.Duration(i)*10*time.Second), Readings(sample))
	}
	if got := held(h); !slices.Equal(got, []string{"r/a/1"}) {
		t.Errorf("a partition that is stuck has no place: got %v", got)
	}
}

// A partition that another process copies now keeps what was, and when it is back it
// goes on, also after a process that was killed in between; after a day away its
// place is there for others.
func TestPartitionThatMoves(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "history"), Series: 9, Log: quiet()}
	h := Open(o)
	now := begin
	record := func(readings ...Reading) {
		now = now.Add(10 * time.Second)
		h.Record(now, readings)
	}
	mine, other := partitionOf("t", 0, 7), partitionOf("t", 1, 5)
	record(mine, other)
	record(other)
	h.data.(file).File.Close() // killed: only the lock ends
	h = Open(o)
	defer func() { h.Close() }()
	record(other)
	record(mine, other)
	got := newest(h, now, "1h", "r/t/0/bytes_per_second", 4)
	if got[0].Avg != 7 || got[1].known() || got[2].known() || got[3].Avg != 7 {
		t.Errorf("got %v, want 7, two holes and 7", got)
	}
	for i := range 26 {
		now = now.Add(time.Hour)
		record(other, partitionOf("t", 2, 1))
		if got, want := held(h)[0], "r/t/0"; i < 22 && got != want {
			t.Fatalf("after %d hours: got %v", i+1, held(h))
		}
	}
	if got, want := held(h), []string{"r/t/1", "r/t/2"}; !slices.Equal(got, want) {
		t.Errorf("after a day: got %v, want %v", got, want)
	}
}

// A sample of a thousand topics of ten partitions.
func BenchmarkPartitions(b *testing.B) {
	var sample monitor.Sample
	for n := range 10_000 {
		sample.Partitions = append(sample.Partitions, monitor.PartitionSample{Route: "west-to-east", Topic: fmt.Sprint("topic-", n/10), Partition: int32(n % 10), BytesPerSecond: float64(n)})
	}
	for _, series := range []int{500, MaxSeries} {
		b.Run(fmt.Sprint(series), func(b *testing.B) {
			h := Open(Options{Series: series, Log: quiet()})
			defer h.Close()
			now := begin
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(10 * time.Second)
				h.Record(now, Readings(sample))
			}
		})
	}
}
