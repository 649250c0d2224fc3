package replicate

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mirror/offsets"
)

const (
	askedWithin = 15 * time.Second // of one look that somebody waits for
	askedFresh  = 10 * time.Second // how long its answer is given again
	askedKept   = 256              // answers at once
	askedShown  = 5000             // positions in one answer
)

// askedGroups answers where one consumer group goes on in the copy, for people who
// look at a page. Brokers are asked for it only then: one look at a time, and
// however many ask, each group at most once in askedFresh.
type askedGroups struct {
	one chan struct{} // holds a token while a look runs

	mu   sync.Mutex // guards what follows
	last map[askedGroup]askedAnswer
}

type askedGroup struct{ route, group string }

type askedAnswer struct {
	at       time.Time
	document GroupsOfRoute
}

func newAskedGroups() *askedGroups {
	return &askedGroups{one: make(chan struct{}, 1), last: map[askedGroup]askedAnswer{}}
}

// Group says where a consumer group goes on in the copies of all routes from or to
// a cluster, as `mirror groups` does, but with the checkpoints that this process
// follows anyway. What could not be asked stands in the document's problems.
func (m *Mirror) Group(ctx context.Context, cluster, group string) GroupsDocument {
	document := GroupsDocument{Routes: []GroupsOfRoute{}}
	for _, r := range m.routes {
		if r.config.From == cluster || r.config.To == cluster {
			document.Routes = append(document.Routes, m.asked.answer(ctx, r, group))
		}
	}
	return document
}

func (a *askedGroups) answer(ctx context.Context, r *route, group string) GroupsOfRoute {
	key := askedGroup{r.config.Name, group}
	if document, ok := a.known(key); ok {
		return document
	}
	asking, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	select {
	case a.one <- struct{}{}:
		defer func() { <-a.one }()
	case <-asking.Done():
		return (&GroupsSeen{Problems: []string{"other questions about consumer groups take too long; ask again"}}).Describe(r.config)
	}
	if document, ok := a.known(key); ok { // who had the token has asked the same
		return document
	}
	document := r.askGroup(asking, group)
	if ctx.Err() != nil {
		return document // who asked has gone: that it failed is no answer for others
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.last) >= askedKept {
		clear(a.last)
	}
	a.last[key] = askedAnswer{time.Now(), document}
	return document
}

func (a *askedGroups) known(key askedGroup) (GroupsOfRoute, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	answer, ok := a.last[key]
	return answer.document, ok && time.Since(answer.at) < askedFresh
}

// askGroup is one look at one group.
func (r *route) askGroup(ctx context.Context, group string) GroupsOfRoute {
	seen, err := &GroupsSeen{}, r.translates()
	if err == nil {
		groups := &Groups{Route: r.config, Source: r.source.cluster(), Target: r.target.cluster(), Names: []string{group},
			Takes: func(string) bool { return false }, Lanes: func(context.Context) ([]*offsets.Lane, error) { return r.lanes.state, nil }}
		if seen, err = groups.Look(ctx, r.knownPlan()); err != nil {
			seen = &GroupsSeen{}
		}
	}
	if err != nil {
		seen.Problems = append(seen.Problems, r.explainGroups(err))
	}
	for i := range seen.Groups {
		if g := &seen.Groups[i]; len(g.Positions) > askedShown {
			seen.Problems = append(seen.Problems, fmt.Sprintf("these are %d of the group's %d positions; mirror groups shows all", askedShown, len(g.Positions)))
			g.Positions = g.Positions[:askedShown]
		}
	}
	return seen.Describe(r.config)
}

// translates says why positions cannot be translated now; nil when they can.
func (r *route) translates() error {
	switch plan := r.knownPlan(); {
	case plan == nil:
		return fmt.Errorf("route %s has not looked at its clusters yet", r.config.Name)
	case plan.Problem != "":
		return fmt.Errorf("route %s: %s", r.config.Name, plan.Problem)
	case !r.factsKnown():
		return fmt.Errorf("the checkpoint topic %s was not read yet", r.lanes.topic)
	}
	return r.checkFacts()
}
