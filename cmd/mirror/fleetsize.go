package main

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/config"
	"mirror/offsets"
)

// fleetSize is how many processes copy a route at present, by its group. The
// group counts a process for some seconds after its end.
func fleetSize(ctx context.Context, target *cluster, route *config.Route) (int, error) {
	group := offsets.TopicName(route.Name)
	groups, err := target.admin.DescribeGroups(ctx, group)
	if err == nil && !unknownGroup(groups[group].Err) {
		err = groups.Error()
	}
	if err != nil {
		return 0, clusterError(err, target.config, "describe group "+group)
	}
	return len(groups[group].Members), nil
}

// unknownGroup reports whether a group does not exist, which newer brokers answer
// with an error (KIP-1043). A group without members and offsets is soon gone.
func unknownGroup(err error) bool { return errors.Is(err, kerr.GroupIDNotFound) }
