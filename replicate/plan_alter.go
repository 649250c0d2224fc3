package replicate

import (
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// alter brings configs in step. The keys are recorded before they are set and given up after they are removed, so that
// a process that dies in between knows too many of its keys and never too few.
func (a *application) alter(ctx context.Context) {
	topics := a.pending(ChangeSetConfig, ChangeRemoveConfig, ChangeForget)
	topics = slices.DeleteFunc(topics, func(t *TopicPlan) bool { return t.Target == nil })
	topics = a.write(topics, func(t *TopicPlan) error {
		all := union(t.managed, t.keys)
		if sameKeys(all, t.managed) {
			return nil
		}
		return a.record(t.Decision.Target, all, false, [16]byte{})
	}, a.refuseAlter)
	var done []*TopicPlan
	for chunk := range slices.Chunk(topics, settingsChunk) {
		done = append(done, a.alterOnce(ctx, chunk)...)
	}
	a.write(done, func(t *TopicPlan) error {
		if sameKeys(union(t.managed, t.keys), t.keys) {
			return nil
		}
		return a.record(t.Decision.Target, t.keys, false, [16]byte{})
	}, a.refuseAlter)
}

// alterOnce sends one IncrementalAlterConfigs request (KIP-339) and returns the topics that took it.
func (a *application) alterOnce(ctx context.Context, topics []*TopicPlan) (done []*TopicPlan) {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	for _, t := range topics {
		if rr := alterResource(t); len(rr.Configs) > 0 {
			req.Resources = append(req.Resources, rr)
		}
	}
	answers := map[string]kmsg.IncrementalAlterConfigsResponseResource{}
	if len(req.Resources) > 0 {
		resp, err := req.RequestWith(ctx, a.cl)
		if err != nil {
			for _, t := range topics {
				a.refuseAlter(t, unanswered("alter the configs of target topic "+t.Decision.Target, err))
			}
			return nil
		}
		for _, r := range resp.Resources {
			answers[r.ResourceName] = r
		}
	}
	for _, t := range topics {
		answer, ok := answers[t.Decision.Target]
		if why := a.alterProblem(t, answer, ok); why != "" {
			a.refuseAlter(t, why)
			continue
		}
		done = append(done, t)
	}
	return done
}

func alterResource(t *TopicPlan) kmsg.IncrementalAlterConfigsRequestResource {
	rr := kmsg.NewIncrementalAlterConfigsRequestResource()
	rr.ResourceType, rr.ResourceName = kmsg.ConfigResourceTypeTopic, t.Decision.Target
	for _, c := range t.Action {
		rc := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		rc.Name = c.Key
		switch c.Kind {
		case ChangeSetConfig:
			rc.Op, rc.Value = kmsg.IncrementalAlterConfigOpSet, kmsg.StringPtr(c.New)
		case ChangeRemoveConfig:
			rc.Op = kmsg.IncrementalAlterConfigOpDelete
		default:
			continue
		}
		rr.Configs = append(rr.Configs, rc)
	}
	return rr
}

func (a *application) alterProblem(t *TopicPlan, answer kmsg.IncrementalAlterConfigsResponseResource, answered bool) string {
	const what = "its configs are not kept in step: "
	err := kerr.ErrorForCode(answer.ErrorCode)
	switch {
	case !answered && len(alterResource(t).Configs) > 0:
		return what + "the target's answer leaves the topic out; it is tried again"
	case err == nil:
		return ""
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return what + deniedAt("AlterConfigs", t.Decision.Target, a.plan.target)
	}
	for _, c := range t.Action {
		if c.Kind == ChangeSetConfig && unknownName(answer.ErrorMessage, c.Key) {
			a.unknown[c.Key] = true
		}
	}
	return what + brokerSays(err, answer.ErrorMessage) + "; give the config a value the target takes in topic_defaults.config, or switch sync.configs off"
}

// union are the keys that are in either list.
func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, key := range b {
		if !slices.Contains(all, key) {
			all = append(all, key)
		}
	}
	return all
}
