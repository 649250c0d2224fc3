package clusters

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// askPositions asks a coordinator where its groups stand.
func (q *inquiry) askPositions(ctx context.Context, broker int32, groups []*groupAnswer) {
	var committing, sharing []*groupAnswer
	for _, a := range groups {
		if a.kind == share {
			sharing = append(sharing, a)
		} else {
			committing = append(committing, a)
		}
	}
	if len(committing) > 0 {
		q.askCommitted(ctx, broker, committing)
	}
	if len(sharing) > 0 {
		q.askShared(ctx, broker, sharing)
	}
}

// askCommitted asks a coordinator for the offsets of its groups: all of them at
// once, or, of brokers before 3.0, one after the other.
func (q *inquiry) askCommitted(ctx context.Context, broker int32, groups []*groupAnswer) {
	resp := q.fetchOffsets(ctx, broker, groups)
	if resp == nil {
		return
	}
	if resp.Version < 8 { // and then nothing in it is an answer
		for _, a := range groups {
			if resp := q.fetchOffsets(ctx, broker, []*groupAnswer{a}); resp != nil {
				q.takeCommitted(broker, a, fromVersion7(resp))
			}
		}
		return
	}
	byName := make(map[string]*groupAnswer, len(groups))
	for _, a := range groups {
		byName[a.name] = a
	}
	for i := range resp.Groups {
		if a := byName[resp.Groups[i].Group]; a != nil {
			q.takeCommitted(broker, a, &resp.Groups[i])
		}
	}
}

// fetchOffsets asks for all offsets of some groups, which brokers before 3.0
// understand if it is one. It returns nil when there is no answer, with a note.
func (q *inquiry) fetchOffsets(ctx context.Context, broker int32, groups []*groupAnswer) *kmsg.OffsetFetchResponse {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = groups[0].name
	for _, a := range groups {
		g := kmsg.NewOffsetFetchRequestGroup() // all of its topics
		g.Group = a.name
		req.Groups = append(req.Groups, g)
	}
	resp, _ := q.askAboutGroups(ctx, broker, req).(*kmsg.OffsetFetchResponse)
	return resp
}

// fromVersion7 makes an old answer look like a present one.
func fromVersion7(resp *kmsg.OffsetFetchResponse) *kmsg.OffsetFetchResponseGroup {
	g := kmsg.NewOffsetFetchResponseGroup()
	g.ErrorCode = resp.ErrorCode
	for _, old := range resp.Topics {
		t := kmsg.NewOffsetFetchResponseGroupTopic()
		t.Topic = old.Topic
		for _, p := range old.Partitions {
			now := kmsg.NewOffsetFetchResponseGroupTopicPartition()
			now.Partition, now.Offset, now.ErrorCode = p.Partition, p.Offset, p.ErrorCode
			t.Partitions = append(t.Partitions, now)
		}
		g.Topics = append(g.Topics, t)
	}
	return &g
}

// takeCommitted takes in the offsets of one group.
func (q *inquiry) takeCommitted(broker int32, a *groupAnswer, g *kmsg.OffsetFetchResponseGroup) {
	if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
		q.unknown("offsets of some groups are", "Describe on the groups", broker, err)
		return
	}
	a.committed = make(map[place]int64)
	for i := range g.Topics {
		topic := q.nameOf(g.Topics[i].Topic, g.Topics[i].TopicID)
		for _, p := range g.Topics[i].Partitions {
			if topic != "" && p.ErrorCode == 0 && p.Offset >= 0 {
				a.committed[place{topic, p.Partition}] = p.Offset
			}
		}
	}
}

// nameOf is the name of a topic that an answer tells either by name or by id.
func (q *inquiry) nameOf(topic string, id [16]byte) string {
	if topic != "" {
		return topic
	}
	return q.ids[id]
}
