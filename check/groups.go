package check

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxGroups bounds how many groups are asked about one by one.
const maxGroups = 200

// lookAtGroupPositions asks for what sync.groups needs: Describe on the groups of the source, Read on those of the target.
func (r *routeCheck) lookAtGroupPositions(ctx context.Context) bool {
	groups := r.route.Sync.Groups
	if groups == nil {
		return true
	}
	named := map[string]bool{}
	for _, name := range groups.Named() {
		named[name] = true
	}
	asking, cancel := context.WithTimeout(ctx, askPatience)
	listed, err := kadm.NewClient(r.source.client).ListGroups(asking)
	cancel()
	if err != nil && len(listed) == 0 {
		return r.broken(r.source, err, "list consumer groups")
	}
	for name := range listed { // only those that may be described
		if groups.Takes(name) {
			named[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(named))
	names = names[:min(len(names), maxGroups)]
	examples := groups.Examples()
	return r.judgeGroups(ctx, r.source, "source.group", need{"Describe", true, "their positions are not seen and not carried over"}, names, examples) &&
		r.judgeGroups(ctx, r.target, "target.group", need{"Read", true, "their positions are not carried over"}, names, examples)
}

// judgeGroups tries an operation on groups that are there or named, and on made-up ones that the route's expressions
// select.
func (r *routeCheck) judgeGroups(ctx context.Context, c *cluster, prefix string, n need, names, examples []string) bool {
	try := c.tryGroup
	if n.op == "Describe" {
		try = c.tryDescribeGroup
	}
	found := map[verdict][]string{}
	for _, name := range names {
		v, err := try(ctx, name)
		if err != nil {
			return r.broken(c, err, "ask for permissions")
		}
		found[v] = append(found[v], name)
	}
	switch {
	case len(found[denied]) > 0:
		c.lacks(&r.findings, prefix, n, c.grant(n.op, "group", found[denied]...))
	case len(found[unknown]) > 0:
		r.findings.skip(aclID(prefix, n.op), fmt.Sprintf("whether %s may %s %s is not known: its brokers did not say", c.who(), n.op, groupsText(found[unknown])))
	case len(found[allowed]) > 0:
		r.findings = append(r.findings, Finding{ID: aclID(prefix, n.op), Level: OK, Text: n.op + " on " + groupsText(found[allowed]), Grant: c.grant(n.op, "group", found[allowed]...)})
	}
	for _, name := range examples {
		v, err := try(ctx, name)
		if err != nil {
			return r.broken(c, err, "ask for permissions")
		}
		if v == denied {
			g := c.grant(n.op, "group", "PREFIX")
			r.findings.warn(prefix+".acl.later", fmt.Sprintf("other groups that sync.groups selects (one called %s, for example) would be left out: %s may not %s them", name, c.who(), n.op),
				g.lines()[0]+" --resource-pattern-type prefixed")
			break
		}
	}
	return true
}

// tryDescribeGroup asks for positions of a group. Any broker judges the permission before it looks whether the group is
// one of its own.
func (c *cluster) tryDescribeGroup(ctx context.Context, group string) (verdict, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = group
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = group
	req.Groups = append(req.Groups, g)
	resp, err := c.ask(ctx, req)
	if err != nil {
		return unknown, err
	}
	answer := resp.(*kmsg.OffsetFetchResponse)
	code := answer.ErrorCode
	for _, g := range answer.Groups {
		code = g.ErrorCode
	}
	if code == kerr.GroupAuthorizationFailed.Code {
		return denied, nil
	}
	return judge(code), nil
}

func groupsText(names []string) string {
	if len(names) == 1 {
		return "group " + names[0]
	}
	return fmt.Sprintf("%d groups (%s)", len(names), some(names))
}
