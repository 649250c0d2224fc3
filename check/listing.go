package check

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/kafka"
)

// checkListing tells whether the page shows all consumer groups of the cluster: brokers leave out those that we may not
// Describe without saying so, so that a missing permission looks like no groups.
func (c *cluster) checkListing(ctx context.Context) {
	const id = "cluster.groups"
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	all, err := kafka.MayDescribeCluster(ctx, c.client)
	if err == nil && all {
		c.findings.ok(id, "the page shows all consumer groups and the sizes of logs (Describe on the cluster)")
		return
	}
	listed, listErr := kadm.NewClient(c.client).ListGroups(ctx)
	switch {
	case listErr != nil && len(listed) == 0:
		c.findings.skip(id, "not known: "+c.explain(listErr, "list consumer groups"))
	case err != nil:
		c.findings.skip(id, fmt.Sprintf("%s; whether there are more is not known: its brokers do not say what %s may do (%s)", listedText(len(listed)), c.who(), c.explain(err, "ask for permissions")))
	default:
		c.findings.skip(id, fmt.Sprintf("%s: brokers show only those that %s may Describe, and do not say whether there are more; the page needs Describe on the cluster to show all", listedText(len(listed)), c.who()),
			c.grant("Describe", "cluster").lines()...)
	}
}

func listedText(n int) string {
	switch n {
	case 0:
		return "no consumer group is listed"
	case 1:
		return "1 consumer group is listed"
	}
	return fmt.Sprintf("%d consumer groups are listed", n)
}
