package sink

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/go-metrics"
	"github.com/prometheus/client_golang/prometheus"

	"mirror/config"
	"mirror/monitor"
)

// Identity says whose metrics these are. Where several processes send to one
// server it keeps their series apart.
type Identity struct {
	Mirror  string // the name in the configuration
	Process string
}

// Sinks is all sinks of a process.
type Sinks struct {
	couriers []*courier
	fan      metrics.FanoutSink // the same
}

// New makes the sinks of a configuration; it connects to nothing.
func New(list []config.Sink, interval time.Duration, id Identity, log *slog.Logger) (*Sinks, error) {
	s := &Sinks{}
	for _, c := range list {
		w, err := newWriter(c, interval, id, log)
		if err != nil {
			return nil, fmt.Errorf("sink %s: %w", c, err)
		}
		courier := newCourier(c.String(), w, log)
		s.couriers = append(s.couriers, courier)
		s.fan = append(s.fan, courier)
	}
	return s, nil
}

func newWriter(c config.Sink, interval time.Duration, id Identity, log *slog.Logger) (writer, error) {
	prefix := expandPrefix(c.Prefix, id)
	switch c.Kind {
	case config.SinkGraphite:
		return newGraphite(c.Address, prefix), nil
	case config.SinkGanglia:
		return newGanglia(c.Address, prefix, id, interval), nil
	case config.SinkInfluxDB:
		return newInfluxDB(c, id), nil
	case config.SinkKairosDB, config.SinkOpenTSDB:
		return newOpenTSDB(c.Address, id, log), nil
	case config.SinkStatsd:
		return newStatsd(c.Address, prefix), nil
	}
	return nil, fmt.Errorf("%q is no kind of sink", c.Kind)
}

// Take hands a snapshot to all sinks. It never waits, so that it can be a
// subscriber of a monitor.Sampler.
func (s *Sinks) Take(sample monitor.Sample) {
	for i := range sample.Points {
		p := &sample.Points[i]
		var labels []metrics.Label
		for _, l := range p.Labels.List() {
			labels = append(labels, metrics.Label(l))
		}
		s.fan.SetPrecisionGaugeWithLabels([]string{p.Name}, p.Value, labels)
	}
	for _, c := range s.couriers {
		c.flush(sample.Time)
	}
}

// Run sends what Take is given until ctx ends, and closes the connections.
func (s *Sinks) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, c := range s.couriers {
		wg.Go(func() { c.run(ctx) })
	}
	wg.Wait()
}

// Points are what the sinks count of themselves, for the next snapshot.
func (s *Sinks) Points(time.Time) []monitor.Point {
	var points []monitor.Point
	for _, c := range s.couriers {
		for _, row := range sinkRows(c) {
			points = append(points, monitor.Point{
				Series: monitor.Series{Name: row.name, Labels: monitor.Labels{{Name: "sink", Value: c.name}}}, Value: float64(row.value)})
		}
	}
	return points
}

type sinkRow struct {
	name, help string
	value      int64
}

func sinkRows(c *courier) []sinkRow {
	return []sinkRow{
		{"mirror_sink_sent_total", "Values that were handed to a metrics sink. Over UDP nobody says whether they arrived.", c.sent.Load()},
		{"mirror_sink_dropped_total", "Values that a metrics sink did not take in time.", c.dropped.Load()},
	}
}

// Describe and Collect make the same numbers part of /metrics.
func (s *Sinks) Describe(out chan<- *prometheus.Desc) {
	for _, row := range sinkRows(&courier{}) {
		out <- row.desc()
	}
}

func (s *Sinks) Collect(out chan<- prometheus.Metric) {
	for _, c := range s.couriers {
		for _, row := range sinkRows(c) {
			out <- prometheus.MustNewConstMetric(row.desc(), prometheus.CounterValue, float64(row.value), c.name)
		}
	}
}

func (r sinkRow) desc() *prometheus.Desc {
	return prometheus.NewDesc(r.name, r.help, []string{"sink"}, nil)
}
