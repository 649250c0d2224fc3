package e2e

import (
	"fmt"
	"strings"

	"mirror/e2e/brokers"
)

// route is a route of a config file between two clusters. Lines are added to it as they are.
type route struct {
	name   string
	topics []string
	lines  []string
}

// configOf is a config file with west and east and routes from west to east. westLines and eastLines are added to a cluster.
type configOf struct {
	west, east               *brokers.Cluster
	westBrokers, eastBrokers string // instead of the plain listener
	westLines, eastLines     []string
	listen                   string
	from, to                 string // cluster names of the routes; west and east if empty
	routes                   []route
}

func (c configOf) text() string {
	from, to := c.from, c.to
	if from == "" {
		from, to = "west", "east"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "name: e2e\nclusters:\n")
	writeCluster(&b, "west", orPlain(c.westBrokers, c.west), c.westLines)
	writeCluster(&b, "east", orPlain(c.eastBrokers, c.east), c.eastLines)
	fmt.Fprintf(&b, "routes:\n")
	for _, r := range c.routes {
		fmt.Fprintf(&b, "  - name: %s\n    from: %s\n    to: %s\n    refresh: 1s\n    topics:\n", r.name, from, to)
		for _, topic := range r.topics {
			fmt.Fprintf(&b, "      - %q\n", topic)
		}
		for _, line := range r.lines {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	fmt.Fprintf(&b, "web:\n  listen: %q\n", c.listen)
	return b.String()
}

func writeCluster(b *strings.Builder, name, bootstrap string, lines []string) {
	fmt.Fprintf(b, "  %s:\n    brokers:\n", name)
	for address := range strings.SplitSeq(bootstrap, ",") {
		fmt.Fprintf(b, "      - %q\n", address)
	}
	for _, line := range lines {
		fmt.Fprintf(b, "    %s\n", line)
	}
}

// orPlain is the cluster's plain listener unless another was chosen.
func orPlain(chosen string, c *brokers.Cluster) string {
	if chosen != "" {
		return chosen
	}
	return c.Bootstrap()
}
