package monitor

import (
	"flag"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mirror/batch"
)

func sampleStatus() Status {
	lag := 2.5
	route := RouteStatus{Name: "r", From: "west", To: "east", Losses: 4, LSODistanceRecords: 9,
		Topics: []TopicStatus{{Source: "a", Target: "west.a", Partitions: []PartitionStatus{
			{Partition: 0, State: Copying, SourceOffset: 10, TargetOffset: 8, LagRecords: 3, LagSeconds: &lag},
			{Partition: 1, State: Waiting, SourceOffset: -1, TargetOffset: -1},
		}}}}
	route.RollUp()
	return Status{Mirror: "m", Routes: []RouteStatus{route}}
}

func TestCollector(t *testing.T) {
	registry := NewRegistry()
	p := registry.Partition("r", "a", 0)
	p.Records.Add(100)
	p.Deep[batch.Holes].Add(2)
	c := Collector(registry, sampleStatus)
	want := `
# HELP mirror_deep_batches_total Batches that had to be decoded and written anew, by reason. A reason appears with its first batch.
# TYPE mirror_deep_batches_total counter
mirror_deep_batches_total{partition="0",reason="holes",route="r",topic="a"} 2
# HELP mirror_lag_seconds Age of the oldest record not yet copied, but not more than the time since the partition was last caught up. Absent when unknown.
# TYPE mirror_lag_seconds gauge
mirror_lag_seconds{partition="0",route="r",topic="a"} 2.5
# HELP mirror_losses_total Entries written to the loss ledger. Without faults it stays 0.
# TYPE mirror_losses_total counter
mirror_losses_total{partition="0",route="r",topic="a"} 0
# HELP mirror_partition_state 1 for the state that the partition is in; other states have no series.
# TYPE mirror_partition_state gauge
mirror_partition_state{partition="0",route="r",state="copying",topic="a"} 1
mirror_partition_state{partition="1",route="r",state="waiting",topic="a"} 1
# HELP mirror_partitions Partitions of the route by state.
# TYPE mirror_partitions gauge
mirror_partitions{route="r",state="caught_up"} 0
mirror_partitions{route="r",state="copying"} 1
mirror_partitions{route="r",state="paused"} 0
mirror_partitions{route="r",state="recovering"} 0
mirror_partitions{route="r",state="starting"} 0
mirror_partitions{route="r",state="stopped"} 0
mirror_partitions{route="r",state="waiting"} 1
# HELP mirror_records_total Records acknowledged by the target.
# TYPE mirror_records_total counter
mirror_records_total{partition="0",route="r",topic="a"} 100
# HELP mirror_source_offset Source offset of the next record to copy. Absent when unknown.
# TYPE mirror_source_offset gauge
mirror_source_offset{partition="0",route="r",topic="a"} 10
`
	err := testutil.CollectAndCompare(c, strings.NewReader(want), "mirror_records_total", "mirror_deep_batches_total",
		"mirror_losses_total", "mirror_lag_seconds", "mirror_partition_state", "mirror_partitions", "mirror_source_offset")
	if err != nil {
		t.Error(err)
	}
}

// Names, helps and types must be what Prometheus' own linter accepts.
func TestCollectorLint(t *testing.T) {
	registry := NewRegistry()
	registry.Partition("r", "a", 0).Deep[batch.Holes].Add(1)
	problems, err := testutil.CollectAndLint(Collector(registry, sampleStatus))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// A topic name that is not UTF-8 cannot exist on a broker, but a hostile one may
// answer anything: the scrape must report it and not panic.
func TestCollectorSurvivesBadLabel(t *testing.T) {
	registry := NewRegistry()
	registry.Partition("r", "a\xff", 0)
	registry.Partition("r", "good", 0)
	gatherer := prometheus.NewPedanticRegistry()
	gatherer.MustRegister(Collector(registry, func() Status { return Status{} }))
	families, err := gatherer.Gather()
	if err == nil {
		t.Error("no error for a label that is not UTF-8")
	}
	if len(families) == 0 {
		t.Error("the good partition is gone too")
	}
}

func TestRegistry(t *testing.T) {
	registry := NewRegistry()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range int32(100) {
				registry.Partition("r", "a", i).Records.Add(1)
				registry.All()
			}
		})
	}
	wg.Wait()
	all := registry.All()
	if len(all) != 100 {
		t.Fatalf("got %d partitions, want 100", len(all))
	}
	for i, p := range all {
		if p.Partition != int32(i) || p.Records.Load() != 8 {
			t.Errorf("partition %d: number %d, %d records, want 8", i, p.Partition, p.Records.Load())
		}
	}
	registry.Remove("r", "a", 3)
	if got := registry.Len(); got != 99 {
		t.Errorf("after Remove: got %d partitions, want 99", got)
	}
	if got := registry.Partition("r", "a", 3).Records.Load(); got != 0 {
		t.Errorf("a partition that came back has %d records, want 0", got)
	}
}

var update = flag.Bool("update", false, "write the generated page instead of comparing it")

func TestReferencePage(t *testing.T) {
	const page = "../docs/metrics.md"
	if *update {
		if err := os.WriteFile(page, Reference(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(Reference()) {
		t.Errorf("%s is out of date: run make docs", page)
	}
}
