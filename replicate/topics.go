package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// creation is a topic on its way to the controller, with the configs that are still asked for.
type creation struct {
	plan    *TopicPlan
	change  Change
	configs []ConfigValue
	keys    []string // of configs, those we will manage
}

// create creates the missing topics. The config record is written first with a zero id and again with the topic's id:
// dying in between leaves a topic whose configs are known to be ours.
func (a *application) create(ctx context.Context) {
	topics := a.write(a.pending(ChangeCreate), func(t *TopicPlan) error {
		if t.recorded && sameKeys(t.managed, t.keys) {
			return nil // said before, by a creation that did not come about
		}
		return a.record(t.Decision.Target, t.keys, true, [16]byte{})
	}, a.refuseCreate)
	weight := func(t *TopicPlan) int {
		c := t.change(ChangeCreate)
		return 1 + int(c.Partitions) + len(c.Configs)
	}
	for _, chunk := range chunkTopics(topics, weight) {
		left := make([]*creation, 0, len(chunk))
		for _, t := range chunk {
			c := t.change(ChangeCreate)
			left = append(left, &creation{plan: t, change: c, configs: c.Configs, keys: t.keys})
		}
		for len(left) > 0 {
			left = a.createOnce(ctx, left)
		}
	}
}

// createOnce sends one CreateTopics request and returns the topics to ask for again: those of which the broker said
// that it does not know a config by name. Each round drops at least one config of each, so the rounds end.
func (a *application) createOnce(ctx context.Context, topics []*creation) (again []*creation) {
	answers, err := a.requestCreate(ctx, topics)
	if err != nil {
		for _, c := range topics {
			a.refuseCreate(c.plan, unanswered("create target topic "+c.change.Target, err))
		}
		return nil
	}
	var created []*TopicPlan
	ids := map[*TopicPlan][16]byte{}
	for _, c := range topics {
		answer, ok := answers[c.change.Target]
		if !ok {
			a.refuseCreate(c.plan, unanswered("create target topic "+c.change.Target, errLeftOut))
			continue
		}
		err := kerr.ErrorForCode(answer.ErrorCode)
		switch {
		case err == nil:
			c.plan.keys = c.keys
			if a.created != nil {
				a.created(c.plan, answer)
			}
			ids[c.plan] = answer.TopicID
			created = append(created, c.plan)
		case errors.Is(err, kerr.TopicAlreadyExists):
			// Our own request of a moment ago whose answer was lost, or somebody else's. The next look at the target
			// tells what the topic is like, and its log tells whether it is ours to write to.
		case errors.Is(err, kerr.InvalidConfig) && a.dropUnknown(c, answer.ErrorMessage):
			again = append(again, c)
		default:
			a.refuseCreate(c.plan, createProblem(c, err, answer.ErrorMessage, a.plan.target))
		}
	}
	a.write(created, func(t *TopicPlan) error {
		return a.record(t.Decision.Target, t.keys, true, ids[t])
	}, a.refuseCreate)
	return again
}

func (a *application) requestCreate(ctx context.Context, topics []*creation) (map[string]kmsg.CreateTopicsResponseTopic, error) {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.ValidateOnly = a.rehearsal
	req.TimeoutMillis = int32(controllerTimeout.Milliseconds())
	for _, c := range topics {
		rt := kmsg.NewCreateTopicsRequestTopic()
		rt.Topic, rt.NumPartitions, rt.ReplicationFactor = c.change.Target, c.change.Partitions, c.change.Replication
		for _, cv := range c.configs {
			rc := kmsg.NewCreateTopicsRequestTopicConfig()
			rc.Name, rc.Value = cv.Key, kmsg.StringPtr(cv.Value)
			rt.Configs = append(rt.Configs, rc)
		}
		req.Topics = append(req.Topics, rt)
	}
	resp, err := req.RequestWith(ctx, a.cl)
	if err != nil {
		return nil, err
	}
	answers := make(map[string]kmsg.CreateTopicsResponseTopic, len(resp.Topics))
	for _, t := range resp.Topics {
		answers[t.Topic] = t
	}
	return answers, nil
}

// dropUnknown takes a config out of a creation when the broker said that it does not know its name (a newer or another
// vendor's source). It says whether there was one.
func (a *application) dropUnknown(c *creation, message *string) bool {
	i := slices.IndexFunc(c.configs, func(cv ConfigValue) bool { return unknownName(message, cv.Key) })
	if i < 0 {
		return false
	}
	key := c.configs[i].Key
	a.unknown[key] = true
	c.configs = slices.Delete(slices.Clone(c.configs), i, i+1)
	c.keys = slices.DeleteFunc(slices.Clone(c.keys), func(k string) bool { return k == key })
	return true
}

// unknownName reads Kafka's "Unknown topic config name: k" (LogConfig.validateNames); the protocol has no code for it.
func unknownName(message *string, key string) bool {
	if message == nil {
		return false
	}
	_, name, ok := strings.Cut(*message, "Unknown topic config name: ")
	return ok && strings.TrimSpace(name) == key
}

// createProblem says why a topic could not be created and what to do.
func createProblem(c *creation, err error, message *string, cluster *config.Cluster) string {
	what := fmt.Sprintf("target topic %s cannot be created: ", c.change.Target)
	said := brokerSays(err, message)
	switch {
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return what + deniedAt("Create", c.change.Target, cluster) + fmt.Sprintf(", or create the topic by hand with %s", count(int(c.change.Partitions), "partition"))
	case errors.Is(err, kerr.InvalidReplicationFactor):
		return what + said + "; set topic_defaults.replication_factor to what the brokers can hold"
	case errors.Is(err, kerr.PolicyViolation):
		return what + said + "; set what the cluster's policy wants in topic_defaults, or create the topic by hand"
	case errors.Is(err, kerr.InvalidConfig):
		return what + said + "; give that config a value the target takes in topic_defaults.config, or switch sync.configs off"
	case errors.Is(err, kerr.InvalidTopicException):
		return what + said + "; another topic's name may differ only in . and _: choose another name with rename"
	}
	return what + said + "; it is tried again"
}

var errLeftOut = errors.New("the answer leaves the topic out")

// unanswered is the reason of a change whose request had no usable answer. Changes are safe to ask for twice.
func unanswered(what string, err error) string {
	return fmt.Sprintf("%s: %v; it is tried again", what, err)
}

// extend adds partitions to the topics that have too few.
func (a *application) extend(ctx context.Context) {
	weight := func(t *TopicPlan) int {
		c := t.change(ChangeAddPartitions)
		return int(c.Partitions - c.From)
	}
	for _, chunk := range chunkTopics(a.pending(ChangeAddPartitions), weight) {
		req := kmsg.NewPtrCreatePartitionsRequest()
		req.ValidateOnly = a.rehearsal
		req.TimeoutMillis = int32(controllerTimeout.Milliseconds())
		for _, t := range chunk {
			rt := kmsg.NewCreatePartitionsRequestTopic()
			rt.Topic, rt.Count = t.Decision.Target, t.change(ChangeAddPartitions).Partitions
			req.Topics = append(req.Topics, rt)
		}
		answers := map[string]kmsg.CreatePartitionsResponseTopic{}
		resp, err := req.RequestWith(ctx, a.cl)
		if err == nil {
			for _, rt := range resp.Topics {
				answers[rt.Topic] = rt
			}
		}
		for _, t := range chunk {
			if why := a.extendProblem(t, answers, err); why != "" {
				a.refuseExtend(t, why)
			}
		}
	}
}

func (a *application) extendProblem(t *TopicPlan, answers map[string]kmsg.CreatePartitionsResponseTopic, err error) string {
	what := "add partitions to target topic " + t.Decision.Target
	if err != nil {
		return unanswered(what, err)
	}
	answer, ok := answers[t.Decision.Target]
	if !ok {
		return unanswered(what, errLeftOut)
	}
	err = kerr.ErrorForCode(answer.ErrorCode)
	switch {
	case err == nil:
		return ""
	case errors.Is(err, kerr.InvalidPartitions):
		return "" // it has them already: asked for twice, or by somebody else; the next look tells
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return what + ": " + deniedAt("Alter", t.Decision.Target, a.plan.target) + ", or add the partitions by hand"
	}
	return what + ": " + brokerSays(err, answer.ErrorMessage) + "; it is tried again"
}
