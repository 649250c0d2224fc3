package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/config"
	"mirror/kafka"
)

// fetchPositions asks for all positions of groups. What a transaction has not
// committed yet does not count.
func fetchPositions(ctx context.Context, c Cluster, groups []string) kadm.FetchOffsetsResponses {
	all := make(kadm.FetchOffsetsResponses, len(groups))
	for chunk := range slices.Chunk(groups, groupsAtOnce) {
		asking, cancel := context.WithTimeout(ctx, groupTimeout)
		for name, answer := range kadm.NewClient(c.Client).FetchManyOffsets(asking, chunk...) {
			if errors.Is(answer.Err, kerr.GroupIDNotFound) {
				answer.Err = nil // it has no positions, or is of a kind that has none
			}
			all[name] = answer
		}
		cancel()
		for _, name := range chunk {
			if _, told := all[name]; !told {
				all[name] = kadm.FetchOffsetsResponse{Group: name, Err: errors.New("the answer leaves it out")}
			}
		}
	}
	return all
}

type listFunc = func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error)

// listOffsets asks for one end of the logs of topics. Partitions that do not
// answer are left out, or told with an error of their own.
func listOffsets(ctx context.Context, c Cluster, ask listFunc, topics []string) (kadm.ListedOffsets, error) {
	if len(topics) == 0 {
		return nil, nil // without names all topics are meant
	}
	ctx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	listed, err := ask(ctx, topics...)
	if shards := (*kadm.ShardErrors)(nil); err != nil && (!errors.As(err, &shards) || shards.AllFailed) {
		return nil, &LookError{Cluster: c.Config, Err: fmt.Errorf("list offsets: %w", err)}
	}
	return listed, nil
}

// offsetOr is what was listed for a partition, or otherwise.
func offsetOr(listed kadm.ListedOffsets, topic string, partition int32, otherwise int64) int64 {
	if o, ok := listed.Lookup(topic, partition); ok && o.Err == nil {
		return o.Offset
	}
	return otherwise
}

// explainGroup says what is wrong with a group in one sentence. operation is what
// it takes to do what was refused.
func explainGroup(err error, c *config.Cluster, group, operation string) string {
	var denied *kadm.AuthError
	switch {
	case errors.Is(err, kerr.GroupAuthorizationFailed), errors.As(err, &denied):
		return fmt.Sprintf("%s is not authorised for %s on group %s of cluster %s; grant it", kafka.Principal(c), operation, group, c.Name)
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return fmt.Sprintf("%s is not authorised for Read on the topic on cluster %s; grant it", kafka.Principal(c), c.Name)
	case errors.Is(err, kerr.CoordinatorNotAvailable), errors.Is(err, kerr.NotCoordinator), errors.Is(err, kerr.CoordinatorLoadInProgress):
		return fmt.Sprintf("the coordinator of group %s on cluster %s is moving", group, c.Name)
	case errors.Is(err, kerr.OffsetMetadataTooLarge):
		return fmt.Sprintf("cluster %s allows too little metadata beside a position: raise offset.metadata.max.bytes of its brokers to 512", c.Name)
	}
	return kafka.Explain(err, c, "ask about group "+group)
}

// becameActive says that an answer to a commit means that the group has members.
func becameActive(err error) bool {
	for _, member := range []error{kerr.UnknownMemberID, kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.FencedInstanceID,
		kerr.FencedMemberEpoch, kerr.StaleMemberEpoch} {
		if errors.Is(err, member) {
			return true
		}
	}
	return false
}
