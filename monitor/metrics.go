package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"mirror/batch"
)

// metric is one row of the table that makes both /metrics and its reference.
// Exactly one of the read functions is set. The strings they are given are the
// values of the labels beyond the ones that identify.
type metric struct {
	name  string
	help  string
	kind  prometheus.ValueType
	extra string // a label beside the ones that identify; empty: none

	fromCounters  func(p *Partition, emit emitFunc)
	fromPartition func(p *PartitionStatus, emit emitFunc)
	fromRoute     func(r *RouteStatus, emit emitFunc)
}

// emitFunc takes one value, and the extra label's value where there is one.
type emitFunc func(value float64, extra ...string)

// labels returns the label names of the metric: the ones that identify, and at
// most one that divides.
func (m *metric) labels() []string {
	labels := []string{"route"}
	if m.fromRoute == nil {
		labels = append(labels, "topic", "partition")
	}
	if m.extra != "" {
		labels = append(labels, m.extra)
	}
	return labels
}

// metrics is the table. The order is the order of docs/metrics.md.
func metrics() []metric {
	return append(append(counters(), partitionGauges()...), routeGauges()...)
}

// counter is a row that reads one atomic of a partition.
func counter(name, help string, read func(*Partition) int64) metric {
	return metric{name: name, help: help, kind: prometheus.CounterValue,
		fromCounters: func(p *Partition, emit emitFunc) { emit(float64(read(p))) }}
}

func counters() []metric {
	return []metric{
		counter("mirror_records_total", "Records acknowledged by the target.",
			func(p *Partition) int64 { return p.Records.Load() }),
		counter("mirror_bytes_total", "Bytes of the acknowledged batches, as they lie in the target's log.",
			func(p *Partition) int64 { return p.Bytes.Load() }),
		counter("mirror_shallow_batches_total", "Batches whose bytes were passed on with a patched header.",
			func(p *Partition) int64 { return p.Shallow.Load() }),
		{name: "mirror_deep_batches_total", kind: prometheus.CounterValue, extra: "reason",
			help:         "Batches that had to be decoded and written anew, by reason. A reason appears with its first batch.",
			fromCounters: emitDeep},
		counter("mirror_gap_offsets_total", "Source offsets with nothing to copy: control records, aborted transactions, compaction.",
			func(p *Partition) int64 { return p.Gaps.Load() }),
		counter("mirror_losses_total", "Entries written to the loss ledger. Without faults it stays 0.",
			func(p *Partition) int64 { return p.Losses.Load() }),
		counter("mirror_lost_offsets_total", "Source offsets inside those entries: records that should have been copied and cannot be.",
			func(p *Partition) int64 { return p.LostOffsets.Load() }),
		counter("mirror_skipped_mirrored_batches_total", "Batches left out because another mirror brought them to the source.",
			func(p *Partition) int64 { return p.Skipped.Load() }),
		counter("mirror_repeated_batches_total", "Batches sent again that the target knew already and did not store twice.",
			func(p *Partition) int64 { return p.Repeats.Load() }),
		counter("mirror_foreign_records_total", "Records found in the target partition that the mirror did not write.",
			func(p *Partition) int64 { return p.Foreign.Load() }),
		counter("mirror_rejected_records_total", "Records that the target refused for certain.",
			func(p *Partition) int64 { return p.Rejected.Load() }),
		counter("mirror_produce_retries_total", "Batches sent again after an error or a lost answer.",
			func(p *Partition) int64 { return p.Retries.Load() }),
		counter("mirror_recoveries_total", "Times the position was read again from checkpoint and target log.",
			func(p *Partition) int64 { return p.Recoveries.Load() }),
	}
}

// emitDeep leaves out reasons that never happened: seven series for each of many
// thousand partitions would be mostly zeros.
func emitDeep(p *Partition, emit emitFunc) {
	for reason := range p.Deep {
		if n := p.Deep[reason].Load(); n > 0 {
			emit(float64(n), batch.Reason(reason).String())
		}
	}
}

func partitionGauges() []metric {
	return []metric{
		{name: "mirror_lag_records", kind: prometheus.GaugeValue,
			help:          "Source offsets between the next record to copy and the source's last stable offset. Absent when unknown.",
			fromPartition: func(p *PartitionStatus, emit emitFunc) { emitKnown(p.LagRecords, emit) }},
		{name: "mirror_lag_seconds", kind: prometheus.GaugeValue,
			help: "Age of the oldest record not yet copied, but not more than the time since the partition was last caught up. Absent when unknown.",
			fromPartition: func(p *PartitionStatus, emit emitFunc) {
				if p.LagSeconds != nil {
					emit(*p.LagSeconds)
				}
			}},
		{name: "mirror_source_offset", kind: prometheus.GaugeValue,
			help:          "Source offset of the next record to copy. Absent when unknown.",
			fromPartition: func(p *PartitionStatus, emit emitFunc) { emitKnown(p.SourceOffset, emit) }},
		{name: "mirror_target_offset", kind: prometheus.GaugeValue,
			help:          "Target offset of the next record written. Absent when unknown.",
			fromPartition: func(p *PartitionStatus, emit emitFunc) { emitKnown(p.TargetOffset, emit) }},
		{name: "mirror_partition_state", kind: prometheus.GaugeValue, extra: "state",
			help: "1 for the state that the partition is in; other states have no series.",
			fromPartition: func(p *PartitionStatus, emit emitFunc) {
				emit(1, string(p.State))
			}},
	}
}

func emitKnown(value int64, emit emitFunc) {
	if value >= 0 {
		emit(float64(value))
	}
}

func routeGauges() []metric {
	return []metric{
		{name: "mirror_route_state", kind: prometheus.GaugeValue, extra: "state",
			help: "1 for the state that the route is in, 0 for the others.",
			fromRoute: func(r *RouteStatus, emit emitFunc) {
				for _, state := range States() {
					emit(bit(state == r.State), string(state))
				}
			}},
		{name: "mirror_partitions", kind: prometheus.GaugeValue, extra: "state",
			help: "Partitions of the route by state.", fromRoute: emitPartitions},
		{name: "mirror_lso_distance_records", kind: prometheus.GaugeValue,
			help: "Source offsets between last stable offset and high watermark: grows with a hanging transaction.",
			fromRoute: func(r *RouteStatus, emit emitFunc) {
				emit(float64(r.LSODistanceRecords))
			}},
		{name: "mirror_loss_entries", kind: prometheus.GaugeValue,
			help:      "Entries of the route's loss ledger, also those of earlier processes.",
			fromRoute: func(r *RouteStatus, emit emitFunc) { emit(float64(r.Losses)) }},
	}
}

func emitPartitions(r *RouteStatus, emit emitFunc) {
	count := make(map[State]int)
	for _, topic := range r.Topics {
		for _, p := range topic.Partitions {
			count[p.State]++
		}
	}
	for _, state := range States() {
		emit(float64(count[state]), string(state))
	}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
