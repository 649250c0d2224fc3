package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mirror/replicate"
)

// lookAtTopics asks the target whether it would make the plan's changes, and makes findings of the plan.
func (r *routeCheck) lookAtTopics(ctx context.Context) bool {
	var unread []string
	err := replicate.Rehearse(ctx, r.target.client, r.route, r.plan, r.refused,
		func(t *replicate.TopicPlan) { unread = append(unread, t.Decision.Target) })
	if err != nil {
		return false // interrupted
	}
	r.names()
	before := len(r.findings)
	r.obstacles()
	r.warnings()
	if len(unread) > 0 {
		r.findings.skip("topic.configs", fmt.Sprintf("the configs that the brokers would give to %s are not known, so their limits are not compared with the source's", topicsText(unread)))
	} else if len(r.findings) == before && len(r.plan.Topics) > 0 {
		r.findings.ok("topic.configs", "sizes, timestamps, retention, compression and replicas of the target do not stand in the way")
	}
	return true
}

// refused says that a change of a topic's plan is known to be refused, or waits for a decision.
func (r *routeCheck) refused(t *replicate.TopicPlan) bool {
	mine := r.targets[t.Decision.Target]
	if mine == nil || t.Problem != "" {
		return true
	}
	for _, change := range t.Action {
		op := map[replicate.ChangeKind]string{replicate.ChangeCreate: "Create", replicate.ChangeAddPartitions: "Alter",
			replicate.ChangeSetConfig: "AlterConfigs", replicate.ChangeRemoveConfig: "AlterConfigs"}[change.Kind]
		if mine.ops[op] == denied {
			return true
		}
	}
	return false
}

// names are the findings about which topics are copied.
func (r *routeCheck) names() {
	var create, alter int
	for _, t := range r.plan.Topics {
		switch {
		case len(t.Action) == 0:
		case t.Target == nil:
			create++
		default:
			alter++
		}
	}
	if len(r.plan.Topics) == 0 {
		r.findings.warn("route.topics", fmt.Sprintf("no topic of %s is selected at present, of those that %s may Describe", r.route.From, r.source.who()), "mirror plan --route "+r.route.Name+" says why for each")
	} else {
		r.findings.ok("route.topics", fmt.Sprintf("%s to copy, %d to create, %d to alter", count(len(r.plan.Topics), "topic"), create, alter))
	}
	for i, d := range r.plan.Refused {
		if i == maxNamed {
			r.findings.fail("route.refused", fmt.Sprintf("%d more topics are refused", len(r.plan.Refused)-i), "mirror plan --route "+r.route.Name+" names them")
			break
		}
		r.findings = append(r.findings, Finding{ID: "route.refused", Level: Fail, Kind: Problem, Text: fmt.Sprintf("topic %s is not copied: %s", d.Topic, d.Reason), Topics: []string{d.Topic}})
	}
	for _, w := range r.plan.Warnings {
		r.findings.warn("route.names", w)
	}
}

// obstacles are the findings about topics that cannot be copied. A permission that is missing has been told already.
func (r *routeCheck) obstacles() {
	said := 0
	for i := range r.plan.Topics {
		t := &r.plan.Topics[i]
		id, text := "", ""
		switch {
		case r.undescribed(t):
			continue
		case t.Problem != "":
			id, text = "topic.waits", t.Problem
			if t.ProblemKey != "" {
				id = topicID(t.ProblemKey)
			}
		case t.Occupied != "":
			id, text = "topic.occupied", t.Occupied
		case t.Short != "":
			id, text = "topic.partitions", t.Short
		default:
			continue
		}
		if said++; said > 4*maxNamed {
			continue
		}
		r.findings = append(r.findings, Finding{ID: id, Level: Fail, Kind: Problem, Text: text, Topics: []string{t.Decision.Topic}})
	}
	if more := said - 4*maxNamed; more > 0 {
		r.findings.fail("topic.waits", fmt.Sprintf("%d more topics wait", more), "mirror plan --route "+r.route.Name+" names them")
	}
}

// undescribed says that one of the two topics may not be described, so that nothing else is known of it.
func (r *routeCheck) undescribed(t *replicate.TopicPlan) bool {
	for _, mine := range []*topicRights{r.sources[t.Decision.Topic], r.targets[t.Decision.Target]} {
		if mine != nil && mine.ops["Describe"] == denied {
			return true
		}
	}
	return false
}

// warnings are the findings about configs. What is said of several topics is one finding.
func (r *routeCheck) warnings() {
	index := map[string]int{} // by text: the finding
	add := func(level Level, id, text string, t *replicate.TopicPlan, fix string) {
		at, ok := index[text]
		if !ok {
			at = len(r.findings)
			index[text] = at
			f := Finding{ID: id, Level: level, Text: text}
			if level == Fail {
				f.Kind = Problem
			}
			r.findings = append(r.findings, f)
		}
		f := &r.findings[at]
		f.Topics = append(f.Topics, t.Decision.Target)
		if fix != "" && !slices.Contains(f.Fix, fix) {
			f.Fix = append(f.Fix, fix)
		}
	}
	for i := range r.plan.Topics {
		t := &r.plan.Topics[i]
		var noted []string
		for _, n := range t.Notes {
			level := Warn
			if n.Refuses {
				level = Fail
			}
			add(level, topicID(n.Key), n.Text, t, r.configFix(t, n))
			noted = append(noted, n.Text)
		}
		for _, w := range t.Warnings {
			if !slices.Contains(noted, w) && !r.toldAsPermission(t) {
				add(Warn, "topic.configs", w, t, "")
			}
		}
	}
}

// toldAsPermission says that the topic's other warnings come from a permission that a finding names.
func (r *routeCheck) toldAsPermission(t *replicate.TopicPlan) bool {
	for _, side := range []struct {
		rights *topicRights
		ops    []string
	}{{r.sources[t.Decision.Topic], []string{"DescribeConfigs"}}, {r.targets[t.Decision.Target], []string{"Describe", "DescribeConfigs", "AlterConfigs"}}} {
		if side.rights != nil && slices.ContainsFunc(side.ops, func(op string) bool { return side.rights.ops[op] == denied }) {
			return true
		}
	}
	return false
}

// configFix is how the target topic gets a config that does not stand in the way.
func (r *routeCheck) configFix(t *replicate.TopicPlan, n replicate.Note) string {
	switch {
	case n.Want == "" || n.Want == "-1" && !strings.HasPrefix(n.Key, "retention"):
		return ""
	case t.Target == nil:
		return fmt.Sprintf("topic_defaults: {config: {%s: %q}} in route %s", n.Key, n.Want, r.route.Name)
	}
	return r.target.setTopicConfig(t.Decision.Target, n.Key, n.Want)
}

// topicID is the id of a finding about a config of topics: "topic.max-message-bytes".
func topicID(key string) string { return "topic." + strings.ReplaceAll(key, ".", "-") }
