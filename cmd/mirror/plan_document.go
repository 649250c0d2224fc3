package main

import (
	"slices"

	"mirror/config"
	"mirror/monitor"
	"mirror/rename"
	"mirror/replicate"
)

// planDocument is the JSON of `mirror plan -o json`.
type planDocument struct {
	Routes []plannedRoute `json:"routes"`
}

type plannedRoute struct {
	Name      string            `json:"name"`
	From      string            `json:"from"`
	To        string            `json:"to"`
	Problem   string            `json:"problem"` // why the route cannot run at all
	Limit     monitor.RateLimit `json:"limit"`
	Warnings  []string          `json:"warnings"`
	Explained *explainedName    `json:"explained,omitempty"` // with --topic
	Topics    []plannedTopic    `json:"topics"`
	NotTaken  []leftTopic       `json:"not_taken"`
	Groups    *plannedGroups    `json:"group_offsets,omitempty"` // with sync.groups

	own []string // of Warnings, those that are about the route and not about topics
}

// changeNothing makes it the plan of a route that other mirrors copy.
func (r *plannedRoute) changeNothing() {
	const why = "this mirror only watches the route (watch: true): others copy it, and nothing is created or changed from here"
	r.Warnings, r.own = append(r.Warnings, why), append(r.own, why)
	for i := range r.Topics {
		t := &r.Topics[i]
		t.Changes, t.Create, t.AddPartitions, t.Configs = []string{}, nil, nil, nil
	}
}

type plannedTopic struct {
	Source        string            `json:"source"`
	Target        string            `json:"target"`
	Rule          string            `json:"rule"` // that gave the target its name
	Partitions    int               `json:"partitions"`
	Changes       []string          `json:"changes"` // what run would do to the target, in words
	Create        *plannedCreation  `json:"create,omitempty"`
	AddPartitions *plannedExtension `json:"add_partitions,omitempty"`
	Configs       []plannedConfig   `json:"configs,omitempty"` // those that run would set or remove
	Problem       string            `json:"problem"`           // why nothing of it, or a part of it, can be copied now
	Warnings      []string          `json:"warnings"`
}

type plannedCreation struct {
	Partitions  int32             `json:"partitions"`
	Replication int16             `json:"replication_factor"` // -1: the brokers' default
	Configs     map[string]string `json:"configs"`
}

type plannedExtension struct {
	From int32 `json:"from"`
	To   int32 `json:"to"`
}

type plannedConfig struct {
	Key       string  `json:"key"`
	Old       *string `json:"old"` // null when unknown
	New       *string `json:"new"` // null when removed
	Inherited bool    `json:"inherited"`
}

type leftTopic struct {
	Source   string `json:"source"`
	Target   string `json:"target"`   // the name it would have; empty when it is not selected
	Refused  bool   `json:"refused"`  // selected, but somebody has to change something
	Internal bool   `json:"internal"` // never copied, whatever a route selects
	Reason   string `json:"reason"`
}

// describePlan makes the document of a plan, of one name or of all.
func describePlan(route *config.Route, plan *replicate.RoutePlan, topic string) plannedRoute {
	r := plannedRoute{Name: route.Name, From: route.From, To: route.To, Problem: plan.Problem,
		Warnings: plan.Warnings, own: plan.Warnings, Topics: []plannedTopic{}, NotTaken: []leftTopic{}}
	if topic == "" {
		r.Warnings = plan.AllWarnings()
	} else {
		r.Explained = explainName(route, plan, topic)
	}
	r.Warnings = orEmpty(r.Warnings)
	for i := range plan.Topics {
		if t := &plan.Topics[i]; topic == "" || t.Decision.Topic == topic || t.Decision.Target == topic {
			r.Topics = append(r.Topics, describeTopic(t))
		}
	}
	for _, d := range slices.Concat(plan.Refused, plan.Left) {
		if topic == "" || d.Topic == topic {
			r.NotTaken = append(r.NotTaken, describeLeft(d))
		}
	}
	return r
}

func describeTopic(t *replicate.TopicPlan) plannedTopic {
	p := plannedTopic{Source: t.Decision.Topic, Target: t.Decision.Target, Rule: t.Decision.RuleText,
		Changes: []string{}, Problem: firstOf(t.Problem, t.Occupied, t.Short), Warnings: orEmpty(t.Warnings)}
	if t.Source != nil {
		p.Partitions = len(t.Source.Partitions)
	}
	for _, change := range t.Action {
		p.add(change)
	}
	return p
}

// add puts one change into the document, in words and in parts.
func (p *plannedTopic) add(change replicate.Change) {
	p.Changes = append(p.Changes, change.String())
	known := func(value string) *string {
		if value == "" {
			return nil
		}
		return &value
	}
	switch change.Kind {
	case replicate.ChangeCreate:
		p.Create = &plannedCreation{Partitions: change.Partitions, Replication: change.Replication, Configs: map[string]string{}}
		for _, c := range change.Configs {
			p.Create.Configs[c.Key] = c.Value
		}
	case replicate.ChangeAddPartitions:
		p.AddPartitions = &plannedExtension{From: change.From, To: change.Partitions}
	case replicate.ChangeSetConfig:
		p.Configs = append(p.Configs, plannedConfig{Key: change.Key, Old: known(change.Old), New: &change.New, Inherited: change.Inherited})
	case replicate.ChangeRemoveConfig:
		p.Configs = append(p.Configs, plannedConfig{Key: change.Key, Old: known(change.Old)})
	case replicate.ChangeForget: // nothing changes on the target
	}
}

// pending says whether run would change something, or somebody has to.
func (r *plannedRoute) pending() bool {
	return slices.ContainsFunc(r.Topics, func(t plannedTopic) bool { return len(t.Changes) > 0 || t.Problem != "" }) ||
		slices.ContainsFunc(r.NotTaken, func(l leftTopic) bool { return l.Refused })
}

func describeLeft(d rename.Decision) leftTopic {
	_, internal := rename.Internal(d.Topic)
	return leftTopic{Source: d.Topic, Target: d.Target, Refused: d.Refused, Internal: internal, Reason: d.Reason}
}

func orEmpty(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}
