package check

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"mirror/config"
)

// world is two embedded clusters with ACLs. The routes log in as user mirror.
type world struct {
	t          *testing.T
	west, east *kfake.Cluster
	src, dst   *kadm.Client // may do everything
	password   string
	westAt     string // addresses
	eastAt     string
	route      string // of the config, besides from and to
	history    History
}

const everything = "*"

// newWorld starts clusters whose user mirror has ACLs.
func newWorld(t *testing.T, west, east []kfake.ACL, opts ...kfake.Opt) *world {
	t.Helper()
	w := &world{t: t, password: "secret", route: "topics: [orders, payments]"}
	start := func(id string, acls []kfake.ACL) (*kfake.Cluster, *kadm.Client) {
		t.Helper()
		c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2), kfake.ClusterID(id), kfake.EnableSASL(), kfake.EnableACLs(),
			kfake.Superuser("PLAIN", "admin", "a"), kfake.User("PLAIN", "mirror", "secret", acls...)}, opts...)...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.SASL(plain.Auth{User: "admin", Pass: "a"}.AsMechanism()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		return c, kadm.NewClient(client)
	}
	w.west, w.src = start("id-of-west", west)
	w.east, w.dst = start("id-of-east", east)
	w.westAt, w.eastAt = addresses(w.west), addresses(w.east)
	return w
}

// topicACL allows operations on a topic, or on all.
func topicACL(name string, ops ...kmsg.ACLOperation) []kfake.ACL {
	var acls []kfake.ACL
	for _, op := range ops {
		acls = append(acls, kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true})
	}
	return acls
}

var (
	reads  = []kmsg.ACLOperation{kmsg.ACLOperationRead, kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs}
	writes = append([]kmsg.ACLOperation{kmsg.ACLOperationWrite, kmsg.ACLOperationCreate, kmsg.ACLOperationAlter, kmsg.ACLOperationAlterConfigs}, reads...)
	group  = kfake.ACL{Resource: kmsg.ACLResourceTypeGroup, Name: "__mirror_r", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationRead, Allow: true}
	onAll  = kfake.ACL{Resource: kmsg.ACLResourceTypeCluster, Name: "kafka-cluster", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationDescribeConfigs, Allow: true}
)

// readable and writable are all permissions of either side.
func readable() []kfake.ACL { return append(topicACL(everything, reads...), onAll) }
func writable() []kfake.ACL { return append(topicACL(everything, writes...), group, onAll) }

func without(acls []kfake.ACL, op kmsg.ACLOperation) []kfake.ACL {
	return slices.DeleteFunc(acls, func(a kfake.ACL) bool {
		return a.Operation == op && a.Resource == kmsg.ACLResourceTypeTopic
	})
}

func (w *world) create(admin *kadm.Client, topic string, partitions int32, configs ...string) {
	w.t.Helper()
	values := map[string]*string{}
	for _, pair := range configs {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = &value
	}
	if _, err := admin.CreateTopic(context.Background(), partitions, 2, values, topic); err != nil {
		w.t.Fatal(err)
	}
}

func addresses(c *kfake.Cluster) string {
	var quoted []string
	for _, addr := range c.ListenAddrs() {
		quoted = append(quoted, fmt.Sprintf("%q", addr))
	}
	return strings.Join(quoted, ", ")
}

func (w *world) config() *config.Config {
	w.t.Helper()
	login := fmt.Sprintf("sasl: {mechanism: PLAIN, username: mirror, password: %s}", w.password)
	text := fmt.Sprintf("name: m\nclusters:\n  west: {brokers: [%s], %s}\n  east: {brokers: [%s], %s}\nroutes:\n  - {name: r, from: west, to: east, %s}\n",
		w.westAt, login, w.eastAt, login, w.route)
	path := filepath.Join(w.t.TempDir(), "mirror.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return cfg
}

func (w *world) check() *Report {
	w.t.Helper()
	cfg := w.config()
	report, err := Run(w.t.Context(), Options{Config: cfg, Routes: cfg.Routes, Patience: 5 * time.Second,
		History: func(context.Context, *config.Cluster, *config.Route) (History, error) { return w.history, nil }})
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

// having are the findings of a level as "id text".
func having(report *Report, level Level) []string {
	var all []string
	for _, f := range report.All() {
		if f.Level == level {
			all = append(all, f.ID+" "+f.Text)
		}
	}
	return all
}

// wantOnly compares the findings of a level: one for each text, which it begins with.
func wantOnly(t *testing.T, report *Report, level Level, want ...string) {
	t.Helper()
	got := having(report, level)
	matches := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		matches = matches && strings.HasPrefix(got[i], want[i])
	}
	if !matches {
		t.Errorf("got %s %q, want %q", level, got, want)
	}
}

// closedListener keeps an address that a broker advertises and where nobody listens.
func closedListener(nth int) kfake.Opt {
	n := 0
	return kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if n++; err == nil && n == nth {
			err = l.Close()
		}
		return l, err
	})
}
