package monitor

import (
	"flag"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"mirror/batch"
)

func sampleStatus() Status {
	lag, left := 2.5, 90.0
	route := RouteStatus{Name: "r", From: "west", To: "east", Losses: 4, LSODistanceRecords: 9,
		Topics: []TopicStatus{{Source: "a", Target: "west.a", Partitions: []PartitionStatus{
			{Partition: 0, State: Copying, SourceOffset: 10, TargetOffset: 8, LagRecords: 3, LagSeconds: &lag, RetentionSeconds: &left},
			{Partition: 1, State: Waiting, SourceOffset: -1, TargetOffset: -1},
		}}}}
	route.RollUp()
	return Status{Mirror: "m", Routes: []RouteStatus{route}}
}

// sampler of the sample status; nothing has run.
func sampler(registry *Registry, partitions bool) *Sampler {
	return NewSampler(SamplerOptions{Registry: registry, Status: sampleStatus, Partitions: partitions})
}

func TestCollector(t *testing.T) {
	registry := NewRegistry()
	p := registry.Partition("r", "a", 0)
	p.Records.Add(100)
	p.Deep[batch.Holes].Add(2)
	p.Copied(99, 3*time.Millisecond, time.Second)
	p.Copied(1, time.Second, -1)
	want := `
# HELP mirror_deep_batches_total Batches that had to be decoded and written anew, by reason. A reason appears with its first batch.
# TYPE mirror_deep_batches_total counter
mirror_deep_batches_total{reason="holes",route="r",topic="a"} 2
# HELP mirror_lag_records Source offsets between the next record to copy and the source's last stable offset. Absent when unknown.
# TYPE mirror_lag_records gauge
mirror_lag_records{route="r",topic="a"} 3
# HELP mirror_losses_total Entries written to the loss ledger. Without faults it stays 0.
# TYPE mirror_losses_total counter
mirror_losses_total{route="r",topic="a"} 0
# HELP mirror_partition_records_total Records that the target has got from this process: acknowledged, or found there by recovery when the answer was lost. Left out are those whose answer was lost when the partition left this process, or that another process had sent, too.
# TYPE mirror_partition_records_total counter
mirror_partition_records_total{partition="0",route="r",topic="a"} 100
# HELP mirror_partition_source_offset Source offset of the next record to copy. Absent when unknown.
# TYPE mirror_partition_source_offset gauge
mirror_partition_source_offset{partition="0",route="r",topic="a"} 10
# HELP mirror_partition_state 1 for the present state, which is the worst one of what is inside; other states have no series.
# TYPE mirror_partition_state gauge
mirror_partition_state{partition="0",route="r",state="copying",topic="a"} 1
mirror_partition_state{partition="1",route="r",state="waiting",topic="a"} 1
# HELP mirror_records_total Records that the target has got from this process: acknowledged, or found there by recovery when the answer was lost. Left out are those whose answer was lost when the partition left this process, or that another process had sent, too.
# TYPE mirror_records_total counter
mirror_records_total{route="r",topic="a"} 100
# HELP mirror_route_copy_latency_seconds Records by the time from the source's answer that brought them to the target's acknowledgement.
# TYPE mirror_route_copy_latency_seconds histogram
mirror_route_copy_latency_seconds_bucket{route="r",le="0.001"} 0
mirror_route_copy_latency_seconds_bucket{route="r",le="0.002"} 0
mirror_route_copy_latency_seconds_bucket{route="r",le="0.004"} 99
mirror_route_copy_latency_seconds_bucket{route="r",le="0.008"} 99
mirror_route_copy_latency_seconds_bucket{route="r",le="0.016"} 99
mirror_route_copy_latency_seconds_bucket{route="r",le="0.032"} 99
mirror_route_copy_latency_seconds_bucket{route="r",le="0.064"} 99
mirror_route_copy_latency_seconds_bucket{route="r",le="0.128"} 99
mirror_route_copy_latency_seconds_bucket{route="r",le="0.256"} 99
mirror_route_copy_latency_seconds_bucket{route="r",le="0.512"} 99
mirror_route_copy_latency_seconds_bucket{route="r",le="1.024"} 100
mirror_route_copy_latency_seconds_bucket{route="r",le="2.048"} 100
mirror_route_copy_latency_seconds_bucket{route="r",le="4.096"} 100
mirror_route_copy_latency_seconds_bucket{route="r",le="8.192"} 100
mirror_route_copy_latency_seconds_bucket{route="r",le="16.384"} 100
mirror_route_copy_latency_seconds_bucket{route="r",le="32.768"} 100
mirror_route_copy_latency_seconds_bucket{route="r",le="65.536"} 100
mirror_route_copy_latency_seconds_bucket{route="r",le="+Inf"} 100
mirror_route_copy_latency_seconds_sum{route="r"} 1.297
mirror_route_copy_latency_seconds_count{route="r"} 100
# HELP mirror_route_lag_seconds Age of the oldest record not yet copied, but not more than the time since the partition was last caught up; of the partition furthest behind. Absent when unknown.
# TYPE mirror_route_lag_seconds gauge
mirror_route_lag_seconds{route="r"} 2.5
# HELP mirror_retention_seconds Time until the source may delete what is not copied yet, at the earliest, by its retention.ms and retention.bytes; of the partition where it is soonest. Absent when nothing is left to copy, all is kept, or it is unknown.
# TYPE mirror_retention_seconds gauge
mirror_retention_seconds{route="r",topic="a"} 90
# HELP mirror_route_partitions Partitions of the route by state.
# TYPE mirror_route_partitions gauge
mirror_route_partitions{route="r",state="caught_up"} 0
mirror_route_partitions{route="r",state="copying"} 1
mirror_route_partitions{route="r",state="paused"} 0
mirror_route_partitions{route="r",state="recovering"} 0
mirror_route_partitions{route="r",state="starting"} 0
mirror_route_partitions{route="r",state="stopped"} 0
mirror_route_partitions{route="r",state="waiting"} 1
# HELP mirror_state 1 for the present state, which is the worst one of what is inside; other states have no series.
# TYPE mirror_state gauge
mirror_state{route="r",state="waiting",topic="a"} 1
`
	err := testutil.CollectAndCompare(sampler(registry, true).Collector(), strings.NewReader(want), "mirror_records_total",
		"mirror_partition_records_total", "mirror_deep_batches_total", "mirror_losses_total", "mirror_lag_records", "mirror_retention_seconds", "mirror_route_lag_seconds",
		"mirror_partition_state", "mirror_state", "mirror_route_partitions", "mirror_partition_source_offset", "mirror_route_copy_latency_seconds")
	if err != nil {
		t.Error(err)
	}
}

// Series of single partitions are many; without being asked for there are none.
func TestCollectorWithoutPartitions(t *testing.T) {
	registry := NewRegistry()
	registry.Partition("r", "a", 0)
	gatherer := prometheus.NewPedanticRegistry()
	gatherer.MustRegister(sampler(registry, false).Collector())
	families, err := gatherer.Gather()
	if err != nil || len(families) == 0 {
		t.Fatalf("got %d families, error %v", len(families), err)
	}
	for _, family := range families {
		if strings.HasPrefix(family.GetName(), "mirror_partition_") {
			t.Errorf("there is %s", family.GetName())
		}
	}
}

// Names, helps and types must be what Prometheus' own linter accepts.
func TestCollectorLint(t *testing.T) {
	registry := NewRegistry()
	registry.Partition("r", "a", 0).Deep[batch.Holes].Add(1)
	problems, err := testutil.CollectAndLint(sampler(registry, true).Collector())
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
	status := func() Status {
		return Status{Routes: []RouteStatus{{Name: "r", Topics: []TopicStatus{{Source: "a\xff"}, {Source: "good"}}}}}
	}
	gatherer := prometheus.NewPedanticRegistry()
	gatherer.MustRegister(NewSampler(SamplerOptions{Registry: NewRegistry(), Status: status}).Collector())
	families, err := gatherer.Gather()
	if err == nil {
		t.Error("no error for a label that is not UTF-8")
	}
	if len(families) == 0 {
		t.Error("the good topic is gone too")
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
	if got := registry.Totals("r").Records; got != 800 {
		t.Errorf("after Remove: the route has %d records, want all 800", got)
	}
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
