package monitor

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Collector returns what /metrics shows of the mirror. Every scrape reads the
// counters and asks for the status anew. Counters are this process's; gauges are
// what the status says.
func (s *Sampler) Collector() prometheus.Collector {
	c := &collector{sampler: s}
	for i := range s.metrics {
		m := &s.metrics[i]
		row := [levels]*prometheus.Desc{}
		for _, l := range m.levels {
			if m.where != sampleOnly && (l != ofPartition || s.options.Partitions) {
				row[l] = prometheus.NewDesc(m.fullName(l), m.help, m.labels(l), nil)
			}
		}
		c.descs = append(c.descs, row)
	}
	return c
}

// collector is immutable after construction.
type collector struct {
	sampler *Sampler
	descs   [][levels]*prometheus.Desc // one row for each of the sampler's metrics; nil: not shown
}

func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, row := range c.descs {
		for _, desc := range row {
			if desc != nil {
				out <- desc
			}
		}
	}
}

func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, s := range c.sampler.present() {
		var labels []string
		for _, label := range s.labels.List() {
			labels = append(labels, label.Value)
		}
		for i, row := range c.descs {
			if desc := row[s.level]; desc != nil {
				collectRow(out, desc, &c.sampler.metrics[i], s, labels)
			}
		}
	}
}

// collectRow emits one row of the table for one scope. A value that Prometheus
// refuses (a label that is not UTF-8) fails the one series, never the process.
func collectRow(out chan<- prometheus.Metric, desc *prometheus.Desc, m *metric, s *scope, labels []string) {
	emit := func(made prometheus.Metric, err error) {
		if err != nil {
			made = prometheus.NewInvalidMetric(desc, err)
		}
		out <- made
	}
	if m.durations != nil {
		if s.timings != nil {
			d := m.durations(s.timings)
			emit(prometheus.NewConstHistogram(desc, uint64(d.count), d.seconds(), d.cumulative(m.buckets), labels...))
		}
		return
	}
	m.read(s, func(value float64, extra ...string) {
		values := append(labels[:len(labels):len(labels)], extra...)
		emit(prometheus.NewConstMetric(desc, m.valueType(), value, values...))
	})
}
