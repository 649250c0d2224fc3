package replicate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"mirror/config"
	"mirror/rename"
)

// planCluster is an embedded cluster with a client of its own user and an admin client that may do everything.
type planCluster struct {
	Cluster
	fake *kfake.Cluster
	adm  *kadm.Client
}

func newPlanCluster(t *testing.T, name string, opts ...kfake.Opt) planCluster {
	t.Helper()
	fake, err := kfake.NewCluster(append([]kfake.Opt{kfake.ClusterID("id-of-" + name), kfake.NumBrokers(3)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	c := planCluster{fake: fake}
	c.Config = &config.Cluster{Name: name, Brokers: fake.ListenAddrs()}
	c.Client = planClient(t, fake)
	c.adm = kadm.NewClient(c.Client)
	return c
}

// newSecuredCluster has ACLs; the cluster's client is user mirror with the given permissions.
func newSecuredCluster(t *testing.T, name string, acls ...kfake.ACL) planCluster {
	t.Helper()
	c := newPlanCluster(t, name, kfake.EnableACLs(), kfake.EnableSASL(), kfake.Superuser("PLAIN", "admin", "a"), kfake.User("PLAIN", "mirror", "m", acls...))
	c.Config.SASL = &config.SASL{Mechanism: "PLAIN", Username: "mirror"}
	c.Client = planClient(t, c.fake, kgo.SASL(plain.Auth{User: "mirror", Pass: "m"}.AsMechanism()))
	c.adm = kadm.NewClient(planClient(t, c.fake, kgo.SASL(plain.Auth{User: "admin", Pass: "a"}.AsMechanism())))
	return c
}

func planClient(t *testing.T, fake *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(fake.ListenAddrs()...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func allow(op kmsg.ACLOperation, topic string) kfake.ACL {
	return kfake.ACL{Resource: kmsg.ACLResourceTypeTopic, Name: topic, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true}
}

func (c planCluster) create(t *testing.T, topic string, partitions int32, configs map[string]string) {
	t.Helper()
	values := map[string]*string{}
	for k, v := range configs {
		values[k] = &v
	}
	if _, err := c.adm.CreateTopic(t.Context(), partitions, 2, values, topic); err != nil {
		t.Fatal(err)
	}
}

func (c planCluster) set(t *testing.T, topic, key, value string) {
	t.Helper()
	c.change(t, topic, kadm.AlterConfig{Op: kadm.SetConfig, Name: key, Value: &value})
}

func (c planCluster) change(t *testing.T, topic string, change kadm.AlterConfig) {
	t.Helper()
	resps, err := c.adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{change}, topic)
	if err != nil || resps[0].Err != nil {
		t.Fatal(err, resps)
	}
}

// configs are the topic's own configs as "key=value".
func (c planCluster) configs(t *testing.T, topic string) []string {
	t.Helper()
	rcs, err := c.adm.DescribeTopicConfigs(t.Context(), topic)
	if err != nil || rcs[0].Err != nil {
		t.Fatal(err, rcs)
	}
	var set []string
	for _, cfg := range rcs[0].Configs {
		if cfg.Source == kmsg.ConfigSourceDynamicTopicConfig {
			set = append(set, cfg.Key+"="+*cfg.Value)
		}
	}
	slices.Sort(set)
	return set
}

func (c planCluster) partitions(t *testing.T, topic string) int {
	t.Helper()
	md, err := c.adm.Metadata(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return len(md.Topics[topic].Partitions)
}

// planRecords are the config records of a route, as the engine would keep them in the checkpoint topic.
type planRecords struct {
	mu      sync.Mutex
	keys    map[string][]string
	created map[string][16]byte
	log     []string
	fail    error
}

func newPlanRecords() *planRecords {
	return &planRecords{keys: map[string][]string{}, created: map[string][16]byte{}}
}

func (r *planRecords) record(target string, keys []string, created bool, id [16]byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	kind := "keys"
	if created {
		kind, r.created[target] = "intent", id
		if id != ([16]byte{}) {
			kind = "created"
		}
	}
	r.keys[target] = slices.Sorted(slices.Values(keys))
	r.log = append(r.log, fmt.Sprintf("%s %s %v", kind, target, r.keys[target]))
	return nil
}

func (r *planRecords) managed() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.keys)
}

// takeLog returns what was recorded since the last call.
func (r *planRecords) takeLog() []string {
	log := slices.Sorted(slices.Values(r.log))
	r.log = nil
	return log
}

func planDiscovery(route *config.Route, src, dst planCluster, records *planRecords, copied map[string]string) *Discovery {
	return NewDiscovery(route, src.Cluster, dst.Cluster, records.managed, func() map[string]string { return copied })
}

func sync1(t *testing.T, d *Discovery, records *planRecords) *RoutePlan {
	t.Helper()
	plan, err := d.Sync(t.Context(), records.record)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Problem != "" {
		t.Fatalf("got problem %q of the route", plan.Problem)
	}
	return plan
}

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %s %q, want %q", what, got, want)
	}
}

func TestRefreshIsReadOnlyAndCheap(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, nil)
	dst.create(t, "west.orders", 1, nil)
	records := newPlanRecords()
	d := planDiscovery(planRoute(t, nil), src, dst, records, nil)
	var mu sync.Mutex
	var requests []string // guarded by mu
	for _, c := range []planCluster{src, dst} {
		c.fake.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
			c.fake.KeepControl()
			mu.Lock()
			defer mu.Unlock()
			requests = append(requests, c.Config.Name+" "+kmsg.NameForKey(req.Key()))
			return nil, nil, false
		})
	}
	refresh := func() []string {
		mu.Lock()
		requests = nil
		mu.Unlock()
		plan, err := d.Refresh(t.Context())
		if err != nil || len(plan.Topics) != 1 || plan.Changes() || !plan.Topics[0].Existing {
			t.Fatalf("got %+v, %v, want the one existing topic", plan, err)
		}
		mu.Lock()
		defer mu.Unlock()
		return slices.DeleteFunc(requests, func(r string) bool { return strings.HasSuffix(r, "ApiVersions") })
	}
	wantLines(t, "first requests", refresh(), "west Metadata", "east Metadata", "west DescribeConfigs", "east DescribeConfigs")
	wantLines(t, "next requests", refresh(), "west Metadata", "east Metadata")

	// A topic that was created again has other configs.
	if _, err := src.adm.DeleteTopics(t.Context(), "orders"); err != nil {
		t.Fatal(err)
	}
	src.create(t, "orders", 1, nil)
	wantLines(t, "requests for a new topic", refresh(), "west Metadata", "east Metadata", "west DescribeConfigs")
}

// TestDiscoveryCopiedLater has a copy that becomes known after the first look keep its target name.
func TestDiscoveryCopiedLater(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, nil)
	src.create(t, "clicks", 1, nil)
	copied := map[string]string{}
	d := planDiscovery(planRoute(t, func(r *config.Route) { r.Rename = []rename.Rule{{To: "all"}} }), src, dst, newPlanRecords(), copied)
	for _, want := range []int{0, 1} {
		plan, err := d.Refresh(t.Context())
		if err != nil || len(plan.Topics) != want {
			t.Fatalf("got %+v, %v, want %d topics", plan, err, want)
		}
		copied["all"] = "clicks"
	}
}

func TestRefreshClusters(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east", kfake.ClusterID("id-of-west"))
	src.create(t, "orders", 1, nil)
	plan, err := PlanRoute(t.Context(), planRoute(t, nil), src.Cluster, dst.Cluster, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, "problem", plan.Problem, "the same cluster, or two with the same id id-of-west")

	dst = newPlanCluster(t, "east")
	dst.ID = "before"
	plan, err = PlanRoute(t.Context(), planRoute(t, nil), src.Cluster, dst.Cluster, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, "problem", plan.Problem, "the brokers of cluster east now belong to the cluster with id id-of-east, and to before before")

	dst.ID = ""
	dst.Client = planClient(t, dst.fake, kgo.RequestRetries(0))
	dst.fake.Close()
	if _, err = PlanRoute(t.Context(), planRoute(t, nil), src.Cluster, dst.Cluster, nil, nil); err == nil {
		t.Fatal("got no error for a cluster that is down")
	}
	var look *LookError
	if !errors.As(err, &look) || look.Cluster != dst.Config {
		t.Errorf("got %v, want it to name cluster east", err)
	}
}
