package replicate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mirror/kafka"
	"mirror/monitor"
)

// status is the route as seen from this process: its own partitions live,
// those of the rest of the fleet from their checkpoints.
func (r *route) status(now time.Time) monitor.RouteStatus {
	s := monitor.RouteStatus{Name: r.config.Name, From: r.config.From, To: r.config.To, Watched: r.config.Watch}
	r.mu.Lock()
	plan, trouble, fatal := r.plan, r.trouble, r.fatal
	if trouble == "" {
		trouble = r.fleetTrouble()
	}
	parts := make(map[partID]*partition, len(r.parts))
	for id, p := range r.parts {
		parts[id] = p
	}
	r.mu.Unlock()
	if trouble != "" {
		s.State, s.Reason = monitor.Waiting, trouble
		if fatal {
			s.State = monitor.Stopped
		} else if plan == nil && (trouble == "starting" || strings.HasPrefix(trouble, "waiting for")) {
			s.State, s.Reason = monitor.Starting, ""
		}
	}
	if plan != nil {
		for i := range plan.Topics {
			s.Topics = append(s.Topics, r.topicStatus(&plan.Topics[i], parts, &s, now))
		}
		for _, d := range plan.Refused {
			s.Topics = append(s.Topics, monitor.TopicStatus{Source: d.Topic, Target: d.Target, State: monitor.Waiting,
				Partitions: []monitor.PartitionStatus{{Partition: -1, State: monitor.Waiting, Reason: d.Reason, SourceOffset: -1, TargetOffset: -1, SourceEnd: -1, LagRecords: -1, Lane: -1}}})
		}
	}
	r.addProcesses(&s, now)
	OnRecord(&s, r.config, r.lanes.state)
	for _, lane := range r.lanes.state {
		s.Losses += int64(len(lane.Losses()))
	}
	if r.groupSync != nil {
		s.GroupSync = r.groupSync.status(now)
	}
	s.RollUp()
	if why, paused := r.pausedBy(); paused && s.State == monitor.Paused {
		s.Reason = why
	}
	return s
}

func (r *route) topicStatus(t *TopicPlan, parts map[partID]*partition, s *monitor.RouteStatus, now time.Time) monitor.TopicStatus {
	ts := monitor.TopicStatus{Source: t.Decision.Topic, Target: t.Decision.Target}
	if t.Source == nil || len(t.Source.Partitions) == 0 {
		why := t.Problem
		if why == "" {
			why = "the source does not have this topic any more"
		}
		ts.State = monitor.Waiting
		ts.Partitions = []monitor.PartitionStatus{{Partition: -1, State: monitor.Waiting, Reason: why, SourceOffset: -1, TargetOffset: -1, SourceEnd: -1, LagRecords: -1, Lane: -1}}
		return ts
	}
	for _, m := range t.Source.Partitions {
		id := partID{t.Decision.Topic, m.Partition}
		if p := parts[id]; p != nil {
			ps, open := p.status(now)
			s.LSODistanceRecords += open
			ps.Owner = r.lanes.process()
			ts.Partitions = append(ts.Partitions, ps)
			continue
		}
		ts.Partitions = append(ts.Partitions, r.elsewhere(t, m.Partition, now))
	}
	slices.SortFunc(ts.Partitions, func(a, b monitor.PartitionStatus) int { return int(a.Partition - b.Partition) })
	return ts
}

// status is the partition as it is now, and how far the source's high
// watermark is beyond its last stable offset.
func (p *partition) status(now time.Time) (monitor.PartitionStatus, int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := monitor.PartitionStatus{Partition: p.number, SourceOffset: p.acked.source, TargetOffset: p.acked.target, SourceEnd: p.sourceEnd, LagRecords: -1, Lane: p.lane}
	if p.sourceEnd >= 0 && p.acked.source >= 0 {
		s.LagRecords = max(p.sourceEnd-p.acked.source, 0)
	}
	caughtUp := s.LagRecords == 0 && p.phase == phaseOpen && p.fetchTrouble == "" && now.Sub(p.deliveredAt) < silentFor
	s.State, s.Reason = p.state(caughtUp, now)
	s.LagSeconds = monitor.Lag(now, p.firstUncopied(), p.caughtUpAt, caughtUp || s.LagRecords == 0 && p.restsAtEnd(now))
	if s.LagRecords > 0 {
		s.RetentionSeconds = p.retention.until(p.left(s.LagRecords), now)
	}
	open := int64(0)
	if p.sourceHW > p.sourceEnd && p.sourceEnd >= 0 {
		open = p.sourceHW - p.sourceEnd
	}
	return s, open
}

// state is the phase in the words of the status.
func (p *partition) state(caughtUp bool, now time.Time) (monitor.State, string) {
	if why, paused := p.restState(); paused {
		return monitor.Paused, why
	}
	switch p.phase {
	case phaseStarting, phaseRecovering:
		if p.failures > 2 {
			return monitor.Waiting, p.reason
		}
		if p.offsetMap == nil {
			return monitor.Starting, ""
		}
		return monitor.Recovering, p.reason
	case phaseWaiting:
		return monitor.Waiting, p.reason
	case phaseStopped:
		return monitor.Stopped, p.reason
	}
	if p.fetchTrouble != "" && !now.Before(p.fetchTroubleAt.Add(graceFor)) {
		// What a broker said when it went down is no news once the cluster cannot be asked at all.
		return monitor.Waiting, cmp.Or(p.route.sourceLeaders.unreachable(), p.fetchTrouble)
	}
	if silent := p.silence(now); silent > silentFor {
		return monitor.Waiting, fmt.Sprintf("the source has not answered for %d s", int(silent.Seconds()))
	}
	if !p.troubleAt.IsZero() && now.Sub(p.troubleAt) > graceFor && p.reason != "" {
		return monitor.Waiting, p.reason
	}
	if caughtUp {
		return monitor.CaughtUp, ""
	}
	return monitor.Copying, ""
}

// graceFor is how long trouble that heals by itself may last before anybody
// hears of it: a leader that moves, a topic that was created just now.
const graceFor = 3 * time.Second

// silence is for how long the source has kept a Fetch waiting. While the route
// waits for its rate to allow the next one, the source has not been asked.
func (p *partition) silence(now time.Time) time.Duration {
	if !p.fetching || p.deliveredAt.IsZero() {
		return 0
	}
	asked := p.route.throttle.until()
	if asked.Before(p.deliveredAt) {
		asked = p.deliveredAt
	}
	return now.Sub(asked)
}

// silentFor is how old the source's last word may be before nobody claims any
// more to be caught up with it. An idle Fetch is answered twice a second.
const silentFor = 5 * time.Second

// firstUncopied is the time of the first record that is not copied yet, zero
// when that is unknown.
func (p *partition) firstUncopied() time.Time {
	for _, o := range p.queue {
		if !o.barrier() && o.firstTimestamp >= 0 {
			return time.UnixMilli(o.firstTimestamp)
		}
	}
	if p.firstTimestamp >= 0 {
		return time.UnixMilli(p.firstTimestamp)
	}
	if last := p.acked.maxTimestamp; last > 0 { // what comes next is hardly older
		return time.UnixMilli(last)
	}
	return time.Time{}
}

// notReady says why the route does not do its work, empty when it does.
func (r *route) notReady() string {
	r.mu.Lock()
	plan, trouble := r.plan, r.trouble
	r.mu.Unlock()
	switch {
	case r.config.Watch:
		return "" // others do its work
	case trouble != "":
		return trouble
	case plan == nil || !r.factsKnown():
		return "still starting"
	case r.fleetTrouble() != "":
		return r.fleetTrouble()
	case !r.fleet.mayWrite():
		return "not a member of its fleet's group " + r.lanes.topic + " at present"
	}
	return ""
}

// fleetTrouble says why this process is not in its fleet, empty when it is or
// when nothing is known to be wrong.
func (r *route) fleetTrouble() string {
	if err := r.fleet.trouble(); err != nil {
		return kafka.Explain(err, r.target.config, "join group "+r.lanes.topic)
	}
	return ""
}

// outside says why this process is not in its fleet any more, and so knows
// nothing of what others do; empty when it is, or has not joined yet.
func (r *route) outside() string {
	switch why := r.fleetTrouble(); {
	case r.fleet.mayWrite():
		return ""
	case why != "":
		return why
	case r.fleet.joined.Load():
		return "this process is not in its fleet's group " + r.lanes.topic + " at present"
	}
	return ""
}
