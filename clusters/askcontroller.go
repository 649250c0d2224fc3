package clusters

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// askController learns which controller is active. With KRaft the metadata names
// any broker (KIP-631), and only DescribeQuorum tells; a cluster whose brokers do
// not know that request has it in its metadata.
func (q *inquiry) askController(ctx context.Context) {
	if len(q.metadata.Brokers) == 0 {
		return
	}
	broker := q.metadata.Brokers[0].NodeID
	knows, err := q.knowsQuorum(ctx, broker)
	if err == nil && !knows {
		q.setController(q.metadata.ControllerID)
		return
	}
	var leader int32
	if err == nil {
		leader, err = q.quorumLeader(ctx, broker)
	}
	if err != nil {
		q.unknown("the active controller is", "Describe on the cluster", broker, err)
		return
	}
	q.setController(leader)
}

func (q *inquiry) knowsQuorum(ctx context.Context, broker int32) (bool, error) {
	resp, err := q.send(ctx, broker, kmsg.NewPtrApiVersionsRequest())
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(resp.(*kmsg.ApiVersionsResponse).ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool {
		return k.ApiKey == kmsg.DescribeQuorum.Int16()
	}), nil
}

// quorumLeader is the active controller, -1 when there is none at present.
func (q *inquiry) quorumLeader(ctx context.Context, broker int32) (int32, error) {
	req := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	req.Topics = append(req.Topics, topic)
	answer, err := q.send(ctx, broker, req)
	if err != nil {
		return -1, err
	}
	resp := answer.(*kmsg.DescribeQuorumResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return -1, err
	}
	if len(resp.Topics) == 0 || len(resp.Topics[0].Partitions) == 0 {
		return -1, nil
	}
	p := &resp.Topics[0].Partitions[0]
	return p.LeaderID, kerr.ErrorForCode(p.ErrorCode)
}

func (q *inquiry) setController(id int32) {
	if id < 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.controller = &id
}
