// Package sink sends snapshots of the mirror's metrics to Graphite, Ganglia,
// InfluxDB, KairosDB and OpenTSDB, and statsd.
//
// Each sink is a writer that knows one protocol, inside a courier that keeps it
// from doing harm: it has one goroutine, holds at most two snapshots, drops what
// it cannot send in time and counts that. The snapshots come through the sink
// interface of go-metrics, of which only precise gauges with labels are used.
package sink
