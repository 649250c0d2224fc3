package monitor

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Collector returns what /metrics shows of the mirror. Every scrape reads the
// atomics of reg and asks status once, which must therefore answer from memory.
// Counters are this process's; gauges are what status says.
func Collector(reg *Registry, status func() Status) prometheus.Collector {
	c := &collector{registry: reg, status: status, metrics: metrics()}
	for i := range c.metrics {
		m := &c.metrics[i]
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, m.labels(), nil))
	}
	return c
}

// collector is immutable after construction.
type collector struct {
	registry *Registry
	status   func() Status
	metrics  []metric
	descs    []*prometheus.Desc // one for each of metrics
}

func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		out <- desc
	}
}

func (c *collector) Collect(out chan<- prometheus.Metric) {
	for _, p := range c.registry.All() {
		labels := []string{p.Route, p.Topic, strconv.Itoa(int(p.Partition))}
		c.each(out, labels, func(m *metric, emit emitFunc) {
			if m.fromCounters != nil {
				m.fromCounters(p, emit)
			}
		})
	}
	status := c.status()
	for i := range status.Routes {
		c.collectRoute(out, &status.Routes[i])
	}
}

func (c *collector) collectRoute(out chan<- prometheus.Metric, r *RouteStatus) {
	c.each(out, []string{r.Name}, func(m *metric, emit emitFunc) {
		if m.fromRoute != nil {
			m.fromRoute(r, emit)
		}
	})
	for _, topic := range r.Topics {
		for i := range topic.Partitions {
			p := &topic.Partitions[i]
			labels := []string{r.Name, topic.Source, strconv.Itoa(int(p.Partition))}
			c.each(out, labels, func(m *metric, emit emitFunc) {
				if m.fromPartition != nil {
					m.fromPartition(p, emit)
				}
			})
		}
	}
}

// each lets read emit the values of every row of the table under these labels. A
// value that Prometheus refuses (a label that is not UTF-8) fails the one series,
// never the process.
func (c *collector) each(out chan<- prometheus.Metric, labels []string, read func(*metric, emitFunc)) {
	for i := range c.metrics {
		m, desc := &c.metrics[i], c.descs[i]
		read(m, func(value float64, extra ...string) {
			values := append(labels[:len(labels):len(labels)], extra...)
			made, err := prometheus.NewConstMetric(desc, m.kind, value, values...)
			if err != nil {
				made = prometheus.NewInvalidMetric(desc, err)
			}
			out <- made
		})
	}
}
