package check

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// clockTolerance is how far clocks may differ before it is worth a warning: lag in seconds is off by as much.
const clockTolerance = 5 * time.Second

// checkClock compares this host's clock with that of the cluster's active controller. The only answer of Kafka's that
// holds the time of day is DescribeQuorum's (KIP-836, since 3.3, KRaft only): the leader of the metadata log says when it
// last saw each voter, and of itself it says now (LeaderState.describeReplicaState). The clocks of other brokers cannot
// be read without writing.
func (c *cluster) checkClock(ctx context.Context) {
	const id = "cluster.clock"
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	req := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
	req.Topics = append(req.Topics, topic)
	if c.conn.MaxVersion(req.Key()) < 1 {
		c.findings.skip(id, "not measured: its brokers cannot tell the time (DescribeQuorum, since Kafka 3.3 with KRaft)")
		return
	}
	before := time.Now()
	resp, err := c.conn.Request(ctx, req)
	took := time.Since(before)
	switch {
	case err != nil:
		c.findings.skip(id, "not measured: "+c.explain(err, "ask for the quorum"))
		return
	case resp.(*kmsg.DescribeQuorumResponse).ErrorCode == kerr.ClusterAuthorizationFailed.Code:
		c.findings.skip(id, fmt.Sprintf("not measured: %s may not Describe the cluster", c.who()), c.grant("Describe", "cluster").lines()...)
		return
	}
	now, ok := leaderTime(resp.(*kmsg.DescribeQuorumResponse))
	if !ok {
		c.findings.skip(id, "not measured: the quorum's leader did not tell its time")
		return
	}
	ahead, doubt := now.Sub(before.Add(took/2)), took/2+time.Millisecond
	text := fmt.Sprintf("the active controller's clock is %v %s this host's (± %v)", ahead.Abs().Round(time.Millisecond), direction(ahead), doubt.Round(time.Millisecond))
	if ahead.Abs()-doubt > clockTolerance {
		c.findings.warn(id, text+": lag in seconds is off by as much, and timestamps near the target's limits are misjudged", "synchronise the clocks of this host and of the brokers (NTP)")
		return
	}
	c.findings.ok(id, text)
}

func direction(ahead time.Duration) string {
	if ahead < 0 {
		return "behind"
	}
	return "ahead of"
}

// leaderTime is the time of the metadata log's leader.
func leaderTime(resp *kmsg.DescribeQuorumResponse) (time.Time, bool) {
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			for _, v := range p.CurrentVoters {
				if p.ErrorCode == 0 && v.ReplicaID == p.LeaderID && v.LastFetchTimestamp > 0 {
					return time.UnixMilli(v.LastFetchTimestamp), true
				}
			}
		}
	}
	return time.Time{}, false
}
