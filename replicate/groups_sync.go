package replicate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"mirror/config/logkey"
	"mirror/kafka"
	"mirror/monitor"
	"mirror/offsets"
)

// groupsWithin bounds one round of carrying positions over.
const groupsWithin = 2 * time.Minute

// groupSync carries the positions of consumer groups over in a running route. It
// is the work of the process that owns lane 0.
type groupSync struct {
	route  *route
	groups *Groups

	// Owned by the goroutine: what was logged last, by group, so that it is said once.
	said map[string]string

	mu    sync.Mutex // guards what follows
	leads bool
	since time.Time // when the last round came to its end, or the first one began
	seen  *GroupsSeen
	why   string
	moved int64
}

func newGroupSync(r *route) *groupSync {
	sync := r.config.Sync.Groups
	return &groupSync{route: r, said: map[string]string{}, groups: &Groups{Route: r.config,
		Lanes: func(context.Context) ([]*offsets.Lane, error) { return r.lanes.state, nil },
		Takes: sync.Takes, Names: sync.Named(), May: r.leads}}
}

// run carries positions over every interval until ctx ends.
func (g *groupSync) run(ctx context.Context) {
	r := g.route
	defer r.pulse.ended("groups")
	for {
		r.pulse.expect("groups", groupsWithin+r.config.Sync.Groups.Interval+pulseWithin)
		g.once(ctx)
		if sleep(ctx, r.config.Sync.Groups.Interval) != nil {
			return
		}
	}
}

// once is one round, where it is ours to do.
func (g *groupSync) once(ctx context.Context) {
	r := g.route
	if !g.lead(r.leads()) || r.translates() != nil {
		return
	}
	cctx, cancel := context.WithTimeout(ctx, groupsWithin)
	defer cancel()
	g.groups.Source, g.groups.Target = r.source.cluster(), r.target.cluster()
	seen, err := g.groups.Look(cctx, r.knownPlan())
	if err == nil {
		before := seen.Count(GroupInStep)
		g.groups.Commit(cctx, seen)
		g.finished(seen, int64(seen.Count(GroupInStep)-before))
		return
	}
	if ctx.Err() != nil {
		return
	}
	why := r.explainGroups(err)
	g.mu.Lock()
	g.why = why
	g.mu.Unlock()
	g.say("", why)
}

// lead notes whether this process carries positions over.
func (g *groupSync) lead(leads bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if leads && !g.leads {
		g.since = time.Now()
	}
	if g.leads = leads; !leads {
		g.seen, g.why = nil, ""
	}
	return leads
}

// finished notes a round that came to its end, and logs what is new in it.
func (g *groupSync) finished(seen *GroupsSeen, moved int64) {
	why := firstProblem(seen)
	g.mu.Lock()
	g.since, g.seen, g.why = time.Now(), seen, why
	g.moved += moved
	g.mu.Unlock()
	g.say("", why)
	there := map[string]bool{"": true}
	for i := range seen.Groups {
		group := &seen.Groups[i]
		there[group.Group] = true
		g.say(group.Group, group.trouble())
	}
	for _, name := range seen.ShareGroups {
		there[name] = true
		g.say(name, ShareGroupWhy)
	}
	maps.DeleteFunc(g.said, func(group, _ string) bool { return !there[group] })
}

// say logs what is wrong with a group, or with all of them, when it is new.
func (g *groupSync) say(group, why string) {
	if g.said[group] == why {
		return
	}
	g.said[group] = why
	log := g.route.log
	if group != "" {
		log = log.With(logkey.Group, group)
	}
	if why == "" {
		log.Info("positions of consumer groups are carried over again")
		return
	}
	log.Warn("positions of consumer groups are not carried over", logkey.Why, why)
}

// trouble is why a position of the group failed, empty when none has. That a
// group is left alone is no trouble.
func (g *GroupPositions) trouble() string {
	if g.Problem != "" {
		return g.Problem
	}
	i := slices.IndexFunc(g.Positions, func(p GroupPosition) bool { return p.State == GroupFailed })
	if i < 0 {
		return ""
	}
	return g.Positions[i].Reason
}

func firstProblem(seen *GroupsSeen) string {
	if len(seen.Problems) > 0 {
		return seen.Problems[0]
	}
	return ""
}

func (r *route) explainGroups(err error) string {
	var look *LookError
	if errors.As(err, &look) {
		return kafka.Explain(look.Err, look.Cluster, "look at the positions of consumer groups")
	}
	return err.Error()
}

// status is nil where this process does not carry positions over.
func (g *groupSync) status(now time.Time) *monitor.GroupSyncStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.leads {
		return nil
	}
	s := &monitor.GroupSyncStatus{AgeSeconds: now.Sub(g.since).Seconds(), Positions: map[string]int{}, Commits: g.moved, Reason: g.why}
	for _, state := range GroupStates() {
		if state != GroupMoves {
			s.Positions[string(state)] = 0
		}
	}
	if g.seen == nil {
		return s
	}
	s.Groups = len(g.seen.Groups)
	for i := range g.seen.Groups {
		group := &g.seen.Groups[i]
		if s.Reason == "" {
			s.Reason = group.trouble()
		}
		for k := range group.Positions {
			if state := group.Positions[k].State; state != GroupMoves { // a round that was cut short
				s.Positions[string(state)]++
			}
		}
	}
	return s
}
