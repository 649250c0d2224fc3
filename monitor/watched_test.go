package monitor

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestWatchedRouteIsSampledBesideThePoints looks at a route that another process
// copies: its lag, its rates and the time to catch up are in the snapshot, but neither
// in the points that sinks get nor in what is scraped.
func TestWatchedRouteIsSampledBesideThePoints(t *testing.T) {
	others := RouteStatus{Name: "back", Watched: true, RecordsPerSecond: 40, BytesPerSecond: 900, Processes: []ProcessStatus{{Process: "b"}},
		Topics: []TopicStatus{{Source: "a", Partitions: []PartitionStatus{{State: Copying}}}}}
	part := &others.Topics[0].Partitions[0]
	s := NewSampler(SamplerOptions{Registry: NewRegistry(), Status: sampleStatus, Partitions: true,
		Watched: func() Status { others.RollUp(); return Status{Routes: []RouteStatus{others}} }})
	take := func(seconds int, lag int64, behind *float64) WatchedSample {
		t.Helper()
		part.LagRecords, part.LagSeconds = lag, behind
		sample := s.Take(noon.Add(time.Duration(seconds) * time.Second))
		for _, p := range sample.Points {
			if p.Labels[0].Value == "back" {
				t.Errorf("%s of the watched route is a point", p.Name)
			}
		}
		if len(sample.Watched) != 1 || sample.Watched[0].Route != "back" {
			t.Fatalf("got %+v", sample.Watched)
		}
		return sample.Watched[0]
	}
	lag := 12.5
	if w := take(0, 1000, &lag); w.LagRecords != 1000 || w.LagSeconds != 12.5 || w.RecordsPerSecond != 40 || w.BytesPerSecond != 900 || !math.IsNaN(w.CatchUpSeconds) {
		t.Errorf("got %+v", w)
	}
	if w := take(10, 750, &lag); w.CatchUpSeconds != 30 { // 250 in 10 s
		t.Errorf("250 of 1000 records in 10 s: it catches up in %v s", w.CatchUpSeconds)
	}
	// Nobody has been heard of: the sums are no rates.
	others.Processes[0].Silent, others.RecordsPerSecond, others.BytesPerSecond = true, 0, 0
	if w := take(20, -1, nil); !math.IsNaN(w.LagRecords) || !math.IsNaN(w.LagSeconds) || !math.IsNaN(w.RecordsPerSecond) || !math.IsNaN(w.BytesPerSecond) || !math.IsNaN(w.CatchUpSeconds) {
		t.Errorf("what is not known is %+v", w)
	}

	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s.Collector())
	families, err := registry.Gather()
	if err != nil || len(families) == 0 {
		t.Fatalf("scrape: %d families, %v", len(families), err)
	}
	for _, f := range families {
		if strings.Contains(f.String(), `"back"`) {
			t.Errorf("the watched route is scraped: %v", f)
		}
	}
}
