package history

import (
	"math"
	"testing"
	"time"

	"mirror/monitor"
)

// TestWatchedRouteIsRecorded asks for the history of a route that others copy: what
// the status tells of it is there, with holes where nothing was known.
func TestWatchedRouteIsRecorded(t *testing.T) {
	lag := 12.5
	route := monitor.RouteStatus{Name: "back", Watched: true, RecordsPerSecond: 40, BytesPerSecond: 900, Processes: []monitor.ProcessStatus{{Process: "b"}},
		Topics: []monitor.TopicStatus{{Source: "a", Partitions: []monitor.PartitionStatus{{State: monitor.Copying, LagRecords: 1000, LagSeconds: &lag}}}}}
	route.RollUp()
	sampler := monitor.NewSampler(monitor.SamplerOptions{Registry: monitor.NewRegistry(), Status: sampleStatus,
		Watched: func() monitor.Status { return monitor.Status{Routes: []monitor.RouteStatus{route}} }})
	h := Open(Options{Series: 60, Log: quiet()})
	record := func(at time.Time) { h.Record(at, Readings(sampler.Take(at))) }
	record(begin)
	route.Processes = nil // nobody has told anything for long
	record(begin.Add(10 * time.Second))

	window, _ := FindWindow("1h")
	wants := map[string]float32{"lag_records": 1000, "lag_seconds": 12.5, "records_per_second": 40, "bytes_per_second": 900}
	for metric, want := range wants {
		got := h.Query(begin.Add(10*time.Second), window, []string{Key("back", metric)}).Series[0]
		if !got.Recorded || len(got.Points) < 2 {
			t.Fatalf("%s: got %+v", metric, got)
		}
		points := got.Points[len(got.Points)-2:]
		if points[0].Avg != want {
			t.Errorf("%s: got %v, want %v", metric, points[0], want)
		}
		if rate := metric == "records_per_second" || metric == "bytes_per_second"; rate != math.IsNaN(float64(points[1].Avg)) {
			t.Errorf("%s while nobody is heard of: got %v", metric, points[1])
		}
	}
	if got := h.Query(begin, window, []string{Key("back/a", "lag_records"), Key("back", "copy_latency_seconds_p99")}); got.Series[0].Recorded || got.Series[1].Recorded {
		t.Errorf("what only who copies knows is recorded: %+v", got.Series)
	}
}
