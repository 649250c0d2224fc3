package clusters

import (
	"context"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// askShared asks a coordinator where its share groups are. They commit nothing: of
// each partition they have the offset before which all is done with, and behind it
// records in any order may be done with, too. So only the coordinator knows their
// lag (KIP-1226).
func (q *inquiry) askShared(ctx context.Context, broker int32, groups []*groupAnswer) {
	req := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
	byName := make(map[string]*groupAnswer, len(groups))
	for _, a := range groups {
		byName[a.name] = a
		g := kmsg.NewDescribeShareGroupOffsetsRequestGroup() // all of its topics
		g.GroupID = a.name
		req.Groups = append(req.Groups, g)
	}
	resp, ok := q.askAboutGroups(ctx, broker, req).(*kmsg.DescribeShareGroupOffsetsResponse)
	if !ok {
		return
	}
	for i := range resp.Groups {
		if a := byName[resp.Groups[i].GroupID]; a != nil {
			q.takeShared(broker, a, &resp.Groups[i])
		}
	}
}

// takeShared takes in where one share group is.
func (q *inquiry) takeShared(broker int32, a *groupAnswer, g *kmsg.DescribeShareGroupOffsetsResponseGroup) {
	if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
		q.unknown("offsets of some groups are", "Describe on the groups", broker, err)
		return
	}
	a.committed, a.lags = make(map[place]int64), make(map[place]int64)
	for i := range g.Topics {
		topic := q.nameOf(g.Topics[i].Topic, g.Topics[i].TopicID)
		for _, p := range g.Topics[i].Partitions {
			if topic == "" || p.ErrorCode != 0 || p.StartOffset < 0 {
				continue
			}
			a.committed[place{topic, p.Partition}] = p.StartOffset
			if p.Lag >= 0 {
				a.lags[place{topic, p.Partition}] = p.Lag
			}
		}
	}
}
