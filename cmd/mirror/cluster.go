package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/kafka"
	"mirror/replicate"
)

const (
	// clusterPatience is how long a command waits for a cluster to answer. The
	// daemon waits for ever; somebody who typed a command wants to hear why not.
	clusterPatience = 10 * time.Second
	clientID        = "mirror-cli"
)

// cluster is one side of a route as a command sees it.
type cluster struct {
	config *config.Cluster
	client *kgo.Client
	admin  *kadm.Client
	id     string
}

// connect opens a client and asks the cluster who it is, so that a cluster that
// cannot be used is told at once and with its name. close must be called.
func connect(ctx context.Context, c *config.Cluster) (*cluster, error) {
	client, err := kafka.NewClient(c, clientID, kgo.RetryTimeout(clusterPatience))
	if err != nil {
		return nil, clusterError(err, c, "connect")
	}
	admin := kadm.NewClient(client)
	id, err := askID(ctx, admin)
	if err != nil {
		go client.Close() // waits for a broker that may be silent, and the command ends
		if ctx.Err() != nil {
			return nil, ctx.Err() // interrupted
		}
		return nil, clusterError(err, c, "connect")
	}
	return &cluster{config: c, client: client, admin: admin, id: id}, nil
}

// askID asks a cluster for its id. A client that opens a connection does not look
// at the context before the broker has said something, so this does not wait for
// the client.
func askID(ctx context.Context, admin *kadm.Client) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, clusterPatience+clusterPatience/2)
	defer cancel()
	type answer struct {
		id  string
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		metadata, err := admin.BrokerMetadata(ctx)
		answers <- answer{metadata.Cluster, err}
	}()
	select {
	case a := <-answers:
		return a.id, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (c *cluster) close() { c.client.Close() }

// side is the cluster as the engine sees it.
func (c *cluster) side() replicate.Cluster {
	return replicate.Cluster{Config: c.config, Client: c.client, ID: c.id}
}

// connectRoute opens both sides of a route.
func connectRoute(ctx context.Context, cfg *config.Config, route *config.Route) (source, target *cluster, err error) {
	if source, err = connect(ctx, cfg.Clusters[route.From]); err != nil {
		return nil, nil, err
	}
	if target, err = connect(ctx, cfg.Clusters[route.To]); err != nil {
		source.close()
		return nil, nil, err
	}
	return source, target, nil
}

// clusterError says in one sentence what is wrong with a cluster, and with which
// exit code the command ends.
func clusterError(err error, c *config.Cluster, what string) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return withCode(clusterCode(err), errors.New(kafka.Explain(err, c, what)))
}

func clusterCode(err error) int {
	for _, denied := range []error{
		kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.SaslAuthenticationFailed,
	} {
		if errors.Is(err, denied) {
			return exitUnauthorised
		}
	}
	var auth *kafka.AuthError
	if errors.As(err, &auth) && auth.Refused {
		return exitUnauthorised
	}
	var (
		dial *kafka.DialError
		tls  *kafka.TLSError
		dns  *net.DNSError
		op   *net.OpError
	)
	if errors.As(err, &dial) || errors.As(err, &tls) || errors.As(err, &dns) || errors.As(err, &op) ||
		errors.As(err, &auth) || errors.Is(err, context.DeadlineExceeded) {
		return exitUnreachable
	}
	return exitFailed
}

// findRoute returns the named route, or the only one when no name is given.
func findRoute(cfg *config.Config, name string) (*config.Route, error) {
	var names []string
	for _, route := range cfg.Routes {
		if route.Name == name || (name == "" && len(cfg.Routes) == 1) {
			return route, nil
		}
		names = append(names, route.Name)
	}
	if len(names) == 0 {
		return nil, usageErrorf("the configuration has no routes: this mirror only looks at clusters")
	}
	if name == "" {
		return nil, usageErrorf("name one route with --route: %s", routesAre(names))
	}
	return nil, usageErrorf("there is no route %q: %s", name, routesAre(names))
}

// routesAre lists the routes that somebody may have meant.
func routesAre(names []string) string {
	if len(names) == 1 {
		return "the only one is " + cell(names[0])
	}
	return "there are " + cell(strings.Join(names, ", "))
}

// findRoutes returns the named route, or all.
func findRoutes(cfg *config.Config, name string) ([]*config.Route, error) {
	if name == "" {
		return cfg.Routes, nil
	}
	route, err := findRoute(cfg, name)
	return []*config.Route{route}, err
}

// routeTitle is how the outputs name a route.
func routeTitle(route *config.Route) string {
	return fmt.Sprintf("route %s: %s to %s", route.Name, route.From, route.To)
}
