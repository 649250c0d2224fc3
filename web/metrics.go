package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// newMetricsHandler serves a registry of its own: the global one would also show
// what libraries register.
func newMetricsHandler(o Options) (http.Handler, error) {
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "mirror_build_info",
		Help:        "1, with the program's version and the Go version it was built with.",
		ConstLabels: prometheus.Labels{"version": o.Version, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
	registry := prometheus.NewRegistry()
	all := []prometheus.Collector{
		o.Sampler.Collector(),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		build,
	}
	if o.Sinks != nil {
		all = append(all, o.Sinks)
	}
	for _, c := range all {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		// One bad series must not hide the others, least of all during a fault.
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
	}), nil
}
