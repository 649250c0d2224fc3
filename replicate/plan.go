package replicate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mirror/config"
	"mirror/offsets"
	"mirror/rename"
)

// TopicPlan is what a route does about one source topic.
type TopicPlan struct {
	Decision   rename.Decision
	Source     *Topic // nil when the source no longer lists a topic that was copied before
	Target     *Topic // nil while the target has no such topic
	Action     []Change
	Problem    string   // why nothing of this topic can be copied now, and the way out; "" when all is well
	ProblemKey string   // the target's config that is the problem, if it is one
	Short      string   // why source partitions that the target lacks wait; the others are copied. "" when none are lacking for good
	Occupied   string   // why partitions wait whose target holds records of others, and the way out; only PlanRoute looks
	Warnings   []string // what is copied, but not quite as the source has it
	Notes      []Note   // those of the warnings that are about configs of the target topic

	Alike            []string // of an Existing target: configs that are set there as the source's are
	Existing         bool     // the target topic is there and no record of ours names it: it may hold somebody else's data
	MaxMessageBytes  int      // of the target topic, 0 when unknown
	AppendTime       bool     // the target stamps its own time
	SourceAppendTime bool     // the source stamps its own time
	Compacted        bool     // the source's cleanup.policy has compact
	SourceRetention  Retention
	SettingsKnown    bool // the source's configs could be read; Compacted and SourceAppendTime mean nothing otherwise
	KeepsName        bool // source and target name are the same

	recorded bool     // the target name has a config record of ours
	managed  []string // keys that the record names
	keys     []string // keys it names after the action
	unread   bool     // the configs of one side are not read yet; they are at the next look
}

// PartitionProblem says why one source partition cannot be copied now, or "".
func (t *TopicPlan) PartitionProblem(partition int32) string {
	switch {
	case t.Problem != "":
		return t.Problem
	case t.Target == nil:
		return fmt.Sprintf("target topic %s does not exist yet", t.Decision.Target)
	case int(partition) < len(t.Target.Partitions):
		return ""
	case t.Short != "":
		return t.Short
	}
	return fmt.Sprintf("target topic %s does not have partition %d yet", t.Decision.Target, partition)
}

// RoutePlan is what a route does, topic by topic, sorted by the source topic's name.
type RoutePlan struct {
	Topics   []TopicPlan
	Left     []rename.Decision // topics the route does not take, with the reason
	Refused  []rename.Decision // topics it would take, but whose target name is taken or impossible
	Warnings []string          // about the route; those about one topic are in its TopicPlan
	Problem  string            // why the route cannot run at all; Topics is empty then

	Source, Target *Metadata // what the plan was made from: brokers, leaders, cluster ids

	sourceSettings map[string]TopicSettings // configs of the source's topics; only in a plan of PlanRoute

	target *config.Cluster // whom to name when the target refuses something; nil outside Discovery
}

// LongestRetention is how old records of the route's source topics may be, 0 when a topic keeps them for ever or does not
// tell.
func (p *RoutePlan) LongestRetention() time.Duration {
	longest := time.Duration(0)
	for i := range p.Topics {
		after := p.Topics[i].SourceRetention.After
		if after < 0 {
			return 0
		}
		longest = max(longest, after)
	}
	return longest
}

// Changes says whether the plan changes anything on the target.
func (p *RoutePlan) Changes() bool {
	return slices.ContainsFunc(p.Topics, func(t TopicPlan) bool { return len(t.Action) > 0 })
}

// MakePlan compares the two sides of a route. It is pure: all it knows is in its arguments.
//
// managed holds, for each target topic that has a config record, the keys that we set there; a target topic that is not
// in it is not in our care and keeps its configs. copied holds, for each target name that was copied to before, the
// source topic it was copied from.
func MakePlan(route *config.Route, src, dst *Metadata, srcSettings, dstSettings map[string]TopicSettings, managed map[string][]string, copied map[string]string) *RoutePlan {
	return makePlan(planInput{route: route, src: src, dst: dst, srcSettings: srcSettings, dstSettings: dstSettings, managed: managed, copied: copied})
}

// planInput is all that a plan is made from.
type planInput struct {
	route                    *config.Route
	src, dst                 *Metadata
	srcSettings, dstSettings map[string]TopicSettings
	managed                  map[string][]string
	copied                   map[string]string
	unknown                  map[string]bool   // configs whose names the target's brokers do not know
	names                    *rename.Plan      // what the rules make of the topics, where it is known already
	held                     map[string]string // target topics whose configs are not altered for now, with the reason
}

func makePlan(in planInput) *RoutePlan {
	plan := &RoutePlan{Source: in.src, Target: in.dst}
	if plan.Problem = clusterProblem(in.route, in.src, in.dst); plan.Problem != "" {
		return plan
	}
	names := in.names
	if names == nil {
		fresh := in.route.Mapper.Plan(topicNames(in.src, in.copied), in.copied)
		names = &fresh
	}
	plan.Left, plan.Refused = slices.Clone(names.Left), slices.Clone(names.Refused)
	plan.Warnings = append(plan.Warnings, names.Warnings...)
	plan.Warnings = append(plan.Warnings, absentTopics(in.route, in.src, in.copied)...)
	for _, d := range names.Take {
		if in.src.Topics[d.Topic] == nil && in.copied[d.Target] != d.Topic {
			continue // copied once under a name that the rules no longer give, and gone
		}
		plan.Topics = append(plan.Topics, in.topic(d))
	}
	slices.SortFunc(plan.Topics, func(a, b TopicPlan) int { return strings.Compare(a.Decision.Topic, b.Decision.Topic) })
	return plan
}

// topicNames is sorted.
func topicNames(src *Metadata, copied map[string]string) []string {
	names := make(map[string]bool, len(src.Topics))
	for name := range src.Topics {
		names[name] = true
	}
	for _, name := range copied {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// clusterProblem refuses a pair of clusters that cannot be told apart: positions and the origin of batches are derived
// from the cluster id.
func clusterProblem(route *config.Route, src, dst *Metadata) string {
	for _, side := range []struct {
		name string
		md   *Metadata
	}{{route.From, src}, {route.To, dst}} {
		if side.md.ClusterID == "" {
			return fmt.Sprintf("cluster %s does not tell its cluster id, which the mirror needs to mark what it copies; its brokers are too old (before 0.10.1) or still starting", side.name)
		}
	}
	if src.ClusterID == dst.ClusterID {
		return fmt.Sprintf("clusters %s and %s are the same cluster, or two with the same id %s; check the brokers lists, "+
			"and if there are two (container images come with a default id), format one of them with an id of its own",
			route.From, route.To, src.ClusterID)
	}
	if offsets.Origin(src.ClusterID) == offsets.Origin(dst.ClusterID) {
		return fmt.Sprintf("the ids of clusters %s (%s) and %s (%s) shorten to the same origin, so the mirror could not tell their batches apart; format one of them with another id",
			route.From, src.ClusterID, route.To, dst.ClusterID)
	}
	return ""
}

// absentTopics warns of topics that the config names literally and that the source does not have. They may come later.
func absentTopics(route *config.Route, src *Metadata, copied map[string]string) []string {
	missing := slices.DeleteFunc(literalTopics(route), func(name string) bool { return src.Topics[name] != nil })
	if len(missing) == 0 {
		return nil
	}
	known := map[string]bool{} // one that was copied before is in the plan, with the reason why it waits
	for _, name := range copied {
		known[name] = true
	}
	var warnings []string
	for _, name := range missing {
		if !known[name] {
			warnings = append(warnings, fmt.Sprintf("topic %s is named in topics of route %s, but cluster %s does not have it; it is copied from its beginning when it appears", name, route.Name, route.From))
		}
	}
	return warnings
}

// literalTopics are the entries of the route's topics that are names and not regular expressions.
func literalTopics(route *config.Route) []string {
	var names []string
	for _, t := range route.Topics {
		if !strings.HasPrefix(t, "/") {
			names = append(names, t)
		}
	}
	return names
}
