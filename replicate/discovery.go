package replicate

import (
	"context"
	"errors"
	"slices"
	"time"

	"mirror/config/logkey"
	"mirror/kafka"
	"mirror/offsets"
)

// lookWithin bounds one look at both clusters with all that it changes.
const lookWithin = time.Minute

// discovery looks at both clusters every refresh and at once when something
// was found to be out of date, and keeps the set of partitions in step.
type discovery struct {
	route  *route
	signal chan struct{}
	again  chan struct{}
	look   *Discovery // owned by the goroutine
	saidAt time.Time  // when trouble was last logged; likewise
}

func newDiscovery(r *route) *discovery {
	return &discovery{route: r, signal: make(chan struct{}, 1), again: make(chan struct{}, 1)}
}

// stale asks for a look soon.
func (d *discovery) stale() { signal(d.signal) }

// adoptAgain goes through the last plan again, because lanes became ready.
func (d *discovery) adoptAgain() { signal(d.again) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (d *discovery) run(ctx context.Context) {
	r := d.route
	d.look = NewDiscovery(r.config, r.source.cluster(), r.target.cluster(), r.managedKeys, r.copiedTopics)
	defer r.pulse.ended("discovery")
	var last time.Time
	for {
		last = time.Now()
		r.pulse.expect("discovery", lookWithin+pulseWithin)
		d.once(ctx)
		r.pulse.expect("discovery", r.config.Refresh+pulseWithin)
		if !d.wait(ctx, last) {
			return
		}
	}
}

// wait returns when the next look is due. Looks that are asked for come at most
// five times a second.
func (d *discovery) wait(ctx context.Context, last time.Time) bool {
	due := time.NewTimer(d.route.config.Refresh)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-due.C:
			return true
		case <-d.again:
			if d.route.knownPlan() == nil {
				return true
			}
			if d.route.leads() && !d.route.factsKnown() {
				return true
			}
			d.route.adopt()
		case <-d.signal:
			t := time.NewTimer(max(200*time.Millisecond-time.Since(last), 0))
			select {
			case <-ctx.Done():
				t.Stop()
				return false
			case <-t.C:
				return true
			}
		}
	}
}

// once looks, and lets the owner of lane 0 change what the plan says.
func (d *discovery) once(ctx context.Context) {
	r := d.route
	cctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	var plan *RoutePlan
	var err error
	lead := r.leads()
	if lead {
		plan, err = d.look.Sync(cctx, r.recordConfig(cctx))
	} else {
		plan, err = d.look.Refresh(cctx)
	}
	if err != nil {
		if ctx.Err() == nil {
			why := r.explainLook(err)
			r.setTrouble(why, false)
			if time.Since(d.saidAt) >= sayAgain {
				d.saidAt = time.Now()
				r.log.Warn("discovery", logkey.Why, why)
			}
		}
		return
	}
	r.setPlan(plan)
	if plan.Problem != "" {
		return
	}
	if lead && !r.factsKnown() {
		err = r.recordFacts(cctx, plan)
	}
	if err == nil {
		err = r.checkFacts()
	}
	if err != nil {
		r.setTrouble(err.Error(), errors.As(err, new(*stopError)))
		r.log.Error("first start", logkey.Why, err.Error())
		return
	}
	r.adopt()
}

// leads says whether this process does what only one may do: it owns lane 0
// and has read it.
func (r *route) leads() bool {
	return r.laneOpen(0) && r.fleet.mayWrite() && !r.draining.Load()
}

func (r *route) knownPlan() *RoutePlan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.plan
}

func (r *route) setPlan(plan *RoutePlan) {
	r.mu.Lock()
	changed := r.plan == nil
	old := r.plan
	r.plan = plan
	r.trouble, r.fatal = plan.Problem, plan.Problem != ""
	r.mu.Unlock()
	r.sourceLeaders.setBrokers(plan.Source)
	r.targetLeaders.setBrokers(plan.Target)
	r.logPlan(old, plan, changed)
}

// logPlan says what the plan has new: each topic, warning and refusal once.
func (r *route) logPlan(old, plan *RoutePlan, first bool) {
	said := map[string]bool{}
	if old != nil {
		for _, w := range old.Warnings {
			said[w] = true
		}
		for i := range old.Topics {
			t := &old.Topics[i]
			said[t.Decision.Topic] = true
			said[t.Decision.Topic+t.Problem] = true
			for _, w := range t.Warnings {
				said[t.Decision.Topic+w] = true
			}
		}
		for _, d := range old.Refused {
			said[d.Topic+d.Reason] = true
		}
	}
	if plan.Problem != "" && (first || old.Problem != plan.Problem) {
		r.log.Error("the route cannot run", logkey.Why, plan.Problem)
	}
	for _, w := range plan.Warnings {
		if !said[w] {
			r.log.Warn("plan", logkey.Warning, w)
		}
	}
	for _, d := range plan.Refused {
		if !said[d.Topic+d.Reason] {
			r.log.Warn("topic refused", logkey.Topic, d.Topic, logkey.Why, d.Reason)
		}
	}
	for i := range plan.Topics {
		t := &plan.Topics[i]
		if !said[t.Decision.Topic] {
			r.log.Info("topic", logkey.Source, t.Decision.Topic, logkey.Target, t.Decision.Target, logkey.Rule, t.Decision.RuleText)
		}
		if t.Problem != "" && !said[t.Decision.Topic+t.Problem] {
			r.log.Warn("topic waits", logkey.Topic, t.Decision.Topic, logkey.Why, t.Problem)
		}
		for _, w := range t.Warnings {
			if !said[t.Decision.Topic+w] {
				r.log.Warn("topic", logkey.Topic, t.Decision.Topic, logkey.Warning, w)
			}
		}
	}
}

// explainConnect says what keeps the route from connecting, and whether that
// needs a decision.
func (r *route) explainConnect(err error) (string, bool) {
	var stop *stopError
	var lanes *offsets.LanesError
	var policy *offsets.PolicyError
	switch {
	case errors.As(err, &stop):
		return stop.why, true
	case errors.As(err, &lanes):
		return lanes.Error(), true
	case errors.As(err, &policy):
		return policy.Error(), true
	}
	return err.Error(), false
}

func (r *route) explainLook(err error) string {
	var look *LookError
	if errors.As(err, &look) {
		return kafka.Explain(look.Err, look.Cluster, "look at its topics")
	}
	return err.Error()
}

// managedKeys are the configs that are ours, by target topic.
func (r *route) managedKeys() map[string][]string {
	managed := map[string][]string{}
	for target, c := range r.lanes.state[0].Configs() {
		managed[target] = append([]string{}, c.Keys...)
	}
	return managed
}

// copiedTopics are the source topics that were copied before, by target name.
func (r *route) copiedTopics() map[string]string {
	copied := map[string]string{}
	for _, lane := range r.lanes.state {
		for _, k := range lane.Checkpoints() {
			copied[k.Target] = k.Topic
		}
	}
	return copied
}

// recordConfig returns the function that puts the configs of a target topic
// that are ours on record.
func (r *route) recordConfig(ctx context.Context) RecordFunc {
	return func(target string, keys []string, created bool, id [16]byte) error {
		c, _ := r.lanes.state[0].Config(target)
		c.Keys = keys
		if created {
			c.Created, c.TopicID = true, id
		}
		return r.lanes.write(ctx, offsets.Entry{Lane: 0, Key: offsets.Key{Kind: offsets.KindConfig, Target: target}, Value: c})
	}
}

func (r *route) factsKnown() bool {
	_, ok := r.lanes.state[0].Route()
	return ok
}

// checkFacts refuses another source under the same route's name, which would
// mix two histories.
func (r *route) checkFacts() error {
	facts, ok := r.lanes.state[0].Route()
	if !ok {
		return nil
	}
	if id := facts.BackfillID(); id != r.copyName() {
		return stopf("the checkpoint topic %s belongs to %s: give this one another name", r.lanes.topic, holderOf(id))
	}
	if facts.SourceCluster == r.source.id {
		return nil
	}
	return stopf("route %s copied from the cluster with id %s before, and %s is %s now: give the route another name to start a new copy", r.config.Name, facts.SourceCluster, r.config.From, r.source.id)
}

// recordFacts puts the route's first start on record.
func (r *route) recordFacts(ctx context.Context, plan *RoutePlan) error {
	if r.backfill != nil {
		return r.backfill.record(ctx, r)
	}
	for key, err := range r.lanes.state[0].Faults() {
		if key.Kind == offsets.KindRoute {
			return stopf("the checkpoint topic %s: %v", r.lanes.topic, err)
		}
	}
	facts := offsets.RouteFacts{SourceCluster: r.source.id, TargetCluster: r.target.id, ReadCommitted: r.config.ReadCommitted,
		FirstStart: time.Now().UTC().Truncate(time.Millisecond)}
	for i := range plan.Topics {
		if t := &plan.Topics[i]; t.Source != nil {
			facts.Topics = append(facts.Topics, startTopic(t.Decision.Topic, len(t.Source.Partitions)))
		}
	}
	slices.Sort(facts.Topics)
	return r.writeFacts(ctx, facts)
}

// writeFacts puts facts on record and waits until they are read back.
func (r *route) writeFacts(ctx context.Context, facts offsets.RouteFacts) error {
	if err := r.lanes.write(ctx, offsets.RouteEntries(facts)...); err != nil {
		return err
	}
	// The follower reads it back within moments; partitions wait for it.
	for !r.factsKnown() && sleep(ctx, 2*time.Millisecond) == nil {
	}
	return nil
}

// adopt makes partitions for what the plan allows in lanes that are ours, and
// tells those that are there what has changed.
func (r *route) adopt() {
	plan := r.knownPlan()
	if plan == nil || plan.Problem != "" || !r.factsKnown() || r.checkFacts() != nil || r.draining.Load() {
		return
	}
	for i := range plan.Topics {
		t := &plan.Topics[i]
		if t.Source == nil {
			continue
		}
		for _, m := range t.Source.Partitions {
			lane := r.laneOf(t.Decision.Topic, m.Partition)
			if p := r.partition(t.Decision.Topic, m.Partition); p != nil && t.Target != nil {
				p.update(t, m) // a problem keeps new partitions from starting, and stops none that is being copied
			} else if t.PartitionProblem(m.Partition) == "" && r.laneOpen(lane) {
				r.begin(t, m, lane)
			}
		}
	}
}

// laneOf is the lane of a source partition.
func (r *route) laneOf(topic string, number int32) int32 {
	return offsets.LaneOf(topic, number, int32(r.config.Lanes))
}

func (r *route) partition(topic string, number int32) *partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.parts[partID{topic, number}]
}

// begin makes a partition and queues it for recovery.
func (r *route) begin(t *TopicPlan, m PartitionMeta, lane int32) {
	id := partID{t.Decision.Topic, m.Partition}
	bound, wanted := r.bound(id.topic, id.number, t.Decision.Target)
	if !wanted {
		return
	}
	p := &partition{route: r, topic: id.topic, number: id.number, target: t.Decision.Target, lane: lane, keepsName: t.KeepsName,
		counters: r.counters(id.topic, id.number), log: r.log, sourceLeader: leadership{-1, -1}, targetLeader: leadership{-1, -1},
		follower: -1, sourceEnd: -1, sourceHW: -1, firstTimestamp: -1, acked: position{source: -1, epoch: -1, last: -1, target: -1}}
	p.bound = bound
	p.update(t, m)
	r.mu.Lock()
	open := r.open[lane]
	if open {
		r.parts[id] = p
		r.list = append(slices.Clone(r.list), p)
	}
	r.mu.Unlock()
	if !open {
		p.retire() // the lane went meanwhile
		return
	}
	r.recoveries.add(p)
}

// update takes what discovery knows of the partition's topics.
func (p *partition) update(t *TopicPlan, m PartitionMeta) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.maxBytes != t.MaxMessageBytes {
		p.shrunk = 0
	}
	p.maxBytes, p.targetAppendTime = t.MaxMessageBytes, t.AppendTime || p.stamps
	p.compacted = p.compacted || t.Compacted
	p.retention = t.SourceRetention
	recreated := p.adoptIDs(t)
	if p.sourceID == t.Source.ID {
		p.setSourceLeader(leadership{m.Leader, m.LeaderEpoch})
	}
	for _, tm := range t.Target.Partitions {
		if tm.Partition == p.number && p.targetID == t.Target.ID {
			p.setTargetLeader(leadership{tm.Leader, tm.LeaderEpoch})
		}
	}
	if !recreated {
		return
	}
	const why = "a topic was deleted and created again"
	if p.phase == phaseStopped {
		p.toRecovery(why) // whatever stopped it was about the old topic
		return
	}
	p.suspend(verdictRecover, why)
}

// adoptIDs takes new topic ids, and says whether a topic is another one than
// before. That is believed when it was seen twice: a broker that lags behind may
// still tell the id of a topic that was deleted.
func (p *partition) adoptIDs(t *TopicPlan) (recreated bool) {
	if p.sourceID == ([16]byte{}) {
		p.sourceID, p.targetID = t.Source.ID, t.Target.ID
		return false
	}
	if p.sourceID != t.Source.ID {
		if p.otherSource == t.Source.ID {
			p.sourceID, p.sourceLeader, p.follower = t.Source.ID, leadership{-1, -1}, -1
			recreated = true
		}
		p.otherSource = t.Source.ID
		p.route.discovery.stale()
	}
	if p.targetID != t.Target.ID {
		if p.otherTarget == t.Target.ID {
			p.targetID, p.targetLeader = t.Target.ID, leadership{-1, -1}
			recreated = true
		}
		p.otherTarget = t.Target.ID
		p.route.discovery.stale()
	}
	return recreated
}
