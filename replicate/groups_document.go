package replicate

import "mirror/config"

// GroupsDocument is the JSON of `mirror groups -o json`, `mirror failover -o json` and
// /api/v1/groups.
type GroupsDocument struct {
	Routes []GroupsOfRoute `json:"routes"`
}

// GroupsOfRoute are the consumer groups that have positions in the source topics of
// one route.
type GroupsOfRoute struct {
	Name     string       `json:"name"`
	From     string       `json:"from"`
	To       string       `json:"to"`
	Synced   bool         `json:"synced"`   // sync.groups is on
	Problems []string     `json:"problems"` // what kept groups from being seen
	Groups   []ShownGroup `json:"groups"`
	// ShareGroups read the route's topics and have no positions that could be carried
	// over.
	ShareGroups []string `json:"share_groups"`
}

// ShownGroup is one consumer group.
type ShownGroup struct {
	Group       string          `json:"group"`
	SourceState string          `json:"source_state"` // as Kafka calls it; empty when the brokers do not say
	TargetState string          `json:"target_state"` // empty: the target has no such group
	Problem     string          `json:"problem"`      // why the group could not be read
	Positions   []ShownPosition `json:"positions"`
}

// ShownPosition is the position of a group in one partition, on both sides.
type ShownPosition struct {
	Topic        string `json:"topic"`
	Partition    int32  `json:"partition"`
	SourceOffset int64  `json:"source_offset"` // that the group reads next
	SourceLag    *int64 `json:"source_lag"`    // offsets between that and the end for readers; null: unknown
	Target       string `json:"target"`
	TargetOffset *int64 `json:"target_offset"` // where the group goes on; null: it cannot be told
	Exact        bool   `json:"exact"`
	// Repeats is how many records at most would be read again.
	Repeats int64 `json:"repeats"`
	// NotCopied is how many source offsets below the position are not copied yet.
	NotCopied int64 `json:"not_copied"`
	// Deleted is how many records in front of which the group stands the target has
	// deleted, at least.
	Deleted   int64  `json:"deleted"`
	Committed *int64 `json:"committed"` // by the group on the target; null: nothing
	SetBy     string `json:"set_by"`    // the route that committed it; empty: a consumer, or nobody
	State     string `json:"state"`     // in_step, would_move, active, own, not_copied, failed
	Reason    string `json:"reason"`
}

// Describe makes the document of one look.
func (seen *GroupsSeen) Describe(route *config.Route) GroupsOfRoute {
	r := GroupsOfRoute{Name: route.Name, From: route.From, To: route.To, Synced: route.Sync.Groups != nil,
		Problems: append([]string{}, seen.Problems...), Groups: []ShownGroup{}, ShareGroups: append([]string{}, seen.ShareGroups...)}
	for i := range seen.Groups {
		g := &seen.Groups[i]
		shown := ShownGroup{Group: g.Group, SourceState: g.SourceState, TargetState: g.TargetState, Problem: g.Problem,
			Positions: []ShownPosition{}}
		for k := range g.Positions {
			shown.Positions = append(shown.Positions, describePosition(&g.Positions[k]))
		}
		r.Groups = append(r.Groups, shown)
	}
	return r
}

func describePosition(p *GroupPosition) ShownPosition {
	s := ShownPosition{Topic: p.Topic, Partition: p.Partition, SourceOffset: p.Source, Target: p.Target, State: string(p.State), Reason: p.Reason,
		Committed: knownOffset(p.Committed)}
	if p.SourceEnd >= 0 {
		lag := max(p.SourceEnd-p.Source, 0)
		s.SourceLag = &lag
	}
	if p.Mark != nil {
		s.SetBy = p.Mark.Route
	}
	if p.Known {
		s.TargetOffset, s.Exact = &p.To.Target, p.To.Exact()
		s.Repeats, s.NotCopied, s.Deleted = p.To.Slack, p.To.Missing, p.To.Gone
	}
	return s
}

// knownOffset is nil for -1.
func knownOffset(offset int64) *int64 {
	if offset < 0 {
		return nil
	}
	return &offset
}
