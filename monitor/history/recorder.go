package history

import (
	"context"
	"slices"
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

// TopicMetrics are those of a topic.
func TopicMetrics() []string {
	return []string{"bytes_per_second", "records_per_second", "lag_seconds", "lag_records"}
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
			continue
		}
		i, known := at[subject]
		if !known {
			i = len(readings)
			at[subject] = i
			readings = append(readings, Reading{Subject: subject})
		}
		readings[i].Values = append(readings[i].Values, Value{metric, p.Value})
		if metric == "bytes_per_second" {
			readings[i].Weight = p.Value
		}
	}
	return readings
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
