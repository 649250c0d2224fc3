package monitor

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"mirror/batch"
)

// metric is one row of the table that makes /metrics, the samples for sinks and
// history, and docs/metrics.md. Exactly one of read and durations is set.
type metric struct {
	name   string // without the prefix, which tells the level
	help   string
	kind   kind
	extra  string // a label beside the ones that identify; empty: none
	levels []level
	where  where

	// read emits the values; the strings it gives are values of the extra label.
	read func(s *scope, emit emitFunc)
	// durations returns what a histogram shows: at a scrape all since the start,
	// in samples the quantiles of what came since the last one.
	durations func(t *timings) *Durations
	buckets   bucketRange
}

// emitFunc takes one value, and the extra label's value where there is one.
type emitFunc func(value float64, extra ...string)

type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// where says who sees a metric.
type where uint8

const (
	everywhere where = iota
	scrapeOnly       // states as labels: a series that ends would keep its last value in a sink
	sampleOnly       // what Prometheus computes itself
)

// bucketRange says which buckets of a histogram a scrape shows: those that end at
// 1 ms × 2^k, for k from 0 to last in steps of step. More would be more series
// than they are worth.
type bucketRange struct{ step, last int }

// fullName is the name at a level.
func (m *metric) fullName(l level) string { return l.prefix() + m.name }

func (m *metric) at(l level) bool { return slices.Contains(m.levels, l) }

// labels returns the label names at a level: the ones that identify, and at most
// one that divides.
func (m *metric) labels(l level) []string {
	labels := l.labels()
	if m.extra != "" {
		labels = append(labels[:len(labels):len(labels)], m.extra)
	}
	return labels
}

// valueType is the kind in Prometheus' terms.
func (m *metric) valueType() prometheus.ValueType {
	if m.kind == counter {
		return prometheus.CounterValue
	}
	return prometheus.GaugeValue
}

var (
	everyLevel    = []level{ofRoute, ofTopic, ofPartition}
	routesTopics  = []level{ofRoute, ofTopic}
	onlyRoute     = []level{ofRoute}
	onlyPartition = []level{ofPartition}
)

// metrics is the table. The order is the order of docs/metrics.md.
func metrics() []metric {
	return slices.Concat(counterRows(), paceRows(), lagRows(), stateRows(), routeRows(), clusterRows())
}

// count is a row that reads one counter.
func count(name, help string, read func(*Totals) int64) metric {
	return metric{name: name, help: help, kind: counter, levels: everyLevel,
		read: func(s *scope, emit emitFunc) {
			if s.totals != nil {
				emit(float64(read(s.totals)))
			}
		}}
}

func counterRows() []metric {
	return []metric{
		count("records_total", "Records that the target has got from this process: acknowledged, or found there by recovery when the answer was lost. Left out are those whose answer was lost when the partition left this process, or that another process had sent, too.",
			func(t *Totals) int64 { return t.Records }),
		count("bytes_total", "Bytes of the acknowledged batches, as they lie in the target's log.",
			func(t *Totals) int64 { return t.Bytes }),
		count("shallow_batches_total", "Batches whose bytes were passed on with a patched header.",
			func(t *Totals) int64 { return t.Shallow }),
		{name: "deep_batches_total", kind: counter, extra: "reason", levels: everyLevel,
			help: "Batches that had to be decoded and written anew, by reason. A reason appears with its first batch.",
			read: emitDeep},
		count("gap_offsets_total", "Source offsets with nothing to copy: control records, aborted transactions, compaction.",
			func(t *Totals) int64 { return t.Gaps }),
		count("losses_total", "Entries written to the loss ledger. Without faults it stays 0.",
			func(t *Totals) int64 { return t.Losses }),
		count("lost_offsets_total", "Source offsets inside those entries: records that should have been copied and cannot be.",
			func(t *Totals) int64 { return t.LostOffsets }),
		count("skipped_mirrored_batches_total", "Batches left out because another mirror brought them to the source.",
			func(t *Totals) int64 { return t.Skipped }),
		count("repeated_batches_total", "Batches sent again that the target knew already and did not store twice.",
			func(t *Totals) int64 { return t.Repeats }),
		count("foreign_records_total", "Records found in the target partition that the mirror did not write.",
			func(t *Totals) int64 { return t.Foreign }),
		count("rejected_records_total", "Records that the target refused for certain.",
			func(t *Totals) int64 { return t.Rejected }),
		count("produce_retries_total", "Batches sent again after an error or a lost answer.",
			func(t *Totals) int64 { return t.Retries }),
		count("recoveries_total", "Times the position was read again from checkpoint and target log.",
			func(t *Totals) int64 { return t.Recoveries }),
	}
}

// emitDeep leaves out reasons that never happened: seven series for each of many
// thousand topics would be mostly zeros.
func emitDeep(s *scope, emit emitFunc) {
	if s.totals == nil {
		return
	}
	for reason, n := range s.totals.Deep {
		if n > 0 {
			emit(float64(n), batch.Reason(reason).String())
		}
	}
}

func paceRows() []metric {
	return []metric{
		{name: "records_per_second", kind: gauge, levels: everyLevel, where: sampleOnly,
			help: "Records copied per second since the last snapshot.",
			read: func(s *scope, emit emitFunc) { emitKnown(s.pace.records, emit) }},
		{name: "bytes_per_second", kind: gauge, levels: everyLevel, where: sampleOnly,
			help: "Bytes copied per second since the last snapshot.",
			read: func(s *scope, emit emitFunc) { emitKnown(s.pace.bytes, emit) }},
		{name: "copy_latency_seconds", kind: histogram, levels: routesTopics, buckets: bucketRange{1, 16},
			help:      "Records by the time from the source's answer that brought them to the target's acknowledgement.",
			durations: func(t *timings) *Durations { return &t.latency }},
		{name: "record_age_seconds", kind: histogram, levels: routesTopics, buckets: bucketRange{2, 30},
			help:      "Records by their age when the target acknowledged them, each as old as the oldest of its batch. Records without a timestamp are left out.",
			durations: func(t *timings) *Durations { return &t.age }},
	}
}

func lagRows() []metric {
	return []metric{
		{name: "lag_records", kind: gauge, levels: everyLevel,
			help: "Source offsets between the next record to copy and the source's last stable offset. Absent when unknown.",
			read: func(s *scope, emit emitFunc) { emitOffset(s.lagRecords, emit) }},
		{name: "lag_seconds", kind: gauge, levels: everyLevel,
			help: "Age of the oldest record not yet copied, but not more than the time since the partition was last caught up; of the partition furthest behind. Absent when unknown.",
			read: func(s *scope, emit emitFunc) { emitKnown(s.lagSeconds, emit) }},
		{name: "catch_up_seconds", kind: gauge, levels: everyLevel,
			help: "Time until there is no lag, at the rate at which it shrank within the last minute. 0 when less than a second behind; absent when the lag does not shrink, or is unknown.",
			read: func(s *scope, emit emitFunc) { emitKnown(s.pace.catchUp, emit) }},
		{name: "retention_seconds", kind: gauge, levels: everyLevel,
			help: "Time until the source may delete what is not copied yet, at the earliest, by its retention.ms and retention.bytes; of the partition where it is soonest. Absent when nothing is left to copy, all is kept, or it is unknown.",
			read: func(s *scope, emit emitFunc) { emitKnown(s.retention, emit) }},
	}
}

func stateRows() []metric {
	return []metric{
		{name: "source_offset", kind: gauge, levels: onlyPartition,
			help: "Source offset of the next record to copy. Absent when unknown.",
			read: func(s *scope, emit emitFunc) { emitOffset(s.partition.SourceOffset, emit) }},
		{name: "target_offset", kind: gauge, levels: onlyPartition,
			help: "Target offset of the next record written. Absent when unknown.",
			read: func(s *scope, emit emitFunc) { emitOffset(s.partition.TargetOffset, emit) }},
		{name: "state", kind: gauge, extra: "state", levels: everyLevel, where: scrapeOnly,
			help: "1 for the present state, which is the worst one of what is inside; other states have no series.",
			read: func(s *scope, emit emitFunc) { emit(1, string(s.state)) }},
		{name: "state_number", kind: gauge, levels: everyLevel, where: sampleOnly,
			help: "The present state as a number, so that it can be drawn: the place in the list of states below, from 0.",
			read: func(s *scope, emit emitFunc) { emit(float64(max(badness(s.state), 0))) }},
	}
}

func routeRows() []metric {
	return []metric{
		{name: "partitions", kind: gauge, extra: "state", levels: onlyRoute,
			help: "Partitions of the route by state.", read: emitPartitions},
		{name: "lso_distance_records", kind: gauge, levels: onlyRoute,
			help: "Source offsets between last stable offset and high watermark: grows with a hanging transaction.",
			read: func(s *scope, emit emitFunc) { emit(float64(s.route.LSODistanceRecords)) }},
		{name: "loss_entries", kind: gauge, levels: onlyRoute,
			help: "Entries of the route's loss ledger, also those of earlier processes.",
			read: func(s *scope, emit emitFunc) { emit(float64(s.route.Losses)) }},
		lastVerify("last_verify_timestamp_seconds", "When the last mirror verify of the whole route began, in seconds since 1970. Absent when there was none.",
			func(v *VerifyStatus) float64 { return float64(v.Time.UnixMilli()) / 1000 }),
		lastVerify("last_verify_differences", "Records that differed in the last mirror verify of the whole route. Absent when there was none.",
			func(v *VerifyStatus) float64 { return float64(v.Differences) }),
		groupSync("group_sync_age_seconds", gauge, "Seconds since the positions of consumer groups were last carried over. Only with sync.groups, and only from the process that does it; so are the next ones.",
			func(g *GroupSyncStatus) float64 { return g.AgeSeconds }),
		groupSync("group_sync_groups", gauge, "Consumer groups that have positions in the route's topics and are selected by sync.groups.",
			func(g *GroupSyncStatus) float64 { return float64(g.Groups) }),
		{name: "group_sync_positions", kind: gauge, extra: "state", levels: onlyRoute,
			help: "Positions of those groups by what became of them: in_step; left alone because the group has members on the target (active) or somebody else committed there (own); not_copied; failed.",
			read: emitGroupPositions},
		groupSync("group_sync_commits_total", counter, "Positions that were committed to groups on the target.",
			func(g *GroupSyncStatus) float64 { return float64(g.Commits) }),
	}
}

// lastVerify is a row about the last comparison of the whole route.
func lastVerify(name, help string, read func(*VerifyStatus) float64) metric {
	return metric{name: name, help: help, kind: gauge, levels: onlyRoute,
		read: func(s *scope, emit emitFunc) {
			if v := s.route.LastVerify; v != nil {
				emit(read(v))
			}
		}}
}

// groupSync is a row about the positions of consumer groups.
func groupSync(name string, kind kind, help string, read func(*GroupSyncStatus) float64) metric {
	return metric{name: name, help: help, kind: kind, levels: onlyRoute,
		read: func(s *scope, emit emitFunc) {
			if g := s.route.GroupSync; g != nil {
				emit(read(g))
			}
		}}
}

func emitGroupPositions(s *scope, emit emitFunc) {
	if s.route.GroupSync == nil {
		return
	}
	for state, n := range s.route.GroupSync.Positions {
		emit(float64(n), state)
	}
}

func emitOffset(value int64, emit emitFunc) {
	if value >= 0 {
		emit(float64(value))
	}
}

func emitKnown(value *float64, emit emitFunc) {
	if value != nil {
		emit(*value)
	}
}

func emitPartitions(s *scope, emit emitFunc) {
	count := make(map[State]int)
	for _, topic := range s.route.Topics {
		for _, p := range topic.Partitions {
			count[p.State]++
		}
	}
	for _, state := range States() {
		emit(float64(count[state]), string(state))
	}
}
