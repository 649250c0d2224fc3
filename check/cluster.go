package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"mirror/config"
	"mirror/kafka"
	"mirror/replicate"
)

// cluster is one cluster as a check sees it.
type cluster struct {
	config             *config.Cluster
	clientID           string // that of the daemon, since quotas go by it
	client             *kgo.Client
	dialer             *kafka.Dialer // bounded to requests that name topics; see newCluster
	isSource, isTarget bool
	watched            bool // the daemon looks at it for the page

	// Set by look.
	findings findings
	id       string // "" when the cluster did not answer
	version  string
	brokers  []replicate.Broker
	conn     *kafka.Conn // to a broker that can be reached, for single requests
}

// newCluster builds without connecting. Single requests are made in versions that still name topics: one that names a
// topic by its id cannot ask about a topic that is not there.
func newCluster(c *config.Cluster, clientID string, patience time.Duration) (*cluster, error) {
	client, err := kafka.NewClient(c, clientID, kgo.RetryTimeout(patience))
	if err != nil {
		return nil, err
	}
	bounds := kversion.Stable()
	bounds.SetMaxKeyVersion(keyProduce, 12)
	bounds.SetMaxKeyVersion(keyFetch, 12)
	dialer, err := kafka.NewDialer(c, clientID, kafka.WithMaxVersions(bounds), kafka.WithRequestTimeout(patience))
	if err != nil {
		client.Close()
		return nil, err
	}
	return &cluster{config: c, clientID: clientID, client: client, dialer: dialer}, nil
}

func (c *cluster) close() {
	c.client.Close()
	if c.conn != nil {
		c.conn.Close()
	}
}

func (c *cluster) report() ClusterReport {
	return ClusterReport{Name: c.config.Name, ID: c.id, Version: c.version, Brokers: len(c.brokers), Findings: c.findings}
}

// usable says whether the cluster answered.
func (c *cluster) usable() bool { return c.id != "" && c.conn != nil }

// look asks the cluster who it is and what it is like.
func (c *cluster) look(ctx context.Context, patience time.Duration) {
	asking, cancel := context.WithTimeout(ctx, patience)
	md, err := replicate.FetchMetadata(asking, c.client, []string{})
	cancel()
	if err != nil {
		c.findings.failAs(kindOf(err), "cluster.connect", c.explain(err, "connect"))
		return
	}
	c.brokers = slices.SortedFunc(maps.Values(md.Brokers), func(a, b replicate.Broker) int { return cmp.Compare(a.ID, b.ID) })
	if md.ClusterID == "" {
		c.findings.fail("cluster.id", "it does not tell its cluster id, which marks what is copied; its brokers are too old (before 0.10.1) or still starting")
		return
	}
	c.id = md.ClusterID
	c.findings.ok("cluster.connect", fmt.Sprintf("%s, cluster id %s", count(len(c.brokers), "broker"), c.id))
	c.dialAll(ctx, patience)
	if c.conn == nil {
		return
	}
	c.checkClock(ctx)
	c.checkQuotas(ctx)
	if c.watched {
		c.checkListing(ctx)
	}
}

func (c *cluster) explain(err error, what string) string { return kafka.Explain(err, c.config, what) }

// kindOf is what kind of failure an error is that ended a conversation with a cluster.
func kindOf(err error) Kind {
	var auth *kafka.AuthError
	for _, denied := range []error{kerr.SaslAuthenticationFailed, kerr.ClusterAuthorizationFailed, kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed} {
		if errors.Is(err, denied) {
			return Permission
		}
	}
	if errors.As(err, &auth) && auth.Refused {
		return Permission
	}
	return Unreachable
}

// count writes "1 partition", "2 partitions".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
