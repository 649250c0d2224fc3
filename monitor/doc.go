// Package monitor holds what the mirror knows about itself: states, counters,
// lag, and the documents made from them (the status and the metrics).
//
// The hot path only touches atomics of a Partition that it looked up once. All
// other work happens when somebody asks: a scrape reads the atomics through the
// Collector, a status request is answered by the engine. The package starts no
// goroutine.
package monitor
