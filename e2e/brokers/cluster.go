package brokers

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
)

// startLimit bounds how long nodes may take until the cluster answers. It is no measure: a busy machine starts slowly.
const startLimit = 3 * time.Minute

// Options says what cluster to start. The zero value is a single node with one plain listener.
type Options struct {
	Version    string            // of Kafka; Version for ""
	Nodes      int               // 1 (also for 0) or 3
	Properties map[string]string // broker properties; they win over the defaults
	Listeners  []Listener        // besides Plain
	Users      map[string]string // user to password, for the SASL listeners
	Authorizer bool              // only ANONYMOUS, that is the Plain listener, may do everything; others need ACLs
	Heap       string            // of each node; 400m for ""
	LongRun    bool              // as brokers run in production, for measuring; otherwise the JVM only starts fast
	Racks      []string          // broker.rack of each node in turn; with them, consumers may read from replicas in their rack (KIP-392)
}

// Cluster is a running cluster. Its methods are for one goroutine at a time, except Bootstrap and Client.
type Cluster struct {
	ID    string
	Certs *Certs // nil without an encrypted listener

	options Options
	kafka   Kafka
	dir     string
	nodes   []*node
}

// Start formats and starts a cluster and waits until it answers metadata with all its brokers.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.Version == "" {
		o.Version = Version
	}
	kafka, err := install(ctx, o.Version)
	if err != nil {
		return nil, err
	}
	o.Nodes = max(o.Nodes, 1)
	dir, err := os.MkdirTemp("", "mirror-kafka-")
	if err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	c := &Cluster{ID: newID(), options: o, kafka: kafka, dir: dir}
	if err := c.prepare(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.start(ctx); err != nil {
		err = fmt.Errorf("start cluster: %w\n%s", err, c.Logs(30))
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// newID is a cluster id as Kafka makes them: 16 random bytes in URL-safe base 64, not beginning with a dash.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] &= 0x7f
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// prepare chooses ports and writes each node's properties.
func (c *Cluster) prepare() error {
	listeners := []string{controllerListener, string(Plain)}
	for _, l := range c.options.Listeners {
		listeners = append(listeners, string(l))
		if l.encrypted() && c.Certs == nil {
			certs, err := newCerts(c.dir)
			if err != nil {
				return err
			}
			c.Certs = certs
		}
	}
	ports, err := freePorts(len(listeners) * c.options.Nodes)
	if err != nil {
		return err
	}
	var voters []string
	for i := range c.options.Nodes {
		n := &node{id: int32(i + 1), dir: filepath.Join(c.dir, fmt.Sprintf("node-%d", i+1)), ports: make(map[string]int)}
		for j, name := range listeners {
			n.ports[name] = ports[i*len(listeners)+j]
		}
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", n.id, n.ports[controllerListener]))
		c.nodes = append(c.nodes, n)
	}
	for _, n := range c.nodes {
		if err := n.write(c.properties(n, strings.Join(voters, ","))); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) properties(n *node, voters string) map[string]string {
	p := defaultProperties(c.options.Nodes)
	maps.Copy(p, listenerProperties(c.options, n, c.Certs))
	p["node.id"] = fmt.Sprint(n.id)
	p["controller.quorum.voters"] = voters
	p["log.dirs"] = n.data()
	if c.options.Authorizer {
		p["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
		p["super.users"] = "User:ANONYMOUS"
	}
	if len(c.options.Racks) > 0 {
		p["broker.rack"] = c.options.Racks[int(n.id-1)%len(c.options.Racks)]
		p["replica.selector.class"] = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
	}
	maps.Copy(p, c.options.Properties)
	return p
}

func (c *Cluster) start(ctx context.Context) error {
	var formats errgroup.Group
	for _, n := range c.nodes {
		formats.Go(func() error { return n.format(ctx, c.kafka, c.ID) })
	}
	if err := formats.Wait(); err != nil {
		return err
	}
	for _, n := range c.nodes {
		if err := n.start(c.kafka, c.jvmFlags()); err != nil {
			return err
		}
	}
	if err := c.WaitReady(ctx); err != nil {
		return err
	}
	return c.storePasswords(ctx)
}

func (c *Cluster) jvmFlags() []string {
	heap := cmp.Or(c.options.Heap, "400m")
	if c.options.LongRun {
		return longRun(heap)
	}
	return quickStart(heap)
}

// storePasswords gives every user its SCRAM credentials. A request may name a user only once, so each mechanism has its own.
func (c *Cluster) storePasswords(ctx context.Context) error {
	if len(c.options.Users) == 0 || !slices.ContainsFunc(c.options.Listeners, Listener.sasl) {
		return nil
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	for _, mechanism := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		var upserts []kadm.UpsertSCRAM
		for user, password := range c.options.Users {
			upserts = append(upserts, kadm.UpsertSCRAM{User: user, Mechanism: mechanism, Iterations: 4096, Password: password})
		}
		altered, err := kadm.NewClient(client).AlterUserSCRAMs(ctx, nil, upserts)
		if err == nil {
			err = altered.Error()
		}
		if err != nil {
			return fmt.Errorf("store passwords: %w", err)
		}
	}
	return nil
}

// Bootstrap is the comma-separated addresses of all nodes, running or not, on the Plain listener.
func (c *Cluster) Bootstrap() string { return c.BootstrapOf(Plain) }

// BootstrapOf is Bootstrap for another listener of the cluster.
func (c *Cluster) BootstrapOf(l Listener) string {
	return strings.Join(c.Addresses(l), ",")
}

// Addresses are the nodes' addresses on a listener.
func (c *Cluster) Addresses(l Listener) []string {
	var addresses []string
	for _, n := range c.nodes {
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", n.ports[string(l)]))
	}
	return addresses
}

// Client makes a client on the Plain listener, which may do everything. The caller closes it.
func (c *Cluster) Client(opts ...kgo.Opt) (*kgo.Client, error) {
	all := append([]kgo.Opt{kgo.SeedBrokers(c.Addresses(Plain)...), kgo.MetadataMinAge(100 * time.Millisecond)}, opts...)
	client, err := kgo.NewClient(all...)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	return client, nil
}

// Close kills the nodes and removes their data.
func (c *Cluster) Close() error {
	for _, n := range c.nodes {
		n.proc.Kill()
	}
	return os.RemoveAll(c.dir)
}
