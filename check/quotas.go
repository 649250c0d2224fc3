package check

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// checkQuotas tells which quotas of the cluster slow the daemon down: it has the client id of this check.
func (c *cluster) checkQuotas(ctx context.Context) {
	const id = "cluster.quota"
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	found := map[string]string{} // by key
	for _, entity := range c.quotaEntities() {
		described, err := kadm.NewClient(c.client).DescribeClientQuotas(ctx, true, entity)
		switch {
		case errors.Is(err, kerr.ClusterAuthorizationFailed):
			c.findings.skip(id, fmt.Sprintf("not known: %s may not DescribeConfigs on the cluster", c.who()), c.grant("DescribeConfigs", "cluster").lines()...)
			return
		case err != nil:
			c.findings.skip(id, "not known: "+c.explain(err, "ask for quotas"))
			return
		}
		for _, quota := range described {
			for _, v := range quota.Values {
				if _, ok := found[v.Key]; !ok { // the entities come in the order in which brokers apply them
					found[v.Key] = fmt.Sprintf("%s is %g for %s", v.Key, v.Value, entityName(quota.Entity))
				}
			}
		}
	}
	limited := false
	for _, q := range []struct {
		key, slows string
		applies    bool
	}{
		{"consumer_byte_rate", "reading (bytes per second from each broker)", c.isSource},
		{"producer_byte_rate", "writing (bytes per second to each broker)", c.isTarget},
		{"request_percentage", "all requests (share of a broker's threads)", true},
		{"controller_mutation_rate", "creating topics and partitions", c.isTarget},
	} {
		if text, ok := found[q.key]; ok && q.applies {
			limited = true
			c.findings.warn(id, fmt.Sprintf("the quota %s: it slows %s", text, q.slows))
		}
	}
	if !limited {
		c.findings.ok(id, "no quota for "+c.who()+" or client id "+c.clientID)
	}
}

// quotaEntities are those whose quotas may apply to us, the most specific first: brokers take the first that has a value
// (ClientQuotaManager).
func (c *cluster) quotaEntities() [][]kadm.DescribeClientQuotaComponent {
	name, _ := principal(c.config)
	part := func(kind, name string) kadm.DescribeClientQuotaComponent {
		if name == "" {
			return kadm.DescribeClientQuotaComponent{Type: kind, MatchType: kmsg.QuotasMatchTypeDefault}
		}
		return kadm.DescribeClientQuotaComponent{Type: kind, MatchName: &name, MatchType: kmsg.QuotasMatchTypeExact}
	}
	user, client := name[len("User:"):], c.clientID
	return [][]kadm.DescribeClientQuotaComponent{
		{part("user", user), part("client-id", client)},
		{part("user", user), part("client-id", "")},
		{part("user", user)},
		{part("user", ""), part("client-id", client)},
		{part("user", ""), part("client-id", "")},
		{part("user", "")},
		{part("client-id", client)},
		{part("client-id", "")},
	}
}

func entityName(e kadm.ClientQuotaEntity) string {
	text := ""
	for _, part := range e {
		if text != "" {
			text += ", "
		}
		if part.Name == nil {
			text += "the default " + part.Type
		} else {
			text += part.Type + " " + *part.Name
		}
	}
	return text
}
