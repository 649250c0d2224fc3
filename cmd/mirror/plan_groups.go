package main

import (
	"context"

	"mirror/replicate"
)

// plannedGroups is what sync.groups would do about the positions of consumer
// groups right now.
type plannedGroups struct {
	Groups    int            `json:"groups"`    // with positions in the route's topics
	Positions map[string]int `json:"positions"` // by state, as in mirror groups
	Problems  []string       `json:"problems"`  // why some or all could not be looked at
	// ShareGroups read the route's topics and have no positions that could be carried
	// over.
	ShareGroups []string `json:"share_groups"`
}

// planGroups looks at the groups that sync.groups selects, nil when it is off. A
// look that is refused is told and no plan fails for it: run copies all the same.
func (r *openRoute) planGroups(ctx context.Context, plan *replicate.RoutePlan, topic string) *plannedGroups {
	if r.route.Sync.Groups == nil || plan.Problem != "" {
		return nil
	}
	groups := r.groupsOf(r.route.Sync.Groups)
	groups.Topic = topic
	p := &plannedGroups{Positions: map[string]int{}, Problems: []string{}, ShareGroups: []string{}}
	seen, err := groups.Look(ctx, plan)
	if err != nil {
		p.Problems = append(p.Problems, groupsError(err).Error())
		return p
	}
	p.Groups, p.Problems = len(seen.Groups), append(p.Problems, seen.Problems...)
	p.ShareGroups = orEmpty(seen.ShareGroups)
	for _, state := range replicate.GroupStates() {
		p.Positions[string(state)] = seen.Count(state)
	}
	for i := range seen.Groups {
		if problem := seen.Groups[i].Problem; problem != "" {
			p.Problems = append(p.Problems, problem)
		}
	}
	return p
}

// line is the plan for groups in one sentence.
func (p *plannedGroups) line() string {
	return "group offsets to sync: " + groupCounts(p.Groups, p.Positions)
}
