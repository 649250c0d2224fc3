package history

import "mirror/monitor"

// appendWatched adds the readings of routes that other mirrors copy. What only who
// copies can measure, like latency, is not among them.
func appendWatched(readings []Reading, watched []monitor.WatchedSample) []Reading {
	for i := range watched {
		w := &watched[i]
		readings = append(readings, Reading{Subject: w.Route, Values: []Value{
			{"bytes_per_second", w.BytesPerSecond}, {"records_per_second", w.RecordsPerSecond},
			{"lag_seconds", w.LagSeconds}, {"lag_records", w.LagRecords}, {"catch_up_seconds", w.CatchUpSeconds}}})
	}
	return readings
}
