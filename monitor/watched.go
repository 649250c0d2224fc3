package monitor

import (
	"math"
	"slices"
	"time"
)

// WatchedSample is what one snapshot found of a route that this process only
// watches. It is no Point: metrics and sinks leave such a route to the processes that
// copy it, so that a sum over all mirrors counts it once.
type WatchedSample struct {
	Route string
	// NaN is what is not known. The rates are those that the processes told last.
	LagRecords, LagSeconds           float64
	RecordsPerSecond, BytesPerSecond float64
	CatchUpSeconds                   float64 // until there is no lag, as it shrank lately
}

// watched looks at the routes that are only watched.
func (s *Sampler) watched(now time.Time) []WatchedSample {
	if s.options.Watched == nil {
		return nil
	}
	status := s.options.Watched()
	var all []WatchedSample
	for _, scope := range scopes(nil, &status, false) {
		if scope.level != ofRoute {
			continue
		}
		scope.totals, scope.timings = nil, nil // nothing is counted here
		s.measure(scope, now)
		w := WatchedSample{Route: scope.route.Name, LagRecords: countOrNaN(scope.lagRecords), LagSeconds: orNaN(scope.lagSeconds),
			RecordsPerSecond: math.NaN(), BytesPerSecond: math.NaN(), CatchUpSeconds: orNaN(scope.pace.catchUp)}
		if slices.ContainsFunc(scope.route.Processes, func(p ProcessStatus) bool { return !p.Silent }) {
			w.RecordsPerSecond, w.BytesPerSecond = scope.route.RecordsPerSecond, scope.route.BytesPerSecond
		}
		all = append(all, w)
	}
	return all
}
