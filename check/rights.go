package check

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// askPatience bounds one question to a cluster that has answered before.
	askPatience = 20 * time.Second
	// askChunk is how many topics one request names.
	askChunk = 500
)

// verdict is whether an operation is allowed.
type verdict int8

const (
	unknown verdict = iota // the broker cannot be asked, or did not say
	allowed
	denied
)

// topicRights are what may be done with one topic.
type topicRights struct {
	absent bool // there is no such topic; false also where the broker does not tell
	ops    map[string]verdict
}

// operations are the names of operations on topics, as kafka-acls writes them, with their bits in what brokers tell
// (KIP-430: 1 shifted by the code in org.apache.kafka.common.acl.AclOperation).
var operations = map[string]kmsg.ACLOperation{
	"Read": kmsg.ACLOperationRead, "Write": kmsg.ACLOperationWrite, "Create": kmsg.ACLOperationCreate,
	"Alter": kmsg.ACLOperationAlter, "Describe": kmsg.ACLOperationDescribe,
	"DescribeConfigs": kmsg.ACLOperationDescribeConfigs, "AlterConfigs": kmsg.ACLOperationAlterConfigs,
}

// untold is what brokers before 2.3 answer instead of bits.
const untold = -1 << 31

// rights asks which of some operations are allowed on each of some topics. Brokers tell of topics that are there and
// that may be described; of the others each operation is tried.
func (c *cluster) rights(ctx context.Context, topics, ops []string) (map[string]*topicRights, error) {
	all := make(map[string]*topicRights, len(topics))
	for _, t := range topics {
		all[t] = &topicRights{ops: map[string]verdict{}}
	}
	var untried []string
	for chunk := range slices.Chunk(topics, askChunk) {
		told, err := c.describeTopics(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for _, name := range chunk {
			if !all[name].tell(told[name], ops) {
				untried = append(untried, name)
			}
		}
	}
	for _, op := range ops {
		for chunk := range slices.Chunk(untried, askChunk) {
			if op == "Describe" {
				continue // told with the metadata
			}
			codes, err := c.try(ctx, op, chunk)
			if err != nil {
				return nil, fmt.Errorf("ask for %s on topics: %w", op, err)
			}
			for _, name := range chunk {
				if code, ok := codes[name]; ok {
					all[name].ops[op] = judge(code)
				}
			}
		}
	}
	return all, nil
}

// tell takes in what the metadata says. It returns false where the operations have to be tried one by one.
func (r *topicRights) tell(t kmsg.MetadataResponseTopic, ops []string) bool {
	switch {
	case t.Topic == nil:
		return false // left out of the answer
	case t.ErrorCode == kerr.TopicAuthorizationFailed.Code:
		r.ops["Describe"] = denied
		return false
	case t.ErrorCode == kerr.UnknownTopicOrPartition.Code:
		r.ops["Describe"], r.absent = allowed, true
		return false
	}
	r.ops["Describe"] = allowed
	if t.AuthorizedOperations == untold {
		return false
	}
	for _, op := range ops {
		r.ops[op] = denied
		if t.AuthorizedOperations&(1<<operations[op]) != 0 {
			r.ops[op] = allowed
		}
	}
	return true
}

// judge tells from the answer to an attempt whether it was allowed. Brokers judge permissions first, so any other
// refusal means that it was; only errors of the moment say nothing.
func judge(code int16) verdict {
	switch code {
	case kerr.TopicAuthorizationFailed.Code, kerr.ClusterAuthorizationFailed.Code, kerr.GroupAuthorizationFailed.Code:
		return denied
	case kerr.UnknownServerError.Code, kerr.RequestTimedOut.Code, kerr.NotController.Code, kerr.ThrottlingQuotaExceeded.Code,
		kerr.InvalidRequest.Code, kerr.UnsupportedVersion.Code, kerr.BrokerNotAvailable.Code, kerr.NetworkException.Code:
		return unknown
	}
	return allowed
}

// describeTopics asks for topics by name together with what we may do with them. It never creates one.
func (c *cluster) describeTopics(ctx context.Context, names []string) (map[string]kmsg.MetadataResponseTopic, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation, req.IncludeTopicAuthorizedOperations = false, true
	for _, name := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &name
		req.Topics = append(req.Topics, t)
	}
	resp, err := c.ask(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("describe topics: %w", err)
	}
	told := map[string]kmsg.MetadataResponseTopic{}
	for _, t := range resp.(*kmsg.MetadataResponse).Topics {
		if t.Topic != nil {
			told[*t.Topic] = t
		}
	}
	return told, nil
}

// ask sends one request on the kept connection.
func (c *cluster) ask(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	return c.conn.Request(ctx, req)
}

// askController sends a request that only the controller answers.
func (c *cluster) askController(ctx context.Context, req kmsg.Request) (kmsg.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	return c.client.Request(ctx, req)
}
