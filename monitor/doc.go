// Package monitor holds what the mirror knows about itself: states, counters,
// lag, and what is made from them (the status, /metrics, snapshots).
//
// The hot path only touches atomics of a Partition that it looked up once. All
// other work happens when somebody asks, or once per interval: a scrape and a
// snapshot read the atomics through one table of metrics; a status request is
// answered by the engine. The package starts no goroutine.
package monitor
