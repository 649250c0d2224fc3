package replicate

import (
	"fmt"
	"slices"
	"time"

	"mirror/monitor"
	"mirror/offsets"
)

// addProcesses adds what all processes of the fleet do: this one as it is, the
// others as they said last. Each counts only what it copied itself, so the sums
// hold whichever process is asked.
func (r *route) addProcesses(s *monitor.RouteStatus, now time.Time) {
	if !r.config.Watch {
		totals := r.totals()
		records, bytes := r.meter.rates()
		s.Processes = []monitor.ProcessStatus{{Process: r.lanes.process(), URL: r.mirror.url, Lanes: r.fleet.owned(),
			RecordsPerSecond: records, BytesPerSecond: bytes, RecordsTotal: totals.Records, BytesTotal: totals.Bytes}}
		s.SkippedMirrored = totals.Skipped
	}
	for _, who := range r.lanes.members.others(r.lanes.process(), now) {
		p := monitor.ProcessStatus{Process: who.Process, URL: who.URL, Lanes: slices.Clone(who.Lanes), RecordsTotal: who.RecordsTotal, BytesTotal: who.BytesTotal,
			AgeSeconds: now.Sub(who.heard).Seconds(), UnnamedTroubles: who.More, Silent: r.lanes.members.silent(who, now), OtherConfig: r.otherConfig(who)}
		if !p.Silent {
			p.RecordsPerSecond, p.BytesPerSecond = who.RecordsPerSecond, who.BytesPerSecond
			s.LSODistanceRecords += who.LSODistance
		}
		s.SkippedMirrored += who.Skipped
		s.Processes = append(s.Processes, p)
	}
	for _, p := range s.Processes {
		s.RecordsTotal += p.RecordsTotal
		s.BytesTotal += p.BytesTotal
		s.RecordsPerSecond += p.RecordsPerSecond
		s.BytesPerSecond += p.BytesPerSecond
	}
}

// elsewhere is a partition that this process does not copy: not yet, or another
// process does, and its checkpoint and its owner's word tell how it is.
func (r *route) elsewhere(t *TopicPlan, number int32, now time.Time) monitor.PartitionStatus {
	id := partID{t.Decision.Topic, number}
	lane := r.laneOf(id.topic, number)
	ps := monitor.PartitionStatus{Partition: number, State: monitor.Starting, SourceOffset: -1, TargetOffset: -1, SourceEnd: -1, LagRecords: -1, Lane: lane}
	if why := t.PartitionProblem(number); why != "" {
		ps.State, ps.Reason = monitor.Waiting, why
		return ps
	}
	by, pause, paused := r.lanes.state[lane].Pause(t.Decision.Topic)
	if r.fleet.owns(lane) {
		ps.Owner = r.lanes.process()
		if paused {
			ps.State, ps.Reason = monitor.Paused, pauseReason(by, pause)
		}
		return ps
	}
	r.fromCheckpoint(&ps, id, t.Decision.Target, now)
	owner, owned := r.lanes.members.owner(lane)
	if !owned || owner.Process == r.lanes.process() {
		r.fromWhatWasLeft(&ps, id, now)
	}
	switch {
	case owned && owner.Process != r.lanes.process() && !r.lanes.members.silent(owner, now):
		ps.Owner = owner.Process
		if fromOwner(&ps, id.topic, owner, now); paused {
			ps.State, ps.Reason = monitor.Paused, pauseReason(by, pause)
		}
	case r.outside() != "":
		ps.State, ps.Reason = monitor.Waiting, r.outside()
	case owned && owner.Process != r.lanes.process():
		ps.Owner = owner.Process
		ps.State, ps.Reason = monitor.Waiting, fmt.Sprintf("process %s, which has its lane %d, has not been heard of for %d s", owner.Process, lane, int(now.Sub(owner.heard).Seconds()))
	case (r.fleet.joined.Load() || r.config.Watch) && now.Sub(r.lanes.members.freeSince(lane)) > r.lanes.members.freeFor:
		ps.State, ps.Reason = monitor.Waiting, fmt.Sprintf("no process of the fleet has taken its lane %d for %d s", lane, int(now.Sub(r.lanes.members.freeSince(lane)).Seconds()))
	default: // somebody is about to claim the lane
		ps.State = monitor.Starting
	}
	return ps
}

// fromCheckpoint sets what the checkpoint and the source's end tell.
func (r *route) fromCheckpoint(ps *monitor.PartitionStatus, id partID, target string, now time.Time) {
	cp, ok := r.checkpointOf(id, target)
	if !ok {
		return
	}
	ps.State, ps.SourceOffset, ps.TargetOffset = monitor.Copying, cp.Source, cp.Target
	end, ok := r.others.look(id, cp.Source)
	if !ok {
		return
	}
	ps.SourceEnd = end.end
	ps.LagRecords = max(end.end-cp.Source, 0)
	caughtUp := ps.LagRecords == 0 && now.Sub(end.at) < endFresh
	if caughtUp {
		ps.State = monitor.CaughtUp
	}
	ps.LagSeconds = monitor.Lag(now, time.Time{}, end.copiedAt, caughtUp)
}

// fromWhatWasLeft adds what this process knows of a partition that it has lost, and
// that nobody has taken since.
func (r *route) fromWhatWasLeft(ps *monitor.PartitionStatus, id partID, now time.Time) {
	was, copied, lost := r.left.look(ps.Lane, id)
	ps.Left = lost
	if !copied || ps.SourceEnd < 0 {
		return
	}
	if was.upTo.source > ps.SourceOffset { // the last checkpoint is older
		ps.SourceOffset, ps.TargetOffset = was.upTo.source, was.upTo.target
		ps.LagRecords = max(ps.SourceEnd-ps.SourceOffset, 0)
	}
	if ps.LagSeconds == nil || ps.LagRecords > 0 {
		ps.LagSeconds = monitor.Lag(now, time.Time{}, was.copied, ps.LagRecords == 0)
	}
}

// fromOwner adds what the owner says: reasons that no checkpoint has, and the lag
// of what is far behind, which grows with the clock until it is heard again.
func fromOwner(ps *monitor.PartitionStatus, topic string, owner member, now time.Time) {
	i := slices.IndexFunc(owner.Partitions, func(p offsets.OwnedPartition) bool { return p.Topic == topic && p.Partition == ps.Partition })
	if i < 0 {
		return
	}
	said := owner.Partitions[i]
	if monitor.State(said.State) == monitor.Copying && ps.State == monitor.CaughtUp {
		return // since then
	}
	ps.State, ps.Reason, ps.LagSeconds = monitor.State(said.State), said.Reason, nil
	if said.LagSeconds != nil {
		lag := *said.LagSeconds + now.Sub(owner.heard).Seconds()
		ps.LagSeconds = &lag
	}
}
