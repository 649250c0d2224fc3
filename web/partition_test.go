package web

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mirror/monitor"
	"mirror/monitor/history"
)

// A partition has its rates in the status, and its series beside those of its topic;
// one without a place in the history is said to have none.
func TestPartitionsInTheAPI(t *testing.T) {
	source := &movingSource{}
	lag := 3.0
	source.set(monitor.RouteStatus{Topics: []monitor.TopicStatus{{Source: "a.b", Target: "west.a.b", Partitions: []monitor.PartitionStatus{
		{Partition: 0, State: monitor.Copying, LagRecords: 5, LagSeconds: &lag}, {Partition: 1, State: monitor.Copying, LagRecords: -1, Owner: "another"}}}}})
	o := options(loopback(), source)
	registry := monitor.NewRegistry()
	o.Sampler = monitor.NewSampler(monitor.SamplerOptions{Registry: registry, Status: source.Status})
	p := registry.Partition("r", "a.b", 0)
	now := time.Now().Add(-10 * time.Second)
	o.Sampler.Take(now)
	p.Records.Add(40)
	p.Bytes.Add(9000)
	o.History.Record(now.Add(10*time.Second), history.Readings(o.Sampler.Take(now.Add(10*time.Second))))
	base := serveOptions(t, o) + "/api/v1/"

	_, body := ask(t, "GET", base+"status?route=r&topic=a.b", nil)
	var status monitor.Status
	if err := json.Unmarshal([]byte(body), &status); err != nil {
		t.Fatal(err)
	}
	partitions := status.Routes[0].Topics[0].Partitions
	if r, b := partitions[0].RecordsPerSecond, partitions[0].BytesPerSecond; r == nil || b == nil || *r != 4 || *b != 900 {
		t.Errorf("got %s", body)
	}
	if partitions[1].RecordsPerSecond != nil || !strings.Contains(body, `"bytes_per_second":null`) {
		t.Errorf("a rate of a partition that another process copies: %s", body)
	}

	_, body = ask(t, "GET", base+"history?window=1h&series=r/a.b/0/lag_records&series=r/a.b/0/bytes_per_second&series=r/a.b/1/lag_records", nil)
	var found struct {
		Room, Free int
		Series     []struct {
			Recorded bool
			Avg      []*float64
		}
	}
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{5, 900} {
		s := found.Series[i]
		if n := len(s.Avg); !s.Recorded || n != 360 || s.Avg[n-1] == nil || *s.Avg[n-1] != want {
			t.Errorf("series %d: recorded is %v, %d points, want the last to be %v", i, s.Recorded, n, want)
		}
	}
	if found.Series[2].Recorded || found.Room != 20 || found.Free >= 20-8 {
		t.Errorf("got %+v", found)
	}
}
