package check

import (
	"fmt"
	"slices"
	"strings"

	"mirror/config"
)

// need is an operation that a route wants on the topics of one side.
type need struct {
	op       string
	required bool   // without it the route does not work as configured
	without  string // what does not work then
}

func sourceNeeds(route *config.Route) []need {
	return []need{
		{"Describe", true, "they are not seen"},
		{"Read", true, "they are not copied"},
		{"DescribeConfigs", route.Sync.Configs, "their configs are not kept in step; sync.configs: false does without"},
	}
}

func targetNeeds(route *config.Route) []need {
	needs := []need{
		{"Describe", true, "they are not written to"},
		{"Read", true, "positions cannot be proved, and they are not written to"},
		{"Write", true, "they are not written to"},
		{"Create", true, "they cannot be created; topics that are there already do without"},
		{"DescribeConfigs", route.Sync.Configs, "their configs are not checked and not kept in step"},
	}
	if route.Sync.Partitions {
		needs = append(needs, need{"Alter", true, "partitions are not added; sync.partitions: false does without"})
	}
	if route.Sync.Configs {
		needs = append(needs, need{"AlterConfigs", true, "their configs are not kept in step; sync.configs: false does without"})
	}
	return needs
}

func checkpointNeeds() []need {
	return []need{
		{"Describe", true, "the route does not start"},
		{"Read", true, "the route does not start"},
		{"Write", true, "the route does not start"},
		{"Create", true, "it cannot be created"},
		{"DescribeConfigs", false, "whether it is compacted is not checked"},
	}
}

func operationsOf(needs []need) []string {
	ops := make([]string, len(needs))
	for i, n := range needs {
		ops[i] = n.op
	}
	return ops
}

// aclID is the id of a finding about an operation: "target.acl.alter-configs".
func aclID(prefix, op string) string {
	var b strings.Builder
	for i, r := range op {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return prefix + ".acl." + b.String()
}

// judgeNeeds makes findings of rights on topics. Create is needed only where a topic is not there.
func (c *cluster) judgeNeeds(f *findings, prefix string, needs []need, topics []string, rights map[string]*topicRights) {
	for _, n := range needs {
		var lacking, dark, fine []string
		for _, name := range topics {
			r := rights[name]
			if n.op == "Create" && !r.absent && r.ops["Describe"] == allowed {
				continue // it is there
			}
			switch r.ops[n.op] {
			case denied:
				lacking = append(lacking, name)
			case unknown:
				dark = append(dark, name)
			case allowed:
				fine = append(fine, name)
			}
		}
		slices.Sort(lacking)
		if len(lacking) > 0 {
			c.lacks(f, prefix, n, c.grant(n.op, "topic", lacking...))
		}
		if len(dark) > 0 {
			f.skip(aclID(prefix, n.op), fmt.Sprintf("whether %s may %s %s is not known: its brokers did not say", c.who(), n.op, topicsText(dark)))
		}
		if len(fine) > 0 && len(lacking) == 0 {
			*f = append(*f, Finding{ID: aclID(prefix, n.op), Level: OK, Text: fmt.Sprintf("%s on %s", n.op, topicsText(fine)),
				Grant: c.grant(n.op, "topic", fine...)})
		}
	}
}

// lacks adds the finding of a missing permission.
func (c *cluster) lacks(f *findings, prefix string, n need, g *Grant) {
	finding := Finding{ID: aclID(prefix, n.op), Level: Warn, Grant: g, Fix: g.lines(),
		Text: fmt.Sprintf("%s lacks %s on %s: %s", c.who(), n.op, g.on(), n.without)}
	if n.required {
		finding.Level, finding.Kind = Fail, Permission
	}
	if g.Resource == "topic" {
		finding.Topics = g.Names
	}
	*f = append(*f, finding)
}

func topicsText(names []string) string {
	if len(names) == 1 {
		return "topic " + names[0]
	}
	return fmt.Sprintf("%d topics (%s)", len(names), some(names))
}
