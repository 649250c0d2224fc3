package main

import (
	"fmt"
	"slices"

	"mirror/config"
	"mirror/replicate"
)

// explainedName is what a name means on either side of a route.
type explainedName struct {
	Name     string         `json:"name"`
	AsSource explainedTopic `json:"as_source"`
	AsTarget explainedTopic `json:"as_target"`
}

// explainedTopic is one topic with the name that it has, or would have, on the other side.
type explainedTopic struct {
	Exists bool   `json:"exists"` // the cluster has it; of a target topic that the route has nothing to do with, false
	Other  string `json:"other"`  // its name on the other side; empty when it has none
	Text   string `json:"text"`   // all of this in one sentence
}

// explainName follows a name from the source to the target and from the target back to the source.
func explainName(route *config.Route, plan *replicate.RoutePlan, name string) *explainedName {
	return &explainedName{Name: name, AsSource: explainSource(route, plan, name), AsTarget: explainTarget(route, plan, name)}
}

func explainSource(route *config.Route, plan *replicate.RoutePlan, name string) explainedTopic {
	d := route.Mapper.Decide(name)
	e := explainedTopic{Other: d.Target, Exists: plan.Source != nil && plan.Source.Topics[name] != nil}
	for _, refused := range plan.Refused { // it may be refused for another topic's sake
		if refused.Topic == name {
			d = refused
		}
	}
	verb, would := "is", ""
	if !e.Exists {
		verb, would = "would be", fmt.Sprintf("cluster %s has no such topic; ", route.From)
	}
	switch {
	case d.Take && e.Exists:
		e.Text = fmt.Sprintf("%s of %s %s copied to %s by %s", name, route.From, verb, d.Target, d.RuleText)
	case d.Take:
		e.Text = fmt.Sprintf("%sit %s copied to %s by %s", would, verb, d.Target, d.RuleText)
	case e.Exists:
		e.Text = fmt.Sprintf("%s of %s is not copied: %s", name, route.From, d.Reason)
	default:
		e.Text = fmt.Sprintf("%sit would not be copied: %s", would, d.Reason)
	}
	return e
}

func explainTarget(route *config.Route, plan *replicate.RoutePlan, name string) explainedTopic {
	i := slices.IndexFunc(plan.Topics, func(t replicate.TopicPlan) bool { return t.Decision.Target == name })
	if i >= 0 {
		t := &plan.Topics[i]
		e := explainedTopic{Exists: t.Target != nil, Other: t.Decision.Topic}
		if e.Exists {
			e.Text = fmt.Sprintf("%s of %s is the target of %s, by %s", name, route.To, t.Decision.Topic, t.Decision.RuleText)
		} else {
			e.Text = fmt.Sprintf("%s of %s will be made of %s, by %s", name, route.To, t.Decision.Topic, t.Decision.RuleText)
		}
		return e
	}
	topic, ok := route.Mapper.Source(name)
	if !ok {
		return explainedTopic{Text: fmt.Sprintf("no topic of %s is known to become %s of %s", route.From, name, route.To)}
	}
	return explainedTopic{Other: topic, Text: fmt.Sprintf("%s of %s would be the copy of topic %s, by %s; it is not copied now", name, route.To, topic, route.Mapper.Decide(topic).RuleText)}
}
