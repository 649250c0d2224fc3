package events

import (
	"fmt"
	"time"

	"mirror/monitor"
)

// LossWatcher tells of new entries of the loss ledger. It is not safe for
// concurrent use.
type LossWatcher struct {
	known map[lossKey]bool
}

type lossKey struct {
	place
	from, to int64
	cause    string
}

// NewLossWatcher returns one that has not looked yet.
func NewLossWatcher() *LossWatcher { return &LossWatcher{known: make(map[lossKey]bool)} }

// maxLosses is how many losses of one look have a sentence of their own.
const maxLosses = 20

// Observe returns an event for each entry that was not there before. Entries from
// before this process began are told with their own time.
func (w *LossWatcher) Observe(losses []monitor.Loss) []Event {
	var found []Event
	more := 0
	for _, l := range losses {
		key := lossKey{place{l.Route, l.Topic, l.Partition}, l.From, l.To, l.Cause}
		if w.known[key] {
			continue
		}
		w.known[key] = true
		if len(found) == maxLosses {
			more++
			continue
		}
		found = append(found, Event{Time: l.Time, Level: Error, Kind: Loss, Route: l.Route, Topic: l.Topic, Partition: l.Partition, Text: lossText(l)})
	}
	if more > 0 {
		found = append(found, Event{Time: time.Now(), Level: Error, Kind: Loss, Partition: -1,
			Text: fmt.Sprintf("%d more entries in the loss ledger", more)})
	}
	return found
}

func lossText(l monitor.Loss) string {
	what := fmt.Sprintf("%s-%d: offsets %d to %d are lost", l.Topic, l.Partition, l.From, l.To-1)
	if l.To-l.From == 1 {
		what = fmt.Sprintf("%s-%d: offset %d is lost", l.Topic, l.Partition, l.From)
	}
	if l.To <= l.From {
		what = fmt.Sprintf("%s-%d: an entry in the loss ledger at offset %d", l.Topic, l.Partition, l.From)
	}
	what += ": " + l.Cause
	if l.Detail != "" {
		what += " (" + l.Detail + ")"
	}
	return what
}
