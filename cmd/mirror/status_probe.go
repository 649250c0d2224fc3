package main

import (
	"fmt"
	"strconv"
	"time"

	"mirror/monitor"
)

// lagFaults says in one line each what keeps routes from being at most limit
// behind. A route that is stopped counts, and one of which nobody knows how far
// behind it is, unless it has caught up: a probe must not be calmed by silence.
func lagFaults(status monitor.Status, limit time.Duration) []string {
	var faults []string
	for i := range status.Routes {
		faults = append(faults, routeLagFaults(&status.Routes[i], limit)...)
	}
	return faults
}

func routeLagFaults(r *monitor.RouteStatus, limit time.Duration) []string {
	nothing := len(r.Topics) == 0 && r.State != "" && r.State != monitor.CaughtUp // is known of its partitions
	switch {
	case r.Reason != "" && (nothing || r.State == monitor.Stopped):
		return []string{fmt.Sprintf("route %s is %s: %s", cell(r.Name), r.State, cell(r.Reason))}
	case nothing:
		return []string{fmt.Sprintf("route %s is %s: its lag is not known yet", cell(r.Name), r.State)}
	}
	var stopped, late, unknown troubled
	furthest := 0.0
	for i := range r.Topics {
		topic := &r.Topics[i]
		for j := range topic.Partitions {
			p := &topic.Partitions[j]
			switch {
			case p.State == monitor.Stopped:
				stopped.add(topic, p, true)
			case p.LagSeconds == nil && p.State != monitor.CaughtUp:
				unknown.add(topic, p, unknown.count == 0)
			case p.LagSeconds != nil && *p.LagSeconds > limit.Seconds():
				late.add(topic, p, *p.LagSeconds > furthest)
				furthest = max(furthest, *p.LagSeconds)
			}
		}
	}
	var faults []string
	if stopped.count > 0 {
		faults = append(faults, fmt.Sprintf("route %s is stopped: %s", cell(r.Name), stopped))
	}
	if late.count > 0 {
		faults = append(faults, fmt.Sprintf("route %s is %s behind, more than %s: %s", cell(r.Name), seconds(&furthest), limit, late))
	}
	if unknown.count > 0 {
		faults = append(faults, fmt.Sprintf("route %s: the lag is unknown of %s", cell(r.Name), unknown))
	}
	return faults
}

// troubled is some partitions, of which one is told in full.
type troubled struct {
	count int
	first string
}

func (t *troubled) add(topic *monitor.TopicStatus, p *monitor.PartitionStatus, tell bool) {
	t.count++
	if !tell {
		return
	}
	t.first = fmt.Sprintf("%s is %s", partitionName(topic, p), p.State)
	if p.Reason != "" {
		t.first += ": " + cell(p.Reason)
	}
}

func (t troubled) String() string {
	if t.count == 1 {
		return t.first
	}
	return fmt.Sprintf("%d partitions, such as %s", t.count, t.first)
}

// partitionName is topic/partition, or the topic where it has no partition to show.
func partitionName(topic *monitor.TopicStatus, p *monitor.PartitionStatus) string {
	if p.Partition < 0 {
		return cell(topic.Source)
	}
	return cell(topic.Source) + "/" + strconv.Itoa(int(p.Partition))
}
