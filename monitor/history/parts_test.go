package history

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mirror/monitor"
)

// Partitions of clusters and the positions of groups have series of their own, also
// where a group's name looks like the rest of a key.
func TestReadingsOfParts(t *testing.T) {
	nan := math.NaN()
	sample := monitor.Sample{Parts: []monitor.Part{
		{Cluster: "west", About: monitor.AboutTopic, Topic: "a.b", Partition: 3, RecordsPerSecond: 5, Bytes: 70, LogRecords: 7, OutOfSync: 1},
		{Cluster: "west", About: monitor.AboutGroup, Group: "team/a.b/3", Topic: "a.b", Partition: 3, RecordsPerSecond: nan, LagRecords: 7200, LagSeconds: 9},
	}}
	readings := Readings(sample)
	var got []string
	for _, r := range readings {
		for _, v := range r.Values {
			got = append(got, Key(r.Subject, v.Metric))
			if s := subjectOf(Key(r.Subject, v.Metric)); s != r.Subject {
				t.Errorf("the subject of a key of %s is %s", r.Subject, s)
			}
		}
	}
	want := []string{
		"cluster:west/partition:a.b/3/records_per_second", "cluster:west/partition:a.b/3/bytes", "cluster:west/partition:a.b/3/log_records", "cluster:west/partition:a.b/3/out_of_sync",
		"cluster:west/position:a.b/3/team/a.b/3/lag_seconds", "cluster:west/position:a.b/3/team/a.b/3/lag_records", "cluster:west/position:a.b/3/team/a.b/3/records_per_second",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if w := []float64{readings[0].Weight, readings[1].Weight}; !slices.Equal(w, []float64{500, 200}) {
		t.Errorf("got weights %v, want 500 and 200", w)
	}
}

// Where there is no room for all, the partitions of clusters come last, and of them
// those with least traffic.
func TestPartsComeLast(t *testing.T) {
	h := Open(Options{Series: 4 + 3 + 4, Log: quiet()})
	defer h.Close()
	part := func(about monitor.About, n int32, rate float64) monitor.Part {
		return monitor.Part{Cluster: "west", About: about, Group: "g", Topic: "t", Partition: n, RecordsPerSecond: rate}
	}
	parts := []monitor.Part{part(monitor.AboutTopic, 0, 900), part(monitor.AboutTopic, 1, 1000), part(monitor.AboutGroup, 0, 1), part(monitor.AboutTopic, 2, 800)}
	now := begin
	h.Record(now, Readings(monitor.Sample{Parts: parts}))
	recorded := func(subject, metric string) bool { return slices.Contains(h.Keys(), Key(subject, metric)) }
	if !recorded("cluster:west/position:t/0/g", "lag_records") || !recorded("cluster:west/partition:t/1", "bytes") || !recorded("cluster:west/partition:t/0", "bytes") || recorded("cluster:west/partition:t/2", "bytes") {
		t.Errorf("got %v", h.Keys())
	}
	now = now.Add(10 * time.Second)
	copied := []monitor.PartitionSample{{Route: "r", Topic: "t", Partition: 0, BytesPerSecond: 1}}
	h.Record(now, Readings(monitor.Sample{Parts: parts, Partitions: copied}))
	if !recorded("r/t/0", "lag_records") || !recorded("cluster:west/position:t/0/g", "lag_records") || recorded("cluster:west/partition:t/0", "bytes") || !recorded("cluster:west/partition:t/1", "bytes") {
		t.Errorf("got %v once a partition is copied", h.Keys())
	}
}

// A sample of two clusters with 6,000 partitions each, in which groups stand: with
// room for next to none of them, and for a third.
func BenchmarkParts(b *testing.B) {
	var parts []monitor.Part
	for i := range 18_000 {
		p := monitor.Part{Cluster: []string{"west", "east"}[i%2], About: monitor.AboutTopic, Topic: fmt.Sprintf("topic-%04d", i/18), Partition: int32(i % 18), RecordsPerSecond: float64(i % 700)}
		if i%3 == 0 {
			p.About, p.Group = monitor.AboutGroup, "group-of-consumers"
		}
		parts = append(parts, p)
	}
	for _, series := range []int{500, 10_000} {
		b.Run(fmt.Sprintf("%d series", series), func(b *testing.B) {
			h := Open(Options{Series: series, Path: filepath.Join(b.TempDir(), "history"), Log: quiet()})
			defer h.Close()
			now := begin
			for b.Loop() {
				now = now.Add(10 * time.Second)
				h.Record(now, Readings(monitor.Sample{Parts: parts}))
			}
		})
	}
}
