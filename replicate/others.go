package replicate

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/offsets"
)

const (
	othersTimeout = 3 * time.Second
	// othersAtOnce bounds one round, so that a route of very many partitions costs
	// its source no more than this every watchEvery; it takes turns.
	othersAtOnce = 10_000
	// endFresh is how old the end of a source partition may be for somebody to be
	// called caught up with it.
	endFresh = 30 * time.Second
)

// others is where the source partitions end that other processes copy. Only the
// status reads it.
type others struct {
	mu   sync.Mutex // guards what follows
	ends map[partID]*sourceEnd
	next int // where the next round begins
}

func newOthers() *others { return &others{ends: map[partID]*sourceEnd{}} }

// sourceEnd is what was seen of one partition's end.
type sourceEnd struct {
	end int64
	at  time.Time // when it was asked for: what existed then is below end
	// goal is an end that the checkpoint has not reached yet. Once it has, all
	// that existed at goalAt is copied.
	goal     int64
	goalAt   time.Time
	copiedAt time.Time // all that existed then is copied, zero unknown
}

// see notes an end.
func (o *others) see(id partID, end int64, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.ends[id]
	if e == nil {
		e = &sourceEnd{}
		o.ends[id] = e
	}
	e.end, e.at = end, at
	if e.goalAt.IsZero() {
		e.goal, e.goalAt = end, at
	}
}

// look returns what is known of a partition's end, given how far its checkpoint
// is; false when nothing is.
func (o *others) look(id partID, source int64) (sourceEnd, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.ends[id]
	if e == nil {
		return sourceEnd{}, false
	}
	switch {
	case source >= e.end:
		e.copiedAt, e.goalAt = e.at, time.Time{}
	case !e.goalAt.IsZero() && source >= e.goal:
		e.copiedAt, e.goal, e.goalAt = e.goalAt, e.end, e.at
	}
	return *e, true
}

// turn is whose turn it is among n partitions.
func (o *others) turn(n int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.next % n
	o.next = now + 1
	return now
}

// keep forgets all partitions but those of ids.
func (o *others) keep(ids map[partID]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id := range o.ends {
		if !ids[id] {
			delete(o.ends, id)
		}
	}
}

// foreign is a source partition that another process copies.
type foreign struct {
	id     partID
	target string
	leader leadership
}

// watchOthers asks every few seconds where the source partitions end that other
// processes copy: the checkpoints alone do not tell how far behind they are.
func (r *route) watchOthers(ctx context.Context) {
	for sleep(ctx, watchEvery) == nil {
		r.lookAtOthers(ctx)
	}
}

func (r *route) lookAtOthers(ctx context.Context) {
	parts := r.foreignPartitions()
	ids := make(map[partID]bool, len(parts))
	for _, p := range parts {
		ids[p.id] = true
	}
	r.others.keep(ids)
	if len(parts) == 0 {
		return
	}
	byLeader := map[int32][]foreign{}
	for range min(len(parts), othersAtOnce) {
		p := parts[r.others.turn(len(parts))]
		byLeader[p.leader.broker] = append(byLeader[p.leader.broker], p)
	}
	var asking sync.WaitGroup
	for broker, parts := range byLeader {
		asking.Go(func() { r.askEnds(ctx, broker, parts) })
	}
	asking.Wait()
	for _, p := range parts { // notes what was reached meanwhile, though nobody may be looking
		if cp, ok := r.checkpointOf(p.id, p.target); ok {
			r.others.look(p.id, cp.Source)
		}
	}
}

// foreignPartitions lists the partitions of lanes that are not ours.
func (r *route) foreignPartitions() []foreign {
	plan := r.knownPlan()
	if plan == nil || len(r.fleet.owned()) == r.config.Lanes {
		return nil
	}
	var parts []foreign
	for i := range plan.Topics {
		t := &plan.Topics[i]
		if t.Source == nil {
			continue
		}
		for _, m := range t.Source.Partitions {
			if m.Leader >= 0 && !r.fleet.owns(r.laneOf(t.Decision.Topic, m.Partition)) {
				parts = append(parts, foreign{partID{t.Decision.Topic, m.Partition}, t.Decision.Target, leadership{m.Leader, m.LeaderEpoch}})
			}
		}
	}
	return parts
}

// checkpointOf is how far a partition was copied, as far as the checkpoint topic
// has been replayed.
func (r *route) checkpointOf(id partID, target string) (offsets.Checkpoint, bool) {
	_, cp, ok, err := r.lanes.state[r.laneOf(id.topic, id.number)].Newest(id.topic, id.number, target)
	return cp, ok && err == nil
}

// askEnds asks one broker where partitions end that it leads.
func (r *route) askEnds(ctx context.Context, broker int32, parts []foreign) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	if r.config.ReadCommitted {
		req.IsolationLevel = 1
	}
	topics := map[string]int{} // where in the request
	for _, f := range parts {
		i, ok := topics[f.id.topic]
		if !ok {
			i = len(req.Topics)
			topics[f.id.topic] = i
			t := kmsg.NewListOffsetsRequestTopic()
			t.Topic = f.id.topic
			req.Topics = append(req.Topics, t)
		}
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp, p.CurrentLeaderEpoch = f.id.number, -1, f.leader.epoch
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, p)
	}
	cctx, cancel := context.WithTimeout(ctx, othersTimeout)
	defer cancel()
	at := time.Now()
	resp, err := r.source.ask(cctx, broker, req)
	if err != nil {
		return // the ends get older, and the status says so
	}
	for _, t := range resp.(*kmsg.ListOffsetsResponse).Topics {
		for _, p := range t.Partitions {
			if kerr.ErrorForCode(p.ErrorCode) == nil && p.Offset >= 0 {
				r.others.see(partID{t.Topic, p.Partition}, p.Offset, at)
			}
		}
	}
}
