package replicate

import (
	"cmp"
	"slices"

	"mirror/monitor"
)

// Losses is the loss ledger of all routes as the checkpoint topics have it, also
// what other processes of the fleet and earlier ones wrote, the newest first.
func (m *Mirror) Losses() []monitor.Loss {
	losses := []monitor.Loss{}
	for _, r := range m.routes {
		for _, lane := range r.lanes.state {
			for _, e := range lane.Losses() {
				losses = append(losses, monitor.Loss{Route: r.config.Name, Topic: e.Key.Topic, Target: e.Key.Target, Partition: e.Key.Partition,
					From: e.Loss.From, To: e.Loss.To, TargetFrom: e.Loss.TargetFrom, TargetTo: e.Loss.TargetTo, Cause: e.Loss.Cause, Detail: e.Loss.Detail, Time: e.Loss.Time})
			}
		}
	}
	slices.SortStableFunc(losses, func(a, b monitor.Loss) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.From, b.From))
	})
	return losses
}
