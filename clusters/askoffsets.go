package clusters

import (
	"context"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// What ListOffsets is asked for, as timestamps.
const (
	latest   int64 = -1
	earliest int64 = -2
)

// askOffsets asks the leaders where partitions begin or end.
func (q *inquiry) askOffsets(ctx context.Context, wanted []wantedPartition, timestamp int64) {
	byLeader := make(map[int32][]wantedPartition)
	for _, w := range wanted {
		if w.leader >= 0 {
			byLeader[w.leader] = append(byLeader[w.leader], w)
		}
	}
	eachBroker(byLeader, func(broker int32, parts []wantedPartition) {
		for chunk := range slices.Chunk(parts, offsetsAtOnce) {
			at := time.Now()
			resp, err := q.send(ctx, broker, offsetsRequest(chunk, timestamp))
			if err != nil {
				q.unknown("offsets are", "Describe on the topics", broker, err)
				return
			}
			q.takeOffsets(resp.(*kmsg.ListOffsetsResponse), timestamp, at)
		}
	})
}

// offsetsRequest asks about partitions that stand together by topic.
func offsetsRequest(parts []wantedPartition, timestamp int64) *kmsg.ListOffsetsRequest {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	for _, w := range parts {
		if n := len(req.Topics); n == 0 || req.Topics[n-1].Topic != w.topic {
			t := kmsg.NewListOffsetsRequestTopic()
			t.Topic = w.topic
			req.Topics = append(req.Topics, t)
		}
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = w.partition, timestamp
		t := &req.Topics[len(req.Topics)-1]
		t.Partitions = append(t.Partitions, p)
	}
	return req
}

// takeOffsets leaves out partitions with errors: their leader is about to change,
// and the next look knows more.
func (q *inquiry) takeOffsets(resp *kmsg.ListOffsetsResponse, timestamp int64, at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range resp.Topics {
		t := &resp.Topics[i]
		for k := range t.Partitions {
			p := &t.Partitions[k]
			offset := p.Offset
			if resp.Version == 0 && len(p.OldStyleOffsets) > 0 {
				offset = p.OldStyleOffsets[0]
			}
			switch {
			case p.ErrorCode != 0 || offset < 0:
			case timestamp == latest:
				q.ends[place{t.Topic, p.Partition}] = reading{offset, at}
			default:
				q.starts[place{t.Topic, p.Partition}] = offset
			}
		}
	}
}
