package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/offsets"
)

// quiet waits until neither the route's own fleet nor MirrorMaker has members in
// its group on the target, and refuses when they stay. One that was killed stays
// for its session timeout: Kafka Connect's is 10 s by default, ours too.
func (a *adoption) quiet(ctx context.Context) error {
	deadline := time.Now().Add(a.wait)
	for said := false; ; said = true {
		busy, err := a.busy(ctx)
		if err != nil {
			return err
		}
		if busy == "" {
			return nil
		}
		if time.Now().After(deadline) {
			return withCode(exitDifferent, fmt.Errorf("%s", busy))
		}
		if !said {
			fmt.Fprintf(a.errOut, "waiting up to %s: %s\n", a.wait, busy)
		}
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
	}
}

// busy says who still copies, or "".
func (a *adoption) busy(ctx context.Context) (string, error) {
	running, err := fleetSize(ctx, a.target, a.route)
	if err != nil {
		return "", err
	}
	if running > 0 {
		return fmt.Sprintf("route %s is running (group %s has %s): stop mirror run before adopting",
			a.route.Name, offsets.TopicName(a.route.Name), plural(int64(running), "member")), nil
	}
	if a.force {
		return "", nil
	}
	return a.mirrorMaker(ctx)
}

// mirrorMaker looks for a worker of Kafka Connect that runs MirrorMaker's source
// connector for this route: in the group of the dedicated mode, or in any group of
// Connect that this principal may see.
func (a *adoption) mirrorMaker(ctx context.Context) (string, error) {
	names := []string{a.route.From + "-mm2"}
	listed, err := a.target.admin.ListGroups(ctx)
	if err != nil {
		return "", clusterError(err, a.target.config, "list its groups")
	}
	for _, g := range listed {
		if g.ProtocolType == "connect" && !slices.Contains(names, g.Group) {
			names = append(names, g.Group)
		}
	}
	described, err := a.target.admin.DescribeGroups(ctx, names...)
	if err != nil {
		return "", clusterError(err, a.target.config, "describe the groups of Kafka Connect")
	}
	for _, g := range described.Sorted() {
		if g.Err != nil && !unknownGroup(g.Err) {
			fmt.Fprintf(a.errOut, "warning: whether MirrorMaker's group %s is running cannot be seen: %v\n", cell(g.Group), g.Err)
			continue
		}
		if len(g.Members) > 0 && (g.Group == names[0] || copies(g, a.route.From, a.route.To)) {
			return fmt.Sprintf("MirrorMaker 2 is running (group %s of cluster %s has %s): stop it before adopting, or give --force",
				g.Group, a.route.To, plural(int64(len(g.Members)), "member")), nil
		}
	}
	return "", nil
}

// copies reports whether a worker of a group runs the connector that copies from
// one cluster to another, named as Strimzi names it.
func copies(g kadm.DescribedGroup, from, to string) bool {
	for _, member := range g.Members {
		assigned, ok := member.Assigned.AsConnect()
		if !ok {
			continue
		}
		for _, work := range assigned.Assignment {
			if strings.HasPrefix(work.Connector, from+"->"+to+".") {
				return true
			}
		}
	}
	return false
}
