package history

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"mirror/monitor"
)

// Recorder takes the mirror's snapshots into a History. A disk that hangs must not
// keep the snapshots from others, so it has a goroutine of its own, and drops what
// comes while it is still writing.
type Recorder struct {
	history *History
	samples chan monitor.Sample
}

// NewRecorder returns a Recorder that works when Run does.
func NewRecorder(h *History) *Recorder {
	return &Recorder{history: h, samples: make(chan monitor.Sample, 1)}
}

// Take is for Sampler.Subscribe. It never waits.
func (r *Recorder) Take(s monitor.Sample) {
	select {
	case r.samples <- s:
	default:
	}
}

// Run writes until ctx ends.
func (r *Recorder) Run(ctx context.Context) {
	for {
		select {
		case s := <-r.samples:
			r.history.Record(s.Time, Readings(s))
		case <-ctx.Done():
			return
		}
	}
}

// RouteMetrics are the metrics of a route that are recorded, as they stand in
// keys. Counters are not among them: their rates are.
func RouteMetrics() []string {
	return append(TopicMetrics(), "catch_up_seconds",
		"copy_latency_seconds_p50", "copy_latency_seconds_p99", "record_age_seconds_p50", "record_age_seconds_p99")
}

// TopicMetrics are those of a topic, and of a partition.
func TopicMetrics() []string {
	return []string{"bytes_per_second", "records_per_second", "lag_seconds", "lag_records"}
}

// recordedOf are the metrics of a cluster, broker, topic or group that are
// recorded, by the label that says which it is; the empty one is the cluster's own.
func recordedOf(label string) []string {
	switch label {
	case "":
		return []string{"records_per_second", "bytes", "lag_seconds", "under_replicated", "offline", "brokers", "topics", "partitions", "groups"}
	case "broker":
		return []string{"records_per_second", "bytes", "leaders", "replicas", "under_replicated", "disk_used_ratio"}
	case "topic":
		return []string{"records_per_second", "bytes", "log_records", "partitions", "lag_seconds", "under_replicated", "offline"}
	case "group":
		return []string{"lag_records", "lag_seconds", "records_per_second", "members"}
	}
	return nil
}

// Readings picks from a snapshot what is recorded.
func Readings(s monitor.Sample) []Reading {
	var readings []Reading
	at := make(map[string]int)
	ofRoute, ofTopic := RouteMetrics(), TopicMetrics()
	for k := range s.Points {
		p := &s.Points[k]
		subject, metric, ok := recorded(p, ofRoute, ofTopic)
		if !ok {
			subject, metric, ok = recordedOfCluster(p)
		}
		if !ok {
			continue
		}
		i, known := at[subject]
		if !known {
			i = len(readings)
			at[subject] = i
			readings = append(readings, Reading{Subject: subject})
		}
		readings[i].Values = append(readings[i].Values, Value{metric, p.Value})
		readings[i].Weight += weight(subject, metric, p.Value)
	}
	return appendParts(appendPartitions(appendWatched(readings, s.Watched), s.Partitions), s.Parts)
}

// appendPartitions adds the readings of partitions. Each has all metrics, also
// those that are not known, so that it gets slots for all of them at once. Those of
// which no rate is known yet are left out: they would be chosen blindly.
func appendPartitions(readings []Reading, partitions []monitor.PartitionSample) []Reading {
	readings = slices.Grow(readings, len(partitions))
	values := make([]Value, 0, len(partitions)*len(TopicMetrics()))
	for i := range partitions {
		p := &partitions[i]
		if math.IsNaN(p.BytesPerSecond) {
			continue
		}
		first := len(values)
		values = append(values, Value{"bytes_per_second", p.BytesPerSecond}, Value{"records_per_second", p.RecordsPerSecond},
			Value{"lag_seconds", p.LagSeconds}, Value{"lag_records", p.LagRecords})
		readings = append(readings, Reading{Subject: p.Route + "/" + p.Topic + "/" + strconv.Itoa(int(p.Partition)),
			Weight: p.BytesPerSecond + known(p.LagRecords)*typicalRecord/backlogTime, Values: values[first:len(values):len(values)]})
	}
	return readings
}

// known counts what is not known as nothing.
func known(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// recorded tells the subject and the metric of a point that is recorded, which is
// one of those of a route or of a topic.
func recorded(p *monitor.Point, ofRoute, ofTopic []string) (subject, metric string, ok bool) {
	labels := p.Labels.List()
	if len(labels) == 0 || labels[0].Name != "route" {
		return "", "", false
	}
	subject, labels = labels[0].Value, labels[1:]
	metric, isRoute := strings.CutPrefix(p.Name, "mirror_route_")
	wanted := ofRoute
	if !isRoute {
		if len(labels) == 0 || labels[0].Name != "topic" {
			return "", "", false
		}
		metric = strings.TrimPrefix(metric, "mirror_")
		wanted, subject, labels = ofTopic, subject+"/"+labels[0].Value, labels[1:]
	}
	if len(labels) == 1 && labels[0].Name == "quantile" {
		metric += map[string]string{"0.5": "_p50", "0.99": "_p99"}[labels[0].Value]
	}
	return subject, metric, slices.Contains(wanted, metric)
}

// recordedOfCluster is like recorded, for clusters and what is in them.
func recordedOfCluster(p *monitor.Point) (subject, metric string, ok bool) {
	labels := p.Labels.List()
	if len(labels) == 0 || labels[0].Name != "cluster" {
		return "", "", false
	}
	subject = clusterSubject + labels[0].Value
	label := ""
	metric = strings.TrimPrefix(p.Name, "mirror_cluster_")
	if len(labels) > 1 {
		label = labels[1].Name
		subject += "/" + label + ":" + labels[1].Value
		metric = strings.TrimPrefix(metric, label+"_")
	}
	metric = strings.TrimSuffix(metric, "_partitions")
	return subject, metric, slices.Contains(recordedOf(label), metric)
}

const (
	// typicalRecord is how many bytes a record counts for where bytes per second
	// are not known.
	typicalRecord = 100
	// backlogTime is the time in which a group is taken to read its lag, and a
	// partition to be copied, so that one that stands still is recorded, too.
	backlogTime = 3600
)

// weight is what a value adds to the traffic of its subject, in bytes per second.
func weight(subject, metric string, value float64) float64 {
	switch {
	case metric == "bytes_per_second":
		return value
	case !strings.HasPrefix(subject, clusterSubject):
	case metric == "records_per_second":
		return value * typicalRecord
	case metric == "lag_records":
		return value * typicalRecord / backlogTime
	}
	return 0
}
