package monitor

import "time"

// Loss is an entry of the loss ledger: source offsets from From up to but without
// To that should have been copied and were not, or, where TargetFrom is not
// negative, a range of the target that is not as it should be.
type Loss struct {
	Route      string    `json:"route"`
	Topic      string    `json:"topic"`
	Target     string    `json:"target"`
	Partition  int32     `json:"partition"`
	From       int64     `json:"from"`
	To         int64     `json:"to"`
	TargetFrom int64     `json:"target_from"` // -1: none
	TargetTo   int64     `json:"target_to"`
	Cause      string    `json:"cause"`
	Detail     string    `json:"detail"`
	Time       time.Time `json:"time"`
}
