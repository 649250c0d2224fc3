package replicate

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"mirror/config"
	"mirror/offsets"
)

// GroupState is what becomes of one position of a consumer group.
type GroupState string

// The states of positions.
const (
	GroupInStep    GroupState = "in_step"    // the target's group is where it should be
	GroupMoves     GroupState = "would_move" // it is to be committed
	GroupActive    GroupState = "active"     // the group has members on the target: left alone
	GroupOwn       GroupState = "own"        // somebody else committed there: left alone
	GroupNotCopied GroupState = "not_copied" // there is no place to translate to yet
	GroupFailed    GroupState = "failed"     // it could not be read or committed; tried again
)

// GroupStates are all states, those that need a look first.
func GroupStates() []GroupState {
	return []GroupState{GroupFailed, GroupNotCopied, GroupOwn, GroupActive, GroupMoves, GroupInStep}
}

// GroupPosition is the position of a consumer group in one mirrored partition.
type GroupPosition struct {
	Topic     string // of the source
	Partition int32
	Target    string // topic
	Source    int64  // the next offset that the group reads of the source
	SourceEnd int64  // where the source's log ends for its readers, -1 when not asked for or unknown

	To    offsets.Translation
	Known bool // To means something

	Committed int64              // of the target's group, -1 for none
	Mark      *offsets.GroupMark // which route committed it from what; nil: a consumer did, or nobody

	State  GroupState
	Reason string // of all states but in step and would move

	generation int32
	targetID   [16]byte
	begin, end int64 // of the target's log
}

// GroupPositions are those of one consumer group in all topics of a route.
type GroupPositions struct {
	Group       string
	SourceState string // as Kafka calls it: Stable, Empty, ...; empty when the brokers do not say
	TargetState string // empty: the target has no such group
	Problem     string // why the group could not be read
	Positions   []GroupPosition

	sharedThere bool // the target has a share group of this name
}

// active says whether a state means that a group has members.
func active(state string) bool {
	switch state {
	case "", "Empty", "Dead", "Unknown":
		return false
	}
	return true
}

// ActiveOnSource says that consumers of the group still read on the source.
func (g *GroupPositions) ActiveOnSource() bool { return active(g.SourceState) }

// GroupsSeen is one look at the groups of a route, by name.
type GroupsSeen struct {
	Groups   []GroupPositions
	Problems []string // what kept groups from being seen at all

	// ShareGroups are by name those that read the route's topics. See ShareGroupWhy.
	ShareGroups []string
}

// Count is how many positions have a state.
func (s *GroupsSeen) Count(state GroupState) int {
	n := 0
	for i := range s.Groups {
		for k := range s.Groups[i].Positions {
			if s.Groups[i].Positions[k].State == state {
				n++
			}
		}
	}
	return n
}

// Has says whether a group was seen.
func (s *GroupsSeen) Has(group string) bool {
	return slices.ContainsFunc(s.Groups, func(g GroupPositions) bool { return g.Group == group })
}

// Missing is how many source offsets the groups have read that are not copied yet,
// of each partition those that the furthest group has read.
func (s *GroupsSeen) Missing() int64 {
	furthest := map[partID]int64{}
	for i := range s.Groups {
		for _, p := range s.Groups[i].Positions {
			id := partID{p.Topic, p.Partition}
			furthest[id] = max(furthest[id], p.To.Missing)
		}
	}
	sum := int64(0)
	for _, n := range furthest {
		sum += n
	}
	return sum
}

// Groups looks at the positions of consumer groups on both sides of a route and
// carries them over. It reads the source and never writes there. A Groups may be
// used again, by one goroutine.
type Groups struct {
	Route          *config.Route
	Source, Target Cluster
	Lanes          func(ctx context.Context) ([]*offsets.Lane, error) // what the route's checkpoint topic says, asked for once the source's positions are known
	Takes          func(group string) bool                            // which groups; internal ones are never taken
	Names          []string                                           // of them, those that are known by name and so asked for in any case
	Topic          string                                             // only this source topic; empty: all
	Lag            bool                                               // also ask where the source ends
	May            func() bool                                        // asked before each commit; nil: always
}

// groupLook is one look in the making.
type groupLook struct {
	*Groups
	lanes       []*offsets.Lane
	topics      map[string]*TopicPlan          // by source topic
	translators map[partID]*offsets.Translator // nil where nothing is copied
	seen        GroupsSeen
}

func sortPositions(list []GroupPosition) {
	slices.SortFunc(list, func(a, b GroupPosition) int {
		return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
}
