package check

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/offsets"
)

// lookAtWatched checks a route that other mirrors copy: all that this one does is to
// read what they leave in the checkpoint topic.
func (r *routeCheck) lookAtWatched(ctx context.Context) {
	topic, needs := r.checkpointTopic(), []need{{"Read", true, "what the mirrors of the route do cannot be seen"}, {"Describe", true, "the topic cannot be found"}}
	rights, err := r.target.rights(ctx, []string{topic}, operationsOf(needs))
	if err != nil {
		r.broken(r.target, err, "ask for permissions")
		return
	}
	found, err := offsets.FindTopic(ctx, kadm.NewClient(r.target.client), topic, r.route.Lanes)
	switch {
	case err != nil:
		r.findings.failAs(kindOf(err), "checkpoint.topic", err.Error())
	case !found:
		r.findings.fail("checkpoint.topic", fmt.Sprintf("the route is only watched here (watch: true), and no mirror has run it yet: %s has no topic %s", r.route.To, topic),
			"run the mirror that copies it")
	default:
		r.target.judgeNeeds(&r.findings, "checkpoint", needs, []string{topic}, rights)
		r.findings.ok("checkpoint.topic", fmt.Sprintf("other mirrors keep %s, and this one watches it", topic))
	}
}
