package replicate

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// Rehearse asks the target whether it would make the plan's changes, by the very requests that make them, marked as
// validation only. Nothing changes there. What the target would refuse goes into the topics' Problem, Short or Warnings
// as by Apply; topics for which skip answers true are left out, since it is known already that they are refused.
//
// A topic that would be created is compared with the source as the target says it would be, where the target says so
// (brokers from 2.4 on, KIP-525, with DescribeConfigs on the topic); unread is told of the others.
func Rehearse(ctx context.Context, cl *kgo.Client, route *config.Route, plan *RoutePlan, skip func(*TopicPlan) bool, unread func(*TopicPlan)) error {
	rehearsed := *plan
	rehearsed.Topics = nil
	index := map[string]int{}
	for i := range plan.Topics {
		if t := &plan.Topics[i]; !skip(t) {
			index[t.Decision.Target] = i
			rehearsed.Topics = append(rehearsed.Topics, *t)
		}
	}
	a := newApplication(cl, &rehearsed, func(string, []string, bool, [16]byte) error { return nil })
	a.rehearsal = true
	in := planInput{route: route, src: plan.Source, dst: plan.Target}
	a.created = func(t *TopicPlan, answer kmsg.CreateTopicsResponseTopic) {
		if answer.ConfigErrorCode != 0 || len(answer.Configs) == 0 {
			unread(t)
			return
		}
		would := createdSettings(answer.Configs)
		in.check(t, plan.sourceSettings[t.Decision.Topic], would)
		in.checkMinISR(t, would, int(answer.ReplicationFactor))
	}
	err := a.run(ctx)
	for i := range rehearsed.Topics {
		t := &rehearsed.Topics[i]
		a.refused[t.Decision.Target].addTo(t)
		plan.Topics[index[t.Decision.Target]] = *t
	}
	return err
}

// createdSettings are the configs that a topic would have.
func createdSettings(configs []kmsg.CreateTopicsResponseTopicConfig) TopicSettings {
	as := make([]kmsg.DescribeConfigsResponseResourceConfig, 0, len(configs))
	for _, c := range configs {
		as = append(as, kmsg.DescribeConfigsResponseResourceConfig{Name: c.Name, Value: c.Value, Source: kmsg.ConfigSource(c.Source)})
	}
	return newTopicSettings(1, as)
}
