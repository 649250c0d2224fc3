package replicate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/config"
	"mirror/kafka"
	"mirror/offsets"
)

const (
	groupTimeout = 20 * time.Second // of one question about groups
	groupsAtOnce = 200              // that one request asks about
)

// Look reads the positions of groups on both sides and says what should become of
// each. Source positions are read first and the target's last: what is translated
// may be a little older than what it is compared with, never newer.
//
// What cannot be read of one group is told with it; the error is about a cluster
// as a whole.
func (g *Groups) Look(ctx context.Context, plan *RoutePlan) (*GroupsSeen, error) {
	l := &groupLook{Groups: g, topics: map[string]*TopicPlan{}, translators: map[partID]*offsets.Translator{}}
	for i := range plan.Topics {
		if t := &plan.Topics[i]; t.Source != nil && (g.Topic == "" || t.Decision.Topic == g.Topic) {
			l.topics[t.Decision.Topic] = t
		}
	}
	if err := l.readSource(ctx); err != nil {
		return nil, err
	}
	var err error
	if l.lanes, err = l.Lanes(ctx); err != nil {
		return nil, err
	}
	if err := l.translate(ctx); err != nil {
		return nil, err
	}
	if err := l.readTarget(ctx); err != nil {
		return nil, err
	}
	return &l.seen, nil
}

// readSource lists the groups that have positions in the route's topics.
func (l *groupLook) readSource(ctx context.Context) error {
	listed, err := l.list(ctx, l.Source)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, name := range l.Names {
		names[name] = !config.InternalGroup(name)
	}
	for name := range listed {
		names[name] = names[name] || !config.InternalGroup(name) && l.Takes(name)
	}
	maps.DeleteFunc(names, func(name string, taken bool) bool { return !taken || name == "" })
	l.setShareGroupsAside(ctx, listed, names)
	if len(listed) == 0 && len(names) > 0 {
		if ask, err := l.mayAskSource(ctx); err != nil || !ask {
			return err
		}
	}
	ends, err := l.sourceEnds(ctx)
	if err != nil {
		return err
	}
	for name, answer := range fetchPositions(ctx, l.Source, slices.Sorted(maps.Keys(names))) {
		group := GroupPositions{Group: name, SourceState: listed[name].State}
		if answer.Err != nil {
			group.Problem = explainGroup(answer.Err, l.Source.Config, name, "Describe")
		}
		answer.Fetched.Each(func(o kadm.OffsetResponse) {
			t := l.topics[o.Topic]
			if t == nil || o.At < 0 || o.Err != nil {
				return
			}
			group.Positions = append(group.Positions, GroupPosition{Topic: o.Topic, Partition: o.Partition, Target: t.Decision.Target,
				Source: o.At, SourceEnd: offsetOr(ends, o.Topic, o.Partition, -1), Committed: -1})
		})
		if len(group.Positions) > 0 || group.Problem != "" {
			sortPositions(group.Positions)
			l.seen.Groups = append(l.seen.Groups, group)
		}
	}
	slices.SortFunc(l.seen.Groups, func(a, b GroupPositions) int { return strings.Compare(a.Group, b.Group) })
	return nil
}

// positionsTopic is where brokers keep the positions of groups.
const positionsTopic = "__consumer_offsets"

// mayAskSource says whether groups that the source does not list may be asked
// about. A broker that is asked for the coordinator of any group creates the topic
// of all positions where there is none, and nothing may be created in the source.
func (l *groupLook) mayAskSource(ctx context.Context) (bool, error) {
	meta, err := FetchMetadata(ctx, l.Source.Client, []string{positionsTopic})
	if err != nil {
		return false, &LookError{Cluster: l.Source.Config, Err: fmt.Errorf("look for topic %s: %w", positionsTopic, err)}
	}
	topic := meta.Topics[positionsTopic]
	if topic != nil && topic.Err != nil {
		l.seen.Problems = append(l.seen.Problems, fmt.Sprintf("cluster %s lists no consumer group: either none has a position there yet, or %s is not authorised for Describe on the groups; grant it",
			l.Source.Config.Name, kafka.Principal(l.Source.Config)))
	}
	return topic != nil && topic.Err == nil, nil
}

// list lists the groups of a cluster that we may Describe. A broker that does not
// answer hides its groups: that is told, and the rest counts.
func (l *groupLook) list(ctx context.Context, c Cluster) (kadm.ListedGroups, error) {
	ctx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	listed, err := kadm.NewClient(c.Client).ListGroups(ctx)
	var shards *kadm.ShardErrors
	switch {
	case errors.As(err, &shards) && !shards.AllFailed:
		l.seen.Problems = append(l.seen.Problems, kafka.Explain(shards.Errs[0].Err, c.Config, "list all consumer groups"))
	case err != nil:
		return nil, &LookError{Cluster: c.Config, Err: fmt.Errorf("list consumer groups: %w", err)}
	}
	return listed, nil
}

// sourceEnds are where the source's topics end for their readers.
func (l *groupLook) sourceEnds(ctx context.Context) (kadm.ListedOffsets, error) {
	if !l.Lag || len(l.topics) == 0 {
		return nil, nil
	}
	ask := kadm.NewClient(l.Source.Client).ListEndOffsets
	if l.Route.ReadCommitted {
		ask = kadm.NewClient(l.Source.Client).ListCommittedOffsets
	}
	return listOffsets(ctx, l.Source, ask, slices.Sorted(maps.Keys(l.topics)))
}

// translate sets where each position is in the copy. The target is asked anew
// which topics its names mean, since an offset says nothing about another topic,
// and where their logs end once it is known how far they were copied: what was
// acknowledged before is below that end.
func (l *groupLook) translate(ctx context.Context) error {
	targets := map[string]bool{}
	for i := range l.seen.Groups {
		for k := range l.seen.Groups[i].Positions {
			p := &l.seen.Groups[i].Positions[k]
			targets[p.Target] = true
			_, _ = l.translator(p) // kept; what is wrong with it is told in its turn
		}
	}
	if len(targets) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(targets))
	meta, err := FetchMetadata(ctx, l.Target.Client, names)
	if err != nil {
		return &LookError{Cluster: l.Target.Config, Err: err}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return meta.Topics[name] == nil || meta.Topics[name].Err != nil })
	admin := kadm.NewClient(l.Target.Client)
	begins, err := listOffsets(ctx, l.Target, admin.ListStartOffsets, names)
	if err != nil {
		return err
	}
	ends, err := listOffsets(ctx, l.Target, admin.ListEndOffsets, names)
	if err != nil {
		return err
	}
	for i := range l.seen.Groups {
		for k := range l.seen.Groups[i].Positions {
			p := &l.seen.Groups[i].Positions[k]
			p.begin, p.end = offsetOr(begins, p.Target, p.Partition, -1), offsetOr(ends, p.Target, p.Partition, -1)
			l.place(p, meta.Topics[p.Target])
		}
	}
	return nil
}

// place translates one position, or says why that cannot be done now.
func (l *groupLook) place(p *GroupPosition, target *Topic) {
	p.State = GroupNotCopied
	translator, err := l.translator(p)
	switch {
	case err != nil:
		p.State, p.Reason = GroupFailed, err.Error()
		return
	case translator == nil || target == nil:
		p.Reason = "nothing of this partition is copied yet"
		return
	case target.Err != nil:
		p.State, p.Reason = GroupFailed, fmt.Sprintf("target topic %s cannot be used: %v", p.Target, target.Err)
		return
	}
	cp := translator.Checkpoint
	switch source := l.topics[p.Topic].Source.ID; {
	case cp.SourceTopicID != offsets.TopicID(source):
		p.Reason = fmt.Sprintf("topic %s was created again, and nothing of the new one is on record as copied", p.Topic)
	case cp.TargetTopicID != offsets.TopicID(target.ID):
		p.Reason = fmt.Sprintf("target topic %s was created again, and nothing in the new one is on record as copied", p.Target)
	case p.begin < 0 || p.end < 0:
		p.State, p.Reason = GroupFailed, fmt.Sprintf("where the log of %s/%d begins and ends is not known at present", p.Target, p.Partition)
	default:
		p.To = translator.Translate(p.Source).From(p.begin)
		if p.To.Target > p.end {
			p.Reason = fmt.Sprintf("the place is offset %d, and %s/%d ends at %d: it has lost its end, or a new leader does not know it yet", p.To.Target, p.Target, p.Partition, p.end)
			return
		}
		p.Known, p.generation, p.targetID, p.State = true, translator.Generation, target.ID, GroupMoves
	}
}

// translator is nil where nothing is copied.
func (l *groupLook) translator(p *GroupPosition) (*offsets.Translator, error) {
	id := partID{p.Topic, p.Partition}
	if t, known := l.translators[id]; known || len(l.lanes) == 0 {
		return t, nil
	}
	t, _, err := l.lanes[offsets.LaneOf(p.Topic, p.Partition, int32(len(l.lanes)))].Translator(p.Topic, p.Partition, p.Target)
	if err == nil {
		l.translators[id] = t
	}
	return t, err
}

// readTarget reads what the groups have on the target, and judges.
func (l *groupLook) readTarget(ctx context.Context) error {
	var names []string
	for i := range l.seen.Groups {
		if len(l.seen.Groups[i].Positions) > 0 {
			names = append(names, l.seen.Groups[i].Group)
		}
	}
	if len(names) == 0 {
		return nil
	}
	listed, err := l.list(ctx, l.Target)
	if err != nil {
		return err
	}
	answers := fetchPositions(ctx, l.Target, names)
	for i := range l.seen.Groups {
		group := &l.seen.Groups[i]
		group.TargetState, group.sharedThere = listed[group.Group].State, isShareGroup(listed[group.Group])
		l.compare(group, answers[group.Group])
	}
	return nil
}

// compare judges the positions of a group by what the target's group has.
func (g *Groups) compare(group *GroupPositions, on kadm.FetchOffsetsResponse) {
	for k := range group.Positions {
		p := &group.Positions[k]
		p.Committed, p.Mark = -1, nil
		if o, ok := on.Fetched.Lookup(p.Target, p.Partition); ok && o.At >= 0 {
			p.Committed = o.At
			if mark, ours := offsets.ParseGroupMark(o.Metadata); ours && mark.Target == o.At {
				p.Mark = &mark
			}
		}
		switch {
		case !p.Known:
		case on.Err != nil:
			p.State, p.Reason = GroupFailed, explainGroup(on.Err, g.Target.Config, group.Group, "Read")
		case group.sharedThere:
			p.State, p.Reason = GroupFailed, fmt.Sprintf("%s has a share group of this name, which takes no positions; the two need different names", g.Target.Config.Name)
		case active(group.TargetState):
			p.State, p.Reason = GroupActive, fmt.Sprintf("the group has members on %s (%s)", g.Target.Config.Name, group.TargetState)
		default:
			p.judge(g.Route)
		}
	}
}

// judge decides about a position whose group has no members on the target.
//
// A position that a route has set is that route's to move, also backwards, when
// somebody has taken the source's group back. It stays while the same position
// would be translated to it or to an earlier place: the map gets less precise
// with age, and what was exact once stays exact.
func (p *GroupPosition) judge(route *config.Route) {
	p.State, p.Reason = GroupMoves, ""
	settled := p.Mark != nil && p.Mark.Source == p.Source && p.Mark.Generation == p.generation && p.Committed >= p.To.Target && p.Committed <= p.To.Target+p.To.Slack
	switch {
	case p.Committed < 0:
	case p.Mark == nil:
		p.State, p.Reason = GroupOwn, "a consumer, or somebody by hand, committed this offset on "+route.To
	case p.Mark.Route != route.Name:
		p.State, p.Reason = GroupOwn, "route "+p.Mark.Route+" committed this offset"
	case settled || p.Committed == p.To.Target:
		p.State = GroupInStep
	}
}
