package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/offsets"
)

const (
	commitsAtOnce = 8   // groups that are committed at a time
	commitChunk   = 500 // positions in one request: a coordinator writes them as one batch
)

// Commit commits the positions of a look that should move to the target's groups,
// and sets what became of each. What a group has is read again right before: the
// broker refuses a commit from outside to a group that has members, but would
// take one over the position of a consumer that came and went in between.
func (g *Groups) Commit(ctx context.Context, seen *GroupsSeen) {
	var working sync.WaitGroup
	slots := make(chan struct{}, commitsAtOnce)
	for i := range seen.Groups {
		group := &seen.Groups[i]
		if !group.moves() {
			continue
		}
		slots <- struct{}{}
		working.Go(func() {
			defer func() { <-slots }()
			g.commitGroup(ctx, group)
		})
	}
	working.Wait()
}

func (p *GroupPositions) moves() bool {
	return slices.ContainsFunc(p.Positions, func(p GroupPosition) bool { return p.State == GroupMoves })
}

func (g *Groups) commitGroup(ctx context.Context, group *GroupPositions) {
	g.compare(group, fetchPositions(ctx, g.Target, []string{group.Group})[group.Group])
	var moving []*GroupPosition
	for k := range group.Positions {
		if p := &group.Positions[k]; p.State == GroupMoves {
			moving = append(moving, p)
		}
	}
	for chunk := range slices.Chunk(moving, commitChunk) {
		if g.May != nil && !g.May() || ctx.Err() != nil {
			return // not ours to write any more; the states say what is left to do
		}
		g.commit(ctx, group, chunk)
	}
}

// commit makes one request. Naming topics by their ids (OffsetCommit from version
// 10 on) has the broker refuse an offset that is about an older topic.
func (g *Groups) commit(ctx context.Context, group *GroupPositions, moving []*GroupPosition) {
	ctx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group = group.Group
	byPlace, byID := map[partID]*GroupPosition{}, map[[16]byte]string{}
	for _, p := range moving {
		byPlace[partID{p.Target, p.Partition}], byID[p.targetID] = p, p.Target
		if n := len(req.Topics); n == 0 || req.Topics[n-1].Topic != p.Target {
			t := kmsg.NewOffsetCommitRequestTopic()
			t.Topic, t.TopicID = p.Target, p.targetID
			req.Topics = append(req.Topics, t)
		}
		t := &req.Topics[len(req.Topics)-1]
		part := kmsg.NewOffsetCommitRequestTopicPartition()
		part.Partition, part.Offset, part.Metadata = p.Partition, p.To.Target, kmsg.StringPtr(p.mark(g.Route.Name).String())
		t.Partitions = append(t.Partitions, part)
	}
	resp, err := req.RequestWith(ctx, g.Target.Client)
	if err == nil {
		err = errors.New("the answer leaves it out")
		for _, t := range resp.Topics {
			topic := t.Topic
			if topic == "" {
				topic = byID[t.TopicID]
			}
			for _, part := range t.Partitions {
				if p := byPlace[partID{topic, part.Partition}]; p != nil {
					delete(byPlace, partID{topic, part.Partition})
					g.committed(group, p, kerr.ErrorForCode(part.ErrorCode))
				}
			}
		}
	}
	for _, p := range byPlace {
		g.committed(group, p, err)
	}
}

func (p *GroupPosition) mark(route string) offsets.GroupMark {
	return offsets.GroupMark{Route: route, Generation: p.generation, Source: p.Source, Target: p.To.Target}
}

// committed notes what became of a commit.
func (g *Groups) committed(group *GroupPositions, p *GroupPosition, err error) {
	switch {
	case err == nil:
		mark := p.mark(g.Route.Name)
		p.State, p.Reason, p.Committed, p.Mark = GroupInStep, "", p.To.Target, &mark
	case becameActive(err):
		p.State, p.Reason = GroupActive, fmt.Sprintf("the group has members on %s", g.Target.Config.Name)
	default:
		p.State, p.Reason = GroupFailed, explainGroup(err, g.Target.Config, group.Group, "Read")
	}
}
