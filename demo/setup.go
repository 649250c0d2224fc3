package demo

import (
	"fmt"
	"net"
	"strings"
)

// configText is the configuration of the demo's mirror.
func configText(c *Clusters, listen string) string {
	return fmt.Sprintf(`name: demo
clusters:
  west:
    brokers: [%s]
  east:
    brokers: [%s]
routes:
  - from: west
    to: east
    topics: [orders, prices, pictures, "/clicks\\..*/"]
    rename:
%s    refresh: 1s
web:
  listen: %s
`, strings.Join(c.West.ListenAddrs(), ", "), strings.Join(c.East.ListenAddrs(), ", "), rules, listen)
}

// freeAddress returns the address, or one on loopback that is free now.
func freeAddress(address string) (string, error) {
	if address != "" {
		return address, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port on loopback: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}
