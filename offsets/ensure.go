package offsets

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// EnsureTopic creates a route's checkpoint topic, one partition per lane, or
// checks the one that is there. A replication below 1 means 3; more than there
// are brokers means as many as there are.
//
// It returns *LanesError when the topic has another number of partitions and
// *PolicyError when its cleanup policy would delete records: both need a
// decision. If this principal may not read the topic's configs, the policy
// cannot be checked: then there is a warning, and the topic is used.
func EnsureTopic(ctx context.Context, adm *kadm.Client, topic string, lanes int, replication int) (warnings []string, err error) {
	if lanes < 1 {
		return nil, fmt.Errorf("check checkpoint topic %s: %d lanes: give at least 1", topic, lanes)
	}
	have, err := countPartitions(ctx, adm, topic)
	if err != nil {
		return nil, err
	}
	if have == 0 {
		if err := createTopic(ctx, adm, topic, lanes, replication, adm.CreateTopics); err != nil {
			return nil, err
		}
		if have, err = awaitTopic(ctx, adm, topic); err != nil {
			return nil, err
		}
	}
	if have != lanes {
		return nil, &LanesError{Topic: topic, Have: have, Want: lanes}
	}
	return checkTopic(ctx, adm, topic, replication)
}

// InspectTopic says what EnsureTopic would say, without creating the topic:
// where it does not exist, the controller is only asked whether it would.
func InspectTopic(ctx context.Context, adm *kadm.Client, topic string, lanes int, replication int) (exists bool, warnings []string, err error) {
	have, err := countPartitions(ctx, adm, topic)
	switch {
	case err != nil:
		return false, nil, err
	case have == 0:
		return false, nil, createTopic(ctx, adm, topic, lanes, replication, adm.ValidateCreateTopics)
	case have != lanes:
		return true, nil, &LanesError{Topic: topic, Have: have, Want: lanes}
	}
	warnings, err = checkTopic(ctx, adm, topic, replication)
	return true, warnings, err
}

// FindTopic looks for a checkpoint topic and creates nothing. The error is a
// *LanesError where it has another number of lanes.
func FindTopic(ctx context.Context, adm *kadm.Client, topic string, lanes int) (found bool, err error) {
	have, err := countPartitions(ctx, adm, topic)
	if err == nil && have != 0 && have != lanes {
		err = &LanesError{Topic: topic, Have: have, Want: lanes}
	}
	return have != 0, err
}

// LanesError says that a checkpoint topic has another number of lanes than the
// config. A partition's lane depends on that number, so none would find its
// checkpoint.
type LanesError struct {
	Topic      string
	Have, Want int
}

func (e *LanesError) Error() string {
	return fmt.Sprintf("checkpoint topic %s has %d partitions, but the route is configured with lanes: %d; "+
		"set lanes: %d in the route (the number of lanes cannot change once a route has started)",
		e.Topic, e.Have, e.Want, e.Have)
}

// PolicyError says that a checkpoint topic is not purely compacted, so that
// retention would delete checkpoints, the loss ledger and the offset map.
type PolicyError struct{ Topic, Policy string }

func (e *PolicyError) Error() string {
	return fmt.Sprintf("checkpoint topic %s has cleanup.policy=%s, which would delete checkpoints; set it to compact, for example: "+
		"kafka-configs.sh --bootstrap-server TARGET --alter --entity-type topics --entity-name %s --add-config cleanup.policy=compact",
		e.Topic, e.Policy, e.Topic)
}

// countPartitions is the topic's number of partitions, 0 if there is no such
// topic. It asks for authorized operations only because kadm answers from a
// cache otherwise, which does not know for seconds that a topic was created.
func countPartitions(ctx context.Context, adm *kadm.Client, topic string) (int, error) {
	topics, err := adm.ListTopics(kadm.WithAuthorizedOps(ctx), topic)
	t := topics[topic]
	if err == nil {
		err = t.Err
	}
	switch {
	case err == nil, errors.Is(err, kerr.LeaderNotAvailable): // the latter while it is being created
		return len(t.Partitions), nil
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return 0, nil
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return 0, fmt.Errorf("look up checkpoint topic %s: %w: "+
			"grant this principal Describe, Read and Write (and Create, if it does not exist) on the topic", topic, err)
	}
	return 0, fmt.Errorf("look up checkpoint topic %s: %w", topic, err)
}

type createFunc = func(ctx context.Context, partitions int32, replication int16, configs map[string]*string, topics ...string) (kadm.CreateTopicResponses, error)

// createTopic creates the topic; that another process was faster is no error.
// create makes the request, or has it only validated.
func createTopic(ctx context.Context, adm *kadm.Client, topic string, lanes, replication int, create createFunc) error {
	meta, err := adm.BrokerMetadata(ctx)
	if err != nil {
		return fmt.Errorf("count brokers for checkpoint topic %s: %w", topic, err)
	}
	switch brokers := len(meta.Brokers); {
	case replication < 1:
		replication = usualReplicas(brokers)
	case replication > brokers: // fewer would stay so when the others have started
		return fmt.Errorf("create checkpoint topic %s: topic_defaults.replication_factor is %d and the cluster has %d live brokers; start more or lower it", topic, replication, brokers)
	}
	created, err := create(ctx, int32(lanes), int16(replication), topicConfigs(replication), topic)
	if err == nil {
		_, err = created.On(topic, func(r *kadm.CreateTopicResponse) error { return r.Err })
	}
	switch {
	case err == nil || errors.Is(err, kerr.TopicAlreadyExists):
		return nil
	case errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed):
		return fmt.Errorf("create checkpoint topic %s: %w: grant this principal Create on the topic, "+
			"or create it yourself with %d partitions and cleanup.policy=compact", topic, err, lanes)
	}
	return fmt.Errorf("create checkpoint topic %s with %d partitions and replication factor %d: %w", topic, lanes, replication, err)
}

// usualReplicas is how many copies the topic gets where nobody says.
func usualReplicas(brokers int) int { return max(1, min(3, brokers)) }

// topicConfigs makes the topic cheap to read to its end. A moving partition
// writes two records a second, its checkpoint and the end of its offset map, of
// which only the last ones count: some 35 MB a day. The smallest segments that
// Kafka takes (KIP-1030; no batch of ours is as large) and a low dirty ratio keep
// the rest of them few: the segment being written is not compacted, and a process
// that starts reads it of every lane. The compaction lag (KIP-354) sees to it that
// a quiet lane is compacted too. Drift and loss records are written once
// and must not be lost with one broker, whatever the cluster's default for
// min.insync.replicas.
func topicConfigs(replication int) map[string]*string {
	configs := map[string]*string{
		"cleanup.policy":            kadm.StringPtr("compact"),
		"segment.bytes":             kadm.StringPtr("1048576"),
		"min.cleanable.dirty.ratio": kadm.StringPtr("0.2"),
		"max.compaction.lag.ms":     kadm.StringPtr("3600000"),
	}
	if replication >= 3 {
		configs["min.insync.replicas"] = kadm.StringPtr("2")
	}
	return configs
}

// awaitTopic waits until a topic just created is in the metadata of the broker
// that is asked, usually at once.
func awaitTopic(ctx context.Context, adm *kadm.Client, topic string) (partitions int, err error) {
	const tries, pause = 100, 100 * time.Millisecond
	for range tries {
		partitions, err = countPartitions(ctx, adm, topic)
		if err != nil || partitions > 0 {
			return partitions, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for checkpoint topic %s: %w", topic, context.Cause(ctx))
		}
	}
	return 0, fmt.Errorf("wait for checkpoint topic %s: it was created, but no broker knows it after %v: try again", topic, tries*pause)
}

// checkTopic warns of a topic with fewer replicas than wanted (0: the usual number),
// and refuses one whose records can expire.
func checkTopic(ctx context.Context, adm *kadm.Client, topic string, wanted int) (warnings []string, err error) {
	meta, err := adm.Metadata(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("count the replicas of checkpoint topic %s: %w", topic, err)
	}
	if t := meta.Topics[topic]; t.Err == nil && len(t.Partitions) > 0 {
		if wanted < 1 {
			wanted = usualReplicas(len(meta.Brokers))
		}
		if has := t.Partitions.NumReplicas(); has < wanted {
			warnings = append(warnings, fmt.Sprintf("checkpoint topic %s has replication factor %d where it should be %d: it was made while fewer brokers ran, or by hand; "+
				"add replicas with kafka-reassign-partitions.sh, or positions may be lost with a broker", topic, has, wanted))
		}
	}
	more, err := checkPolicy(ctx, adm, topic)
	return append(warnings, more...), err
}

// checkPolicy refuses a topic whose records can expire.
func checkPolicy(ctx context.Context, adm *kadm.Client, topic string) (warnings []string, err error) {
	resources, err := adm.DescribeTopicConfigs(ctx, topic)
	if err == nil {
		var r kadm.ResourceConfig
		if r, err = resources.On(topic, nil); err == nil {
			err = r.Err
		}
		for _, c := range r.Configs {
			if c.Key == "cleanup.policy" && strings.TrimSpace(c.MaybeValue()) != "compact" {
				return nil, &PolicyError{Topic: topic, Policy: c.MaybeValue()}
			}
		}
	}
	var denied *kadm.AuthError
	switch {
	case err == nil:
		return nil, nil
	case errors.As(err, &denied), errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return []string{fmt.Sprintf("cannot check that checkpoint topic %s has cleanup.policy=compact (%v): "+
			"grant this principal DescribeConfigs on the topic", topic, err)}, nil
	}
	return nil, fmt.Errorf("read configs of checkpoint topic %s: %w", topic, err)
}
