package check

import (
	"context"
	"math"

	"github.com/twmb/franz-go/pkg/kerr"
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
		return codesOf(c.ask(ctx, readNothing(topics)))
	case "Write":
		return codesOf(c.ask(ctx, writeNothing(topics)))
	case "Create":
		return codesOf(c.askController(ctx, createNothing(topics)))
	case "Alter":
		return codesOf(c.askController(ctx, alterNothing(topics)))
	case "AlterConfigs":
		return codesOf(c.askController(ctx, alterNoConfigs(topics)))
	case "DescribeConfigs":
		return codesOf(c.ask(ctx, describeConfigs(topics)))
	}
	return nil, nil
}

// readNothing fetches behind the end of any log.
func readNothing(topics []string) kmsg.Request {
	req := kmsg.NewPtrFetchRequest()
	req.MaxBytes, req.SessionEpoch = 1, -1
	for _, name := range topics {
		t, p := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
		t.Topic, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch, p.LogStartOffset = name, math.MaxInt64, 1, -1, -1
		t.Partitions = append(t.Partitions, p)
		req.Topics = append(req.Topics, t)
	}
	return req
}

// writeNothing produces an empty batch: it has to have records, so brokers refuse it, after they have judged the
// permission (ProduceRequest.validateRecords).
func writeNothing(topics []string) kmsg.Request {
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 1000
	for _, name := range topics {
		t, p := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
		t.Topic, p.Records = name, []byte{}
		t.Partitions = append(t.Partitions, p)
		req.Topics = append(req.Topics, t)
	}
	return req
}

func createNothing(topics []string) kmsg.Request {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.ValidateOnly = true
	for _, name := range topics {
		t := kmsg.NewCreateTopicsRequestTopic()
		t.Topic, t.NumPartitions, t.ReplicationFactor = name, -1, -1
		req.Topics = append(req.Topics, t)
	}
	return req
}

func alterNothing(topics []string) kmsg.Request {
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.ValidateOnly = true
	for _, name := range topics {
		t := kmsg.NewCreatePartitionsRequestTopic()
		t.Topic, t.Count = name, 1
		req.Topics = append(req.Topics, t)
	}
	return req
}

func alterNoConfigs(topics []string) kmsg.Request {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.ValidateOnly = true
	for _, name := range topics {
		r := kmsg.NewIncrementalAlterConfigsRequestResource()
		r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeTopic, name
		req.Resources = append(req.Resources, r)
	}
	return req
}

func describeConfigs(topics []string) kmsg.Request {
	req := kmsg.NewPtrDescribeConfigsRequest()
	for _, name := range topics {
		r := kmsg.NewDescribeConfigsRequestResource()
		r.ResourceType, r.ResourceName, r.ConfigNames = kmsg.ConfigResourceTypeTopic, name, []string{"cleanup.policy"}
		req.Resources = append(req.Resources, r)
	}
	return req
}

// codesOf takes what a request of try was answered with, and returns the error code of each topic in it.
func codesOf(resp kmsg.Response, err error) (map[string]int16, error) {
	if err != nil {
		return nil, err
	}
	codes := map[string]int16{}
	switch resp := resp.(type) {
	case *kmsg.FetchResponse:
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				codes[t.Topic] = p.ErrorCode
			}
		}
	case *kmsg.ProduceResponse:
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				codes[t.Topic] = p.ErrorCode
			}
		}
	case *kmsg.CreateTopicsResponse:
		for _, t := range resp.Topics {
			codes[t.Topic] = t.ErrorCode
		}
	case *kmsg.CreatePartitionsResponse:
		for _, t := range resp.Topics {
			codes[t.Topic] = t.ErrorCode
		}
	case *kmsg.IncrementalAlterConfigsResponse:
		for _, r := range resp.Resources {
			codes[r.ResourceName] = r.ErrorCode
		}
	case *kmsg.DescribeConfigsResponse:
		for _, r := range resp.Resources {
			codes[r.ResourceName] = r.ErrorCode
		}
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
