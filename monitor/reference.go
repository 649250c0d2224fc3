package monitor

import (
	"fmt"
	"strings"
)

// Reference returns the text of docs/metrics.md, made from the table that also
// makes /metrics and the samples, so that they cannot differ.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(`# Metrics

This page is generated (` + "`make docs`" + `). ` + "`GET /metrics`" + ` answers in Prometheus' text form; every ` + "`metrics.interval`" + ` the same
numbers go to the ` + "`metrics.sinks`" + ` (Graphite, Ganglia, InfluxDB, KairosDB, OpenTSDB, statsd).

Names say what they are about, so that a sum over one name never counts a record twice:

| name | about | labels |
|---|---|---|
| ` + "`mirror_route_…`" + ` | a route | ` + "`route`" + ` |
| ` + "`mirror_…`" + ` | a topic of a route | ` + "`route`, `topic`" + ` (the source topic's name) |
| ` + "`mirror_partition_…`" + ` | a partition, where ` + "`metrics.partitions`" + ` is true | ` + "`route`, `topic`, `partition`" + ` |
| ` + "`mirror_cluster_…`" + ` | a cluster itself (` + "`monitor`" + ` in the configuration) | ` + "`cluster`" + ` |
| ` + "`mirror_cluster_broker_…`" + ` | a broker of a cluster | ` + "`cluster`, `broker`" + ` |
| ` + "`mirror_cluster_topic_…`" + ` | a topic of a cluster, copied or not | ` + "`cluster`, `topic`" + ` |
| ` + "`mirror_cluster_group_…`" + ` | a consumer group of a cluster | ` + "`cluster`, `group`" + ` |

The column "about" tells which of these exist. Counters are those of one process since its start, and lags of what it
copies; add up the processes of a fleet. Of the clusters themselves each process of a fleet tells the same: take the
maximum. Histograms are buckets for Prometheus and, for sinks, the label ` + "`quantile`" + ` with
0.5 and 0.99 of what was copied since the last snapshot. Beside these there are ` + "`mirror_build_info`" + `, the usual ` + "`go_*`" + `
and ` + "`process_*`" + ` metrics (for Prometheus only), and ` + "`mirror_sink_sent_total` and `mirror_sink_dropped_total`" + ` with the label
` + "`sink`" + `: values that a sink was given, and those that it did not take in time.

| name | type | about | more labels | for | meaning |
|---|---|---|---|---|---|
`)
	rows := metrics()
	for i := range rows {
		m := &rows[i]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", m.fullName(m.mainLevel()), m.kind, levelNames(m.levels), m.extra, m.where, m.help)
	}
	fmt.Fprintf(&b, "\nStates: %s.\n", stateNames())
	return []byte(b.String())
}

// mainLevel is the one whose name stands for the others.
func (m *metric) mainLevel() level {
	if m.at(ofTopic) {
		return ofTopic
	}
	return m.levels[0]
}

func levelNames(of []level) string {
	var names []string
	for _, l := range of {
		names = append(names, [levels]string{"route", "topic", "partition", "cluster", "broker", "topic", "group"}[l])
	}
	return strings.Join(names, ", ")
}

func (w where) String() string { return [...]string{"all", "Prometheus", "sinks"}[w] }

func stateNames() string {
	var names []string
	for _, s := range States() {
		names = append(names, "`"+string(s)+"`")
	}
	return strings.Join(names, ", ")
}
