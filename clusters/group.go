package clusters

import (
	"cmp"
	"slices"
)

// maxTopicsNamed is how many of its topics a group names in lists.
const maxTopicsNamed = 100

// group is a Group with its members and where it stands, in a compact form.
type group struct {
	Group
	topics  []string // all, by name
	members []Member
	parts   []standing // by topic and number
}

// standing is where a group is in a partition. Numbers that are unknown are -1.
type standing struct {
	place
	committed, end int64   // of a share group, committed is where the partition starts
	lag            int64   // records
	rate           float64 // by which committed moves on, per second
	seconds        *float64
	atLeast        bool
	member         string
}

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
}

// newGroups tells where the groups stand. p knows the last look still.
func newGroups(a *answers, p *past) []*group {
	var groups []*group
	for i := range a.groups {
		g := newGroup(&a.groups[i], a, p)
		if p.before != nil {
			if before := p.before.group(g.Name); before != nil {
				g.RecordsPerSecond = advance(before.parts, g.parts, a.at.Sub(*p.before.summary.Time).Seconds())
			}
		}
		groups = append(groups, g)
	}
	return groups
}

func newGroup(from *groupAnswer, a *answers, p *past) *group {
	g := &group{Group: Group{Name: from.name, State: from.state, Type: from.kind, Protocol: from.protocol,
		Coordinator: from.coordinator, Members: from.memberCount}, members: from.members}
	holders := make(map[place]string)
	for i := range from.members {
		for _, assigned := range from.members[i].Assigned {
			for _, number := range assigned.Partitions {
				holders[place{assigned.Topic, number}] = from.members[i].ClientID
			}
		}
	}
	for at, committed := range from.committed {
		g.parts = append(g.parts, standing{place: at, committed: committed, end: -1, lag: -1, rate: -1, member: holders[at]})
	}
	for at, member := range holders {
		if _, known := from.committed[at]; !known {
			g.parts = append(g.parts, standing{place: at, committed: -1, end: -1, lag: -1, rate: -1, member: member})
		}
	}
	slices.SortFunc(g.parts, func(a, b standing) int { return comparePlaces(a.place, b.place) })
	for i := range g.parts {
		g.measure(&g.parts[i], from, a, p)
	}
	g.Note = from.note(g.parts)
	g.Topics = g.topics[:min(len(g.topics), maxTopicsNamed)]
	if g.Topics == nil {
		g.Topics = []string{}
	}
	return g
}

// note says why the lag of a group is not known, or not all of it.
func (from *groupAnswer) note(parts []standing) string {
	untold := slices.ContainsFunc(parts, func(s standing) bool { return s.committed >= 0 && s.end >= 0 && s.lag < 0 })
	unbegun := slices.ContainsFunc(parts, func(s standing) bool { return s.committed < 0 })
	switch {
	case from.committed == nil:
		return "where the group stands is not known; the notes of the cluster say why"
	case from.kind == share && untold:
		return "the brokers do not tell how many records a share group has left in each partition: that needs Kafka 4.2"
	case from.kind == share && unbegun:
		return "the brokers do not tell how many records are left in partitions of which the group has acknowledged none"
	}
	return ""
}

// lagOf is how many records a group has left in a partition, -1 unknown.
func (from *groupAnswer) lagOf(s *standing) int64 {
	lag := max(s.end-s.committed, 0) // what was committed after the end was asked for may be beyond it
	if from.kind != share || lag == 0 {
		return lag
	}
	if told, known := from.lags[s.place]; known {
		return told
	}
	return -1 // some of the records behind the start may be done with
}

// measure learns the lag in one partition and adds it to the group's.
func (g *group) measure(s *standing, from *groupAnswer, a *answers, p *past) {
	if n := len(g.topics); n == 0 || g.topics[n-1] != s.topic {
		g.topics = append(g.topics, s.topic)
	}
	end, ok := a.ends[s.place]
	if !ok {
		return
	}
	s.end = end.end
	if s.committed < 0 {
		return
	}
	s.lag = from.lagOf(s)
	s.seconds, s.atLeast = p.age(s.place, s.committed, end.at)
	if s.lag == 0 {
		s.seconds, s.atLeast = new(float64), false
	}
	g.LagRecords = sum(g.LagRecords, known(s.lag))
	g.LagSeconds, g.AtLeast = furthest(g.LagSeconds, g.AtLeast, s)
}

// furthest is the greater lag in seconds of what is known so far and one partition.
func furthest(seconds *float64, atLeast bool, s *standing) (*float64, bool) {
	if s.seconds == nil || seconds != nil && *seconds > *s.seconds {
		return seconds, atLeast
	}
	return s.seconds, s.atLeast
}

// advance is how many records per second the committed offsets moved on by, and
// notes that of each. A group that was set back has no rate.
func advance(before, now []standing, passed float64) *float64 {
	if passed <= 0 {
		return nil
	}
	var moved *int64
	k := 0
	for i := range now {
		for k < len(before) && comparePlaces(before[k].place, now[i].place) < 0 {
			k++
		}
		if k == len(before) {
			break
		}
		if before[k].place == now[i].place && before[k].committed >= 0 && now[i].committed >= 0 {
			by := now[i].committed - before[k].committed
			moved = sum(moved, &by)
			if by >= 0 {
				now[i].rate = rounded(float64(by) / passed)
			}
		}
	}
	if moved == nil || *moved < 0 {
		return nil
	}
	rate := rounded(float64(*moved) / passed)
	return &rate
}
