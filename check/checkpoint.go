package check

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/offsets"
)

// lookAtCheckpoints asks for the permissions on the checkpoint topic and the route's group, whether the topic is as it
// must be or can be created, and what it remembers; then it plans.
func (r *routeCheck) lookAtCheckpoints(ctx context.Context) bool {
	topic, needs := r.checkpointTopic(), checkpointNeeds()
	rights, err := r.target.rights(ctx, []string{topic}, operationsOf(needs))
	if err != nil {
		return r.broken(r.target, err, "ask for permissions")
	}
	r.target.judgeNeeds(&r.findings, "checkpoint", needs, []string{topic}, rights)
	if !r.lookAtGroup(ctx, topic) {
		return false
	}
	mine := rights[topic]
	if mine.ops["Describe"] == denied {
		return r.makePlan(ctx, History{})
	}
	if !mine.absent || mine.ops["Create"] != denied {
		r.inspect(ctx, topic)
	}
	var history History
	if !mine.absent && mine.ops["Read"] == allowed && r.history != nil {
		if history, err = r.history(ctx, r.target.config, r.route); err != nil {
			r.findings.failAs(kindOfHistory(err), "checkpoint.topic", "cannot be read: "+err.Error())
		}
	}
	return r.makePlan(ctx, history)
}

// kindOfHistory is the kind of failure of a checkpoint topic that cannot be read: most often its contents.
func kindOfHistory(err error) Kind {
	if kindOf(err) == Permission {
		return Permission
	}
	return Problem
}

func (r *routeCheck) lookAtGroup(ctx context.Context, group string) bool {
	right, err := r.target.tryGroup(ctx, group)
	if err != nil {
		return r.broken(r.target, err, "ask for permissions")
	}
	grant := r.target.grant("Read", "group", group)
	switch right {
	case denied:
		r.target.lacks(&r.findings, "group", need{"Read", true, "the processes of the fleet cannot share the lanes, and the route does not start"}, grant)
	case unknown:
		r.findings.skip("group.acl.read", fmt.Sprintf("whether %s may Read group %s is not known: its brokers did not say", r.target.who(), group))
	case allowed:
		r.findings = append(r.findings, Finding{ID: "group.acl.read", Level: OK, Text: "Read on group " + group, Grant: grant})
	}
	return true
}

// inspect asks whether the checkpoint topic is as it must be, or would be created so.
func (r *routeCheck) inspect(ctx context.Context, topic string) {
	const id = "checkpoint.topic"
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	exists, warnings, err := offsets.InspectTopic(ctx, kadm.NewClient(r.target.client), topic, r.route.Lanes, r.route.TopicDefaults.ReplicationFactor)
	var lanes *offsets.LanesError
	var policy *offsets.PolicyError
	switch {
	case errors.As(err, &lanes):
		r.findings.fail("checkpoint.lanes", fmt.Sprintf("%s has %d lanes, and the route is configured with %d; their number cannot change once a route has started", topic, lanes.Have, lanes.Want),
			fmt.Sprintf("set lanes: %d in route %s", lanes.Have, r.route.Name))
	case errors.As(err, &policy):
		r.findings.fail("checkpoint.policy", fmt.Sprintf("%s has cleanup.policy=%s, which would delete checkpoints", topic, policy.Policy),
			r.target.setTopicConfig(topic, "cleanup.policy", "compact"))
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		// Told by the findings about permissions.
	case err != nil:
		r.findings.fail(id, err.Error())
	case !exists:
		r.findings.ok(id, fmt.Sprintf("%s will be created with %s", topic, count(r.route.Lanes, "lane")))
	case len(warnings) > 0:
		r.findings.warn("checkpoint.policy", warnings[0])
	default:
		r.findings.ok(id, fmt.Sprintf("%s is there, compacted, with %s", topic, count(r.route.Lanes, "lane")))
	}
}
