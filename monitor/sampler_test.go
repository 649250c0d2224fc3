package monitor

import (
	"context"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// world is a mirror of one topic.
type world struct {
	registry *Registry
	status   Status
	sampler  *Sampler
}

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func newWorld(partitions bool) *world {
	w := &world{registry: NewRegistry(), status: sampleStatus()}
	w.sampler = NewSampler(SamplerOptions{Registry: w.registry, Status: func() Status { return w.status }, Partitions: partitions})
	return w
}

func (w *world) setLag(records int64, seconds float64) {
	p := &w.status.Routes[0].Topics[0].Partitions[0]
	p.LagRecords, p.LagSeconds = records, &seconds
	w.status.Routes[0].RollUp()
}

// value finds a point by its name and the values of its labels.
func value(t *testing.T, s Sample, name string, labels ...string) float64 {
	t.Helper()
	if v, ok := find(s, name, labels...); ok {
		return v
	}
	t.Fatalf("no point %s %v", name, labels)
	return 0
}

func find(s Sample, name string, labels ...string) (float64, bool) {
	for _, p := range s.Points {
		var values []string
		for _, l := range p.Labels.List() {
			values = append(values, l.Value)
		}
		if p.Name == name && slices.Equal(values, labels) {
			return p.Value, true
		}
	}
	return 0, false
}

func TestRates(t *testing.T) {
	w := newWorld(true)
	p := w.registry.Partition("r", "a", 0)
	p.Records.Add(1000)
	first := w.sampler.Take(noon)
	if _, ok := find(first, "mirror_records_per_second", "r", "a"); ok {
		t.Error("there is a rate after one snapshot")
	}
	p.Records.Add(50)
	p.Bytes.Add(2000)
	p.Copied(50, 10*time.Millisecond, time.Second)
	s := w.sampler.Take(noon.Add(10 * time.Second))
	for _, level := range []struct {
		prefix string
		labels []string
	}{{"mirror_route_", []string{"r"}}, {"mirror_", []string{"r", "a"}}, {"mirror_partition_", []string{"r", "a", "0"}}} {
		if got := value(t, s, level.prefix+"records_per_second", level.labels...); got != 5 {
			t.Errorf("%s: got %v records/s, want 5", level.prefix, got)
		}
		if got := value(t, s, level.prefix+"bytes_per_second", level.labels...); got != 200 {
			t.Errorf("%s: got %v bytes/s, want 200", level.prefix, got)
		}
	}
	if got := value(t, s, "mirror_copy_latency_seconds", "r", "a", "0.99"); got < 0.008 || got > 0.0125 {
		t.Errorf("p99 of the latency: got %v, want about 0.01", got)
	}
	if got := value(t, s, "mirror_route_record_age_seconds", "r", "0.5"); got < 0.75 || got > 1.25 {
		t.Errorf("median of the age: got %v, want about 1", got)
	}
	s = w.sampler.Take(noon.Add(20 * time.Second))
	if got := value(t, s, "mirror_records_per_second", "r", "a"); got != 0 {
		t.Errorf("idle: got %v records/s, want 0", got)
	}
	if _, ok := find(s, "mirror_copy_latency_seconds", "r", "a", "0.99"); ok {
		t.Error("nothing was copied and there is a latency")
	}
}

// A partition that goes to another process takes nothing out of the sums.
func TestSumsNeverGoBack(t *testing.T) {
	w := newWorld(false)
	w.registry.Partition("r", "a", 0).Records.Add(70)
	w.registry.Partition("r", "gone", 0).Records.Add(30)
	w.sampler.Take(noon)
	w.registry.Remove("r", "a", 0)
	w.registry.Remove("r", "gone", 0)
	for i := range 2 { // the second time the topic that is gone is forgotten
		s := w.sampler.Take(noon.Add(time.Duration(i+1) * time.Second))
		if got := value(t, s, "mirror_records_total", "r", "a"); got != 70 {
			t.Errorf("topic: got %v records, want 70", got)
		}
		if got := value(t, s, "mirror_route_records_total", "r"); got != 100 {
			t.Errorf("route: got %v records, want 100", got)
		}
	}
	if got := w.registry.Totals("r").Records; got != 100 {
		t.Errorf("totals: got %d records, want 100", got)
	}
	if n := len(w.registry.topics); n != 1 {
		t.Errorf("got %d topics in the registry, want the one that still exists", n)
	}
}

func TestCatchUp(t *testing.T) {
	const unknown = -1
	tests := []struct {
		name string
		lags []int64 // one each ten seconds
		last float64 // lag in seconds at the end
		want float64
	}{
		{"caught up", []int64{0}, 0, 0},
		{"just behind", []int64{10, 900}, 0.4, 0},
		{"one snapshot", []int64{1000}, 60, unknown},
		{"shrinking", []int64{1000, 900}, 60, 90},
		{"standing still", []int64{1000, 1000}, 60, unknown},
		{"growing", []int64{1000, 1100}, 60, unknown},
		{"a burst on the way", []int64{1000, 1200, 400}, 60, 400.0 / 30},
		{"only the last minute counts", []int64{100_000, 1000, 940, 880, 820, 760, 700, 640}, 60, 640.0 / 6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(false)
			var s Sample
			for i, lag := range test.lags {
				w.setLag(lag, test.last)
				s = w.sampler.Take(noon.Add(time.Duration(i) * 10 * time.Second))
			}
			got, ok := find(s, "mirror_route_catch_up_seconds", "r")
			if !ok {
				got = unknown
			}
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// Nothing is said about a lag that nobody knows.
func TestUnknownLagHasNoPoint(t *testing.T) {
	w := newWorld(true)
	p := &w.status.Routes[0].Topics[0].Partitions[0]
	p.LagRecords, p.LagSeconds = -1, nil
	w.status.Routes[0].Topics[0].Partitions[1].LagRecords = -1
	w.status.Routes[0].RollUp()
	s := w.sampler.Take(noon)
	for _, name := range []string{"lag_records", "lag_seconds", "catch_up_seconds"} {
		for _, p := range s.Points {
			if p.Name == "mirror_"+name || p.Name == "mirror_route_"+name || p.Name == "mirror_partition_"+name && p.Labels[2].Value == "0" {
				t.Errorf("there is %v %v", p.Series, p.Value)
			}
		}
	}
}

// There is one snapshot at once and one per interval, and none after the end.
func TestSnapshotsPerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSampler(SamplerOptions{Registry: NewRegistry(), Status: func() Status { return Status{} }, Interval: 7 * time.Second})
		var taken atomic.Int64
		s.Subscribe(func(Sample) { taken.Add(1) })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		for after, want := range []int64{1, 11, 21} {
			synctest.Wait()
			if got := taken.Load(); got != want {
				t.Errorf("after %d s: got %d snapshots, want %d", 70*after, got, want)
			}
			time.Sleep(70 * time.Second)
		}
		cancel()
		<-done
	})
}

func TestSubscribersAndSources(t *testing.T) {
	w := newWorld(false)
	extra := Point{Series{"mirror_test", Labels{{"who", "me"}}}, 7}
	w.sampler.AddSource(func(time.Time) []Point { return []Point{extra} })
	var got []Sample
	w.sampler.Subscribe(func(s Sample) { got = append(got, s) })
	if !w.sampler.Latest().Time.IsZero() {
		t.Error("there is a sample before the first snapshot")
	}
	w.sampler.Take(noon)
	if len(got) != 1 || got[0].Time != noon || !slices.Contains(got[0].Points, extra) {
		t.Errorf("got %v", got)
	}
	if !w.sampler.Latest().Time.Equal(noon) {
		t.Errorf("latest: got %v", w.sampler.Latest().Time)
	}
	if _, ok := find(got[0], "mirror_state_number", "r", "a"); !ok {
		t.Error("no state")
	}
}

// No series has two values, whatever the plan says of a topic.
func TestSeriesAreUnique(t *testing.T) {
	w := newWorld(true)
	w.registry.Partition("r", "a", 0)
	r := &w.status.Routes[0]
	r.Topics = append(r.Topics, r.Topics[0])
	seen := make(map[Series]bool)
	for _, p := range w.sampler.Take(noon).Points {
		if seen[p.Series] {
			t.Errorf("%v is there twice", p.Series)
		}
		seen[p.Series] = true
	}
}

// Partitions that this process copies are in every sample, with rates from the
// second on; points of them are made only on request.
func TestPartitionsOfASample(t *testing.T) {
	w := newWorld(false)
	w.setLag(3, 2.5)
	topic := &w.status.Routes[0].Topics[0]
	topic.Partitions = append(topic.Partitions, PartitionStatus{Partition: 77, Owner: "another process", LagRecords: -1})
	p := w.registry.Partition("r", "a", 0)
	first := w.sampler.Take(noon).Partitions
	if len(first) != 1 || first[0].Topic != "a" || first[0].Partition != 0 || first[0].LagRecords != 3 || first[0].LagSeconds != 2.5 || !math.IsNaN(first[0].BytesPerSecond) {
		t.Errorf("got %+v", first)
	}
	p.Records.Add(50)
	p.Bytes.Add(2000)
	w.status.Routes[0].Topics[0].Partitions[0].LagRecords = -1
	s := w.sampler.Take(noon.Add(10 * time.Second))
	if got := s.Partitions[0]; got.RecordsPerSecond != 5 || got.BytesPerSecond != 200 || !math.IsNaN(got.LagRecords) {
		t.Errorf("got %+v", got)
	}
	if _, ok := find(s, "mirror_partition_lag_seconds", "r", "a", "0"); ok {
		t.Error("there is a point of a partition that nobody has asked for")
	}
	// It left this process and came back: its counters begin again.
	w.registry.Remove("r", "a", 0)
	if s := w.sampler.Take(noon.Add(20 * time.Second)); len(s.Partitions) != 0 {
		t.Errorf("got %+v of a partition that has gone", s.Partitions)
	}
	w.registry.Partition("r", "a", 0)
	if s := w.sampler.Take(noon.Add(30 * time.Second)); !math.IsNaN(s.Partitions[0].BytesPerSecond) {
		t.Errorf("got %+v of a partition that has just come", s.Partitions)
	}
}

func BenchmarkTake(b *testing.B) {
	w := newWorld(false)
	lag := 1.0
	w.status.Routes[0].Topics = nil
	for i := range 1000 {
		topic := TopicStatus{Source: "topic-" + string(rune('a'+i%26)) + time.Duration(i).String()}
		for k := range int32(10) {
			w.registry.Partition("r", topic.Source, k)
			topic.Partitions = append(topic.Partitions, PartitionStatus{Partition: k, LagSeconds: &lag})
		}
		w.status.Routes[0].Topics = append(w.status.Routes[0].Topics, topic)
	}
	now := noon
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(10 * time.Second)
		w.sampler.Take(now)
	}
}

// The operator's guide says how many series a topic has in the sinks, for who pays by
// their number.
func TestSeriesOfATopic(t *testing.T) {
	w := newWorld(false)
	retention := 3600.0
	w.status.Routes[0].Topics[0].Partitions[0].RetentionSeconds = &retention
	w.setLag(7, 2)
	figures := NewFigures()
	for f := range figures {
		figures[f] = 1
	}
	read, unread := figures, figures
	unread[LagSeconds] = math.NaN()
	w.sampler.options.Clusters = func() []Observed {
		return []Observed{{Cluster: "west", About: AboutTopic, Name: "read", Figures: read}, {Cluster: "west", About: AboutTopic, Name: "unread", Figures: unread}}
	}
	p := w.registry.Partition("r", "a", 0)
	w.sampler.Take(noon)
	p.Records.Add(50)
	p.Bytes.Add(2000)
	p.Copied(50, 10*time.Millisecond, time.Second)
	w.setLag(3, 1) // it catches up
	count := make(map[string]int)
	for _, point := range w.sampler.Take(noon.Add(10 * time.Second)).Points {
		for _, l := range point.Labels.List() {
			if l.Name == "topic" {
				count[l.Value]++
			}
		}
	}
	if count["a"] != 23 || count["read"] != 7 || count["unread"] != 6 {
		t.Errorf("got %v series", count)
	}
}
