package replicate

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// alter brings configs in step. The keys are recorded before they are set and given up after they are removed, so that
// a process that dies in between knows too many of its keys and never too few.
func (a *application) alter(ctx context.Context) {
	topics := a.write(a.pending(ChangeSetConfig, ChangeRemoveConfig, ChangeForget), func(t *TopicPlan) error {
		return a.recordKeys(t, t.managed, union(t.managed, t.keys))
	}, a.refuseAlter)
	var done []*TopicPlan
	for chunk := range slices.Chunk(topics, settingsChunk) {
		for len(chunk) > 0 {
			var altered []*TopicPlan
			altered, chunk = a.alterOnce(ctx, chunk)
			done = append(done, altered...)
		}
	}
	a.write(done, func(t *TopicPlan) error {
		keys := slices.DeleteFunc(slices.Clone(t.keys), func(key string) bool { return a.unknown[key] })
		return a.recordKeys(t, union(t.managed, t.keys), keys)
	}, a.refuseAlter)
}

// recordKeys records the keys that are managed on a topic, unless the record says so already.
func (a *application) recordKeys(t *TopicPlan, recorded, keys []string) error {
	if sameKeys(recorded, keys) {
		return nil
	}
	return a.record(t.Decision.Target, keys, false, [16]byte{})
}

// alterOnce sends one IncrementalAlterConfigs request (KIP-339). It returns the topics that took it, and those to ask
// for again without a config that the broker named as the one it refused: one bad value must not keep the others of a
// topic from being set. Each round leaves out at least one config more, so the rounds end.
func (a *application) alterOnce(ctx context.Context, topics []*TopicPlan) (done, again []*TopicPlan) {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.ValidateOnly = a.rehearsal
	asked := map[string]kmsg.IncrementalAlterConfigsRequestResource{}
	for _, t := range topics {
		if rr := a.alterResource(t); len(rr.Configs) > 0 {
			req.Resources = append(req.Resources, rr)
			asked[t.Decision.Target] = rr
		}
	}
	answers, err := a.requestAlter(ctx, req)
	for _, t := range topics {
		resource, sent := asked[t.Decision.Target]
		answer, answered := answers[t.Decision.Target]
		switch {
		case !sent:
			done = append(done, t) // only our record of the keys changes
		case err != nil:
			a.refuseAlter(t, unanswered("its configs are not kept in step", err))
		case !answered:
			a.refuseAlter(t, unanswered("its configs are not kept in step", errLeftOut))
		case answer.ErrorCode == 0:
			done = append(done, t)
		case a.leaveUnknown(resource, answer.ErrorMessage):
			again = append(again, t)
		default:
			a.refuseAlter(t, a.alterProblem(answer))
			if a.leaveRefused(resource, answer.ErrorMessage) {
				again = append(again, t)
			}
		}
	}
	return done, again
}

func (a *application) requestAlter(ctx context.Context, req *kmsg.IncrementalAlterConfigsRequest) (map[string]kmsg.IncrementalAlterConfigsResponseResource, error) {
	if len(req.Resources) == 0 {
		return nil, nil
	}
	resp, err := req.RequestWith(ctx, a.cl)
	if err != nil {
		return nil, err
	}
	answers := make(map[string]kmsg.IncrementalAlterConfigsResponseResource, len(resp.Resources))
	for _, r := range resp.Resources {
		answers[r.ResourceName] = r
	}
	return answers, nil
}

func (a *application) alterResource(t *TopicPlan) kmsg.IncrementalAlterConfigsRequestResource {
	rr := kmsg.NewIncrementalAlterConfigsRequestResource()
	rr.ResourceType, rr.ResourceName = kmsg.ConfigResourceTypeTopic, t.Decision.Target
	for _, c := range t.Action {
		rc := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		rc.Name = c.Key
		switch {
		case a.unknown[c.Key] || a.left[[2]string{t.Decision.Target, c.Key}]:
			continue
		case c.Kind == ChangeSetConfig:
			rc.Op, rc.Value = kmsg.IncrementalAlterConfigOpSet, kmsg.StringPtr(c.New)
		case c.Kind == ChangeRemoveConfig:
			rc.Op = kmsg.IncrementalAlterConfigOpDelete
		default:
			continue
		}
		rr.Configs = append(rr.Configs, rc)
	}
	return rr
}

// leaveUnknown remembers a config of a request that the broker said it does not know by name. It says whether there
// was one.
func (a *application) leaveUnknown(rr kmsg.IncrementalAlterConfigsRequestResource, message *string) bool {
	for _, c := range rr.Configs {
		if c.Op == kmsg.IncrementalAlterConfigOpSet && unknownName(message, c.Name) {
			a.unknown[c.Name] = true
			return true
		}
	}
	return false
}

// leaveRefused is leaveUnknown for a config whose value the broker refused, which is a matter of this topic alone.
func (a *application) leaveRefused(rr kmsg.IncrementalAlterConfigsRequestResource, message *string) bool {
	for _, c := range rr.Configs {
		if message != nil && c.Op == kmsg.IncrementalAlterConfigOpSet && strings.Contains(*message, " for configuration "+c.Name+":") {
			a.left[[2]string{rr.ResourceName, c.Name}] = true
			return true
		}
	}
	return false
}

func (a *application) alterProblem(answer kmsg.IncrementalAlterConfigsResponseResource) string {
	const what = "its configs are not kept in step: "
	err := kerr.ErrorForCode(answer.ErrorCode)
	if errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed) {
		return what + deniedAt("AlterConfigs", "", a.plan.target)
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
