// Package events tells what happened to the mirror in plain sentences: what
// stopped, waits, recovered, was paused or lost. It compares one status with the
// next, so it needs nothing from the engine but its status, and it says the same
// as the status does.
//
// The package starts no goroutine.
package events

import "time"

// Level says how much an event matters.
type Level string

// The levels, the worst first.
const (
	Error Level = "error" // needs a person: records were lost, or a partition stopped
	Warn  Level = "warn"  // heals by itself or by what its sentence names
	Info  Level = "info"
)

// Kind says what happened.
type Kind string

// The kinds of events.
const (
	Restart  Kind = "restart"  // this process began
	Stop     Kind = "stop"     // needs a decision
	Wait     Kind = "wait"     // cannot go on for now
	Recovery Kind = "recovery" // goes on after it stopped, waited, or asked for its position
	Pause    Kind = "pause"
	Resume   Kind = "resume" // an operator takes a pause back
	Rate     Kind = "rate"   // an operator limits a route, or does no more
	Verify   Kind = "verify" // a comparison of a whole route came to its end
	Loss     Kind = "loss"   // an entry of the loss ledger
)

// Event is one thing that happened. Topic is empty where it is about the route,
// Partition -1 where it is about more than one.
type Event struct {
	ID        int64     `json:"id"` // rises by one with each event of this process
	Time      time.Time `json:"time"`
	Level     Level     `json:"level"`
	Kind      Kind      `json:"kind"`
	Route     string    `json:"route"`
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"`
	Text      string    `json:"text"`
}
