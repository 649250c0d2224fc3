package check

import (
	"context"
	"math"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	keyProduce = int16(kmsg.Produce)
	keyFetch   = int16(kmsg.Fetch)
)

// try makes a request that needs an operation on topics and that can change nothing, and returns each topic's error code.
// A topic that is missing in the result was not judged.
func (c *cluster) try(ctx context.Context, op string, topics []string) (map[string]int16, error) {
	switch op {
	case "Read":
		return c.tryRead(ctx, topics)
	case "Write":
		return c.tryWrite(ctx, topics)
	case "Create":
		return c.tryCreate(ctx, topics)
	case "Alter":
		return c.tryAlter(ctx, topics)
	case "AlterConfigs":
		return c.tryAlterConfigs(ctx, topics)
	case "DescribeConfigs":
		return c.tryDescribeConfigs(ctx, topics)
	}
	return nil, nil
}

// tryRead fetches behind the end of any log.
func (c *cluster) tryRead(ctx context.Context, topics []string) (map[string]int16, error) {
	req := kmsg.NewPtrFetchRequest()
	req.MaxBytes, req.SessionEpoch = 1, -1
	for _, name := range topics {
		t, p := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
		t.Topic, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch, p.LogStartOffset = name, math.MaxInt64, 1, -1, -1
		t.Partitions = append(t.Partitions, p)
		req.Topics = append(req.Topics, t)
	}
	resp, err := c.ask(ctx, req)
	if err != nil {
		return nil, err
	}
	codes := map[string]int16{}
	for _, t := range resp.(*kmsg.FetchResponse).Topics {
		for _, p := range t.Partitions {
			codes[t.Topic] = p.ErrorCode
		}
	}
	return codes, nil
}

// tryWrite produces nothing: a batch has to have records, so brokers refuse one that is empty, after they have judged
// the permission (ProduceRequest.validateRecords).
func (c *cluster) tryWrite(ctx context.Context, topics []string) (map[string]int16, error) {
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 1000
	for _, name := range topics {
		t, p := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
		t.Topic, p.Records = name, []byte{}
		t.Partitions = append(t.Partitions, p)
		req.Topics = append(req.Topics, t)
	}
	resp, err := c.ask(ctx, req)
	if err != nil {
		return nil, err
	}
	codes := map[string]int16{}
	for _, t := range resp.(*kmsg.ProduceResponse).Topics {
		for _, p := range t.Partitions {
			codes[t.Topic] = p.ErrorCode
		}
	}
	return codes, nil
}

func (c *cluster) tryCreate(ctx context.Context, topics []string) (map[string]int16, error) {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.ValidateOnly = true
	for _, name := range topics {
		t := kmsg.NewCreateTopicsRequestTopic()
		t.Topic, t.NumPartitions, t.ReplicationFactor = name, -1, -1
		req.Topics = append(req.Topics, t)
	}
	resp, err := askController(ctx, c.client, req)
	if err != nil {
		return nil, err
	}
	codes := map[string]int16{}
	for _, t := range resp.(*kmsg.CreateTopicsResponse).Topics {
		codes[t.Topic] = t.ErrorCode
	}
	return codes, nil
}

func (c *cluster) tryAlter(ctx context.Context, topics []string) (map[string]int16, error) {
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.ValidateOnly = true
	for _, name := range topics {
		t := kmsg.NewCreatePartitionsRequestTopic()
		t.Topic, t.Count = name, 1
		req.Topics = append(req.Topics, t)
	}
	resp, err := askController(ctx, c.client, req)
	if err != nil {
		return nil, err
	}
	codes := map[string]int16{}
	for _, t := range resp.(*kmsg.CreatePartitionsResponse).Topics {
		codes[t.Topic] = t.ErrorCode
	}
	return codes, nil
}

func (c *cluster) tryAlterConfigs(ctx context.Context, topics []string) (map[string]int16, error) {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.ValidateOnly = true
	for _, name := range topics {
		r := kmsg.NewIncrementalAlterConfigsRequestResource()
		r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeTopic, name
		req.Resources = append(req.Resources, r)
	}
	resp, err := askController(ctx, c.client, req)
	if err != nil {
		return nil, err
	}
	codes := map[string]int16{}
	for _, r := range resp.(*kmsg.IncrementalAlterConfigsResponse).Resources {
		codes[r.ResourceName] = r.ErrorCode
	}
	return codes, nil
}

func (c *cluster) tryDescribeConfigs(ctx context.Context, topics []string) (map[string]int16, error) {
	req := kmsg.NewPtrDescribeConfigsRequest()
	for _, name := range topics {
		r := kmsg.NewDescribeConfigsRequestResource()
		r.ResourceType, r.ResourceName, r.ConfigNames = kmsg.ConfigResourceTypeTopic, name, []string{"cleanup.policy"}
		req.Resources = append(req.Resources, r)
	}
	resp, err := c.ask(ctx, req)
	if err != nil {
		return nil, err
	}
	codes := map[string]int16{}
	for _, r := range resp.(*kmsg.DescribeConfigsResponse).Resources {
		codes[r.ResourceName] = r.ErrorCode
	}
	return codes, nil
}

// tryGroup sends the heartbeat of a member that no group has. Any broker judges the permission before it looks whether
// the group is one of its own, so no coordinator has to be found, which may create Kafka's topic of offsets.
func (c *cluster) tryGroup(ctx context.Context, group string) (verdict, error) {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group, req.MemberID, req.Generation = group, "mirror-check-is-no-member", 0
	resp, err := c.ask(ctx, req)
	if err != nil {
		return unknown, err
	}
	code := resp.(*kmsg.HeartbeatResponse).ErrorCode
	if code == kerr.GroupAuthorizationFailed.Code {
		return denied, nil
	}
	return judge(code), nil
}

// askController sends a request that only the controller answers.
func askController(ctx context.Context, client *kgo.Client, req kmsg.Request) (kmsg.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	return client.Request(ctx, req)
}
