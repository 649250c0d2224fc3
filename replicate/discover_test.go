package replicate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
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

func TestSyncCreatesAndFollows(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east", kfake.NumBrokers(1))
	src.create(t, "orders", 4, map[string]string{"cleanup.policy": "compact", "segment.ms": "7000", "unclean.leader.election.enable": "true", "message.timestamp.type": "LogAppendTime"})
	records, now := newPlanRecords(), time.Now()
	d := planDiscovery(planRoute(t, nil), src, dst, records, nil)
	d.now = func() time.Time { return now }

	plan := sync1(t, d, records)
	topic := plan.Topics[0]
	if topic.Target == nil || len(topic.Target.Partitions) != 4 || topic.Target.ID == ([16]byte{}) || topic.Existing || topic.Problem != "" || len(topic.Action) != 0 {
		t.Fatalf("got %+v after the creation, want the target topic and nothing to do", topic)
	}
	if !topic.Compacted || !topic.SourceAppendTime || topic.AppendTime || topic.MaxMessageBytes != 1048588 {
		t.Errorf("got facts %+v", topic)
	}
	wantLines(t, "records", records.takeLog(), "created west.orders [cleanup.policy segment.ms]", "intent west.orders [cleanup.policy segment.ms]")
	if records.created["west.orders"] != topic.Target.ID {
		t.Errorf("got id %x recorded, want %x", records.created["west.orders"], topic.Target.ID)
	}
	wantLines(t, "target configs", dst.configs(t, "west.orders"), "cleanup.policy=compact", "message.timestamp.type=CreateTime", "segment.ms=7000")

	// Partitions are seen at once, configs when they are read again.
	if _, err := src.adm.CreatePartitions(t.Context(), 2, "orders"); err != nil {
		t.Fatal(err)
	}
	src.set(t, "orders", "retention.ms", "5000")
	src.set(t, "orders", "segment.ms", "8000")
	src.change(t, "orders", kadm.AlterConfig{Op: kadm.DeleteConfig, Name: "cleanup.policy"})
	src.create(t, "clicks", 1, nil)
	plan = sync1(t, d, records)
	if n := dst.partitions(t, "west.orders"); n != 6 || len(plan.Topics) != 2 || len(plan.Topics[1].Target.Partitions) != 6 || plan.Topics[0].Target == nil {
		t.Errorf("got %d partitions and plan %+v, want 6 and both targets", n, plan.Topics)
	}
	wantLines(t, "target configs", dst.configs(t, "west.orders"), "cleanup.policy=compact", "message.timestamp.type=CreateTime", "segment.ms=7000")
	wantLines(t, "records", records.takeLog(), "created west.clicks []", "intent west.clicks []")

	now = now.Add(settingsAge)
	sync1(t, d, records)
	wantLines(t, "target configs", dst.configs(t, "west.orders"), "message.timestamp.type=CreateTime", "retention.ms=5000", "segment.ms=8000")
	wantLines(t, "records", records.takeLog(), "keys west.orders [cleanup.policy retention.ms segment.ms]", "keys west.orders [retention.ms segment.ms]")

	sync1(t, d, records)
	wantLines(t, "records when nothing changed", records.takeLog())
}

func TestRefreshIsReadOnlyAndCheap(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, nil)
	dst.create(t, "west.orders", 1, nil)
	records := newPlanRecords()
	d := planDiscovery(planRoute(t, nil), src, dst, records, nil)
	var requests []string
	for _, c := range []planCluster{src, dst} {
		c.fake.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
			c.fake.KeepControl()
			requests = append(requests, c.Config.Name+" "+kmsg.NameForKey(req.Key()))
			return nil, nil, false
		})
	}
	refresh := func() []string {
		requests = nil
		plan, err := d.Refresh(t.Context())
		if err != nil || len(plan.Topics) != 1 || plan.Changes() || !plan.Topics[0].Existing {
			t.Fatalf("got %+v, %v, want the one existing topic", plan, err)
		}
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

func TestSyncSourceTopicGone(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, nil)
	src.create(t, "clicks", 1, nil)
	for _, topics := range [][]string{{"/.*/"}, {"orders", "clicks"}} {
		records := newPlanRecords()
		d := planDiscovery(planRoute(t, func(r *config.Route) { r.Topics = topics }), src, dst, records, map[string]string{"west.orders": "orders", "west.clicks": "clicks"})
		if _, err := src.adm.DeleteTopics(t.Context(), "orders"); err != nil {
			t.Fatal(err)
		}
		plan := sync1(t, d, records)
		if len(plan.Topics) != 2 || plan.Topics[0].Problem != "" {
			t.Fatalf("got topics %+v, want clicks and orders", plan.Topics)
		}
		mentions(t, "problem", plan.Topics[1].Problem, "topic orders is gone from cluster west")
		if len(plan.Warnings) != 0 {
			t.Errorf("got warnings %q, want none", plan.Warnings)
		}
		src.create(t, "orders", 1, nil)
	}
}

func TestSyncCreateRefused(t *testing.T) {
	for _, tc := range []struct {
		err  *kerr.Error
		want string
	}{
		{kerr.TopicAuthorizationFailed, "the anonymous user (cluster east has no sasl and no client certificate in the config) is not authorised for Create on topic west.orders of cluster east; grant it, or create the topic by hand with 2 partitions"},
		{kerr.InvalidReplicationFactor, "set topic_defaults.replication_factor"},
		{kerr.PolicyViolation, "set what the cluster's policy wants in topic_defaults"},
		{kerr.InvalidConfig, "give that config a value the target takes"},
		{kerr.InvalidTopicException, "may differ only in . and _"},
		{kerr.UnknownServerError, "UNKNOWN_SERVER_ERROR"},
	} {
		t.Run(tc.err.Message, func(t *testing.T) {
			src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
			src.create(t, "orders", 2, nil)
			src.create(t, "clicks", 1, nil)
			fault := dst.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: "west.orders", Err: tc.err, Count: -1})
			records := newPlanRecords()
			d := planDiscovery(planRoute(t, nil), src, dst, records, nil)
			for range 2 {
				plan := sync1(t, d, records)
				if clicks := plan.Topics[0]; clicks.Target == nil || clicks.Problem != "" {
					t.Errorf("got %+v, want the other topic created", clicks)
				}
				mentions(t, "problem", plan.Topics[1].Problem, tc.want)
			}
			wantLines(t, "records", records.takeLog(), "created west.clicks []", "intent west.clicks []", "intent west.orders []")
			plan, err := d.Refresh(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			mentions(t, "problem at a refresh", plan.Topics[1].Problem, tc.want)

			fault.Remove()
			if orders := sync1(t, d, records).Topics[1]; orders.Problem != "" || orders.Target == nil {
				t.Errorf("got %+v, want it healed", orders)
			}
		})
	}
}

func TestSyncCreateNotController(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, nil)
	dst.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.NotController})
	records := newPlanRecords()
	if orders := sync1(t, planDiscovery(planRoute(t, nil), src, dst, records, nil), records).Topics[0]; orders.Target == nil || orders.Problem != "" {
		t.Errorf("got %+v, want the topic created at the second try", orders)
	}
}

// TestSyncCreateAnswerLost has the target make the topic and answer that the request timed out.
func TestSyncCreateAnswerLost(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, map[string]string{"retention.ms": "5000"})
	dst.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.RequestTimedOut})
	records := newPlanRecords()
	d := planDiscovery(planRoute(t, nil), src, dst, records, nil)
	mentions(t, "problem", sync1(t, d, records).Topics[0].Problem, "REQUEST_TIMED_OUT")
	if orders := sync1(t, d, records).Topics[0]; orders.Target == nil || orders.Problem != "" || orders.Existing {
		t.Errorf("got %+v, want the topic there and in our care", orders)
	}
	wantLines(t, "records", records.takeLog(), "intent west.orders [retention.ms]")
}

func TestSyncTopicAppearsMeanwhile(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 2, nil)
	records := newPlanRecords()
	d := planDiscovery(planRoute(t, nil), src, dst, records, nil)
	plan, err := d.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dst.create(t, "west.orders", 1, nil)
	if err := Apply(t.Context(), dst.Client, plan, records.record); err != nil {
		t.Fatal(err)
	}
	if plan.Topics[0].Problem != "" {
		t.Errorf("got problem %q, want none: the next look tells", plan.Topics[0].Problem)
	}
	if n := len(sync1(t, d, records).Topics[0].Target.Partitions); n != 2 {
		t.Errorf("got %d partitions, want the lacking one added", n)
	}
}

// TestApplyPartitionsAddedMeanwhile asks for partitions that somebody else has added since the look.
func TestApplyPartitionsAddedMeanwhile(t *testing.T) {
	dst := newPlanCluster(t, "east")
	dst.create(t, "west.orders", 4, nil)
	target := planTopicMeta("west.orders", 1, 1)
	plan := MakePlan(planRoute(t, nil), planMetadata("w", 1, planTopicMeta("orders", 2, 1)), planMetadata("e", 1, target),
		map[string]TopicSettings{"orders": planSettings()}, map[string]TopicSettings{"west.orders": planSettings()}, nil, nil)
	if err := Apply(t.Context(), dst.Client, plan, nil); err != nil {
		t.Fatal(err)
	}
	if len(plan.Topics[0].Action) != 1 || plan.Topics[0].Short != "" {
		t.Errorf("got %+v, want the partitions asked for and no reason to wait", plan.Topics[0])
	}
}

// TestSyncHeldWhileOthersChange has one topic refuse its configs while another one is created.
func TestSyncHeldWhileOthersChange(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, map[string]string{"retention.ms": "5000"})
	dst.create(t, "west.orders", 1, nil)
	fault := dst.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.IncrementalAlterConfigs}, Err: kerr.PolicyViolation, Count: -1})
	records := newPlanRecords()
	records.keys["west.orders"] = nil
	d := planDiscovery(planRoute(t, nil), src, dst, records, nil)
	for i := range 3 {
		plan := sync1(t, d, records)
		orders := plan.Topics[len(plan.Topics)-1]
		mentions(t, "warnings", strings.Join(orders.Warnings, " "), "its configs are not kept in step: POLICY_VIOLATION")
		src.create(t, fmt.Sprintf("clicks-%d", i), 1, nil)
	}
	if n := fault.Hits(); n != 1 {
		t.Errorf("got %d alterations tried, want 1 until the configs are read again", n)
	}
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

func TestSyncRecordFails(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, nil)
	records := newPlanRecords()
	records.fail = errors.New("no leader")
	d := planDiscovery(planRoute(t, nil), src, dst, records, nil)
	plan := sync1(t, d, records)
	mentions(t, "problem", plan.Topics[0].Problem, "the config record of target topic west.orders cannot be written: no leader")
	if plan.Topics[0].Target != nil {
		t.Error("the topic was created without a record of it")
	}
}

func TestSyncUnknownConfigName(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, map[string]string{"retention.ms": "5000", "new.fangled": "1", "new.odd": "2"})
	refuseNames(dst, "new.fangled", "new.odd")
	records, now := newPlanRecords(), time.Now()
	d := planDiscovery(planRoute(t, nil), src, dst, records, nil)
	d.now = func() time.Time { return now }

	orders := sync1(t, d, records).Topics[0]
	if orders.Target == nil || orders.Problem != "" {
		t.Fatalf("got %+v, want the topic created without the configs", orders)
	}
	wantLines(t, "warnings", orders.Warnings, "config new.fangled is left out, since the target's brokers do not know it", "config new.odd is left out, since the target's brokers do not know it")
	wantLines(t, "managed keys", records.keys["west.orders"], "retention.ms")

	// The same by an alteration, for a discovery that does not know yet.
	src.set(t, "orders", "retention.ms", "6000")
	d = planDiscovery(planRoute(t, nil), src, dst, records, nil)
	if plan := sync1(t, d, records); plan.Changes() {
		t.Errorf("got changes left: %v", plan.Topics[0].Action)
	}
	wantLines(t, "target configs", dst.configs(t, "west.orders"), "message.timestamp.type=CreateTime", "retention.ms=6000")
	wantLines(t, "managed keys", records.keys["west.orders"], "retention.ms")
}

// refuseNames has a cluster refuse configs by name, the first one it meets, in Kafka's words.
func refuseNames(c planCluster, names ...string) {
	refused := func(keys []string) *string {
		for _, name := range names {
			if slices.Contains(keys, name) {
				return kmsg.StringPtr("Unknown topic config name: " + name)
			}
		}
		return nil
	}
	c.fake.ControlKey(int16(kmsg.CreateTopics), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		var keys []string
		rt := kreq.(*kmsg.CreateTopicsRequest).Topics[0]
		for _, cfg := range rt.Configs {
			keys = append(keys, cfg.Name)
		}
		resp := kreq.ResponseKind().(*kmsg.CreateTopicsResponse)
		st := kmsg.NewCreateTopicsResponseTopic()
		st.Topic, st.ErrorCode, st.ErrorMessage = rt.Topic, kerr.InvalidConfig.Code, refused(keys)
		resp.Topics = append(resp.Topics, st)
		return resp, nil, st.ErrorMessage != nil
	})
	c.fake.ControlKey(int16(kmsg.IncrementalAlterConfigs), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		var keys []string
		rr := kreq.(*kmsg.IncrementalAlterConfigsRequest).Resources[0]
		for _, cfg := range rr.Configs {
			keys = append(keys, cfg.Name)
		}
		resp := kreq.ResponseKind().(*kmsg.IncrementalAlterConfigsResponse)
		st := kmsg.NewIncrementalAlterConfigsResponseResource()
		st.ResourceName, st.ErrorCode, st.ErrorMessage = rr.ResourceName, kerr.InvalidConfig.Code, refused(keys)
		resp.Resources = append(resp.Resources, st)
		return resp, nil, st.ErrorMessage != nil
	})
}

func TestSyncPermissions(t *testing.T) {
	const describe, describeConfigs = kmsg.ACLOperationDescribe, kmsg.ACLOperationDescribeConfigs
	src := newSecuredCluster(t, "west", allow(describe, "orders"), allow(describeConfigs, "orders"), allow(describe, "clicks"))
	dst := newSecuredCluster(t, "east", allow(describe, "west.orders"), allow(describeConfigs, "west.orders"),
		allow(describe, "west.clicks"), allow(kmsg.ACLOperationCreate, "west.clicks"))
	src.create(t, "orders", 4, map[string]string{"retention.ms": "6000"})
	src.create(t, "clicks", 1, map[string]string{"retention.ms": "6000"})
	src.create(t, "secret", 1, nil)
	src.create(t, "hidden", 1, nil)
	dst.create(t, "west.orders", 2, map[string]string{"retention.ms": "5000"})
	records := newPlanRecords()
	records.keys["west.orders"] = []string{"retention.ms"}
	d := planDiscovery(planRoute(t, func(r *config.Route) { r.Topics = []string{"/.*/", "secret"} }), src, dst, records, nil)

	for range 2 {
		plan := sync1(t, d, records)
		if len(plan.Topics) != 3 {
			t.Fatalf("got %d topics, want clicks, orders and secret, not hidden: %+v", len(plan.Topics), plan.Topics)
		}
		clicks, orders, secret := plan.Topics[0], plan.Topics[1], plan.Topics[2]
		if clicks.Target == nil || clicks.Problem != "" || clicks.SettingsKnown {
			t.Errorf("got %+v, want clicks created without its configs", clicks)
		}
		wantLines(t, "warnings of clicks", clicks.Warnings,
			"configs are not copied: user mirror is not authorised for DescribeConfigs on the topic of cluster west; grant it",
			"the configs of the target topic are not checked: user mirror is not authorised for DescribeConfigs on the topic of cluster east; grant it")
		mentions(t, "short", orders.Short, "add partitions to target topic west.orders: user mirror is not authorised for Alter on topic west.orders of cluster east; grant it, or add the partitions by hand")
		if orders.Problem != "" || orders.PartitionProblem(1) != "" || orders.PartitionProblem(2) != orders.Short {
			t.Errorf("got %+v, want only partitions 2 and 3 to wait", orders)
		}
		if !slices.Contains(orders.Warnings, "its configs are not kept in step: user mirror is not authorised for AlterConfigs on the topic of cluster east; grant it") {
			t.Errorf("got warnings %q of orders", orders.Warnings)
		}
		mentions(t, "problem of secret", secret.Problem, "user mirror is not authorised for Describe on topic secret of cluster west; grant it")
	}

	// Permissions that come later heal, those for configs within a minute.
	now := time.Now().Add(2 * settingsAge)
	d.now = func() time.Time { return now }
	grant(t, dst, "west.orders", kadm.OpAlter, kadm.OpAlterConfigs)
	orders := sync1(t, d, records).Topics[1]
	if len(orders.Action) != 0 || orders.Short != "" || len(orders.Target.Partitions) != 4 {
		t.Errorf("got %+v, want orders healed", orders)
	}
	if slices.ContainsFunc(orders.Warnings, func(w string) bool { return strings.Contains(w, "AlterConfigs") }) {
		t.Errorf("got warnings %q after the grant", orders.Warnings)
	}
	wantLines(t, "target configs", dst.configs(t, "west.orders"), "retention.ms=6000")
}

func grant(t *testing.T, c planCluster, topic string, ops ...kadm.ACLOperation) {
	t.Helper()
	acls := kadm.NewACLs().Topics(topic).ResourcePatternType(kadm.ACLPatternLiteral).Operations(ops...).Allow("User:mirror").AllowHosts("*")
	results, err := c.adm.CreateACLs(t.Context(), acls)
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
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
	dst.fake.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err = PlanRoute(ctx, planRoute(t, nil), src.Cluster, dst.Cluster, nil, nil); err == nil {
		t.Fatal("got no error for a cluster that is down")
	}
	var look *LookError
	if !errors.As(err, &look) || look.Cluster != dst.Config {
		t.Errorf("got %v, want it to name cluster east", err)
	}
}

func TestFetchMetadata(t *testing.T) {
	c := newPlanCluster(t, "west")
	c.create(t, "orders", 3, nil)
	c.create(t, "clicks", 1, nil)
	for _, tc := range []struct {
		name string
		ask  []string
		want []string
	}{
		{"all", nil, []string{"clicks", "orders"}},
		{"none", []string{}, nil},
		{"named", []string{"orders", "absent"}, []string{"orders"}},
	} {
		md, err := FetchMetadata(t.Context(), c.Client, tc.ask)
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, tc.name, slices.Sorted(maps.Keys(md.Topics)), tc.want...)
		if md.ClusterID != "id-of-west" || len(md.Brokers) != 3 || md.Brokers[md.Controller].Port == 0 {
			t.Errorf("%s: got %+v", tc.name, md)
		}
	}
	md, err := FetchMetadata(t.Context(), c.Client, []string{"orders"})
	if err != nil {
		t.Fatal(err)
	}
	orders := md.Topics["orders"]
	if orders.ID == ([16]byte{}) || orders.Replication != 2 || len(orders.Partitions) != 3 {
		t.Errorf("got %+v", orders)
	}
	for i, p := range orders.Partitions {
		if int(p.Partition) != i || md.Brokers[p.Leader].Host == "" || p.LeaderEpoch < 0 || p.Err != nil {
			t.Errorf("got partition %+v", p)
		}
	}
}

func TestFetchMetadataInChunks(t *testing.T) {
	c := newPlanCluster(t, "west")
	c.create(t, "orders", 1, nil)
	requests := 0
	c.fake.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		requests++
		if n := len(req.(*kmsg.MetadataRequest).Topics); n > metadataChunk || req.(*kmsg.MetadataRequest).AllowAutoTopicCreation {
			t.Errorf("got a request for %d topics that may create: %v", n, req)
		}
		return nil, nil, false
	})
	names := []string{"orders"}
	for i := range metadataChunk {
		names = append(names, fmt.Sprintf("absent-%d", i))
	}
	md, err := FetchMetadata(t.Context(), c.Client, names)
	if err != nil || len(md.Topics) != 1 || requests != 2 {
		t.Errorf("got %d topics in %d requests, %v, want 1 in 2", len(md.Topics), requests, err)
	}
}

// TestNewTopicMeta has answers that no sound broker gives.
func TestNewTopicMeta(t *testing.T) {
	topic := func(code int16, partitions ...int32) *Topic {
		rt := kmsg.NewMetadataResponseTopic()
		rt.Topic, rt.ErrorCode = kmsg.StringPtr("orders"), code
		for _, n := range partitions {
			p := kmsg.NewMetadataResponseTopicPartition()
			p.Partition = n
			rt.Partitions = append(rt.Partitions, p)
		}
		return newTopicMeta(&rt)
	}
	for _, tc := range []struct {
		name       string
		topic      *Topic
		partitions int
		want       string
	}{
		{"in any order", topic(0, 2, 0, 1), 3, ""},
		{"a hole", topic(0, 0, 2), 0, "lists partition 2 where partition 1 must be"},
		{"twice", topic(0, 0, 0), 0, "lists partition 0 where partition 1 must be"},
		{"negative", topic(0, -2147483648, 2147483647), 0, "lists partition -2147483648"},
		{"an error", topic(kerr.LeaderNotAvailable.Code, 0), 0, "LEADER_NOT_AVAILABLE"},
	} {
		got := ""
		if tc.topic.Err != nil {
			got = tc.topic.Err.Error()
		}
		mentions(t, tc.name, got, tc.want)
		if len(tc.topic.Partitions) != tc.partitions {
			t.Errorf("%s: got %d partitions, want %d", tc.name, len(tc.topic.Partitions), tc.partitions)
		}
	}
	if topic(kerr.UnknownTopicOrPartition.Code) != nil || topic(kerr.UnknownTopicID.Code) != nil || newTopicMeta(&kmsg.MetadataResponseTopic{}) != nil {
		t.Error("got a topic that does not exist")
	}
}

func TestTopicReplication(t *testing.T) {
	rt := kmsg.NewMetadataResponseTopic()
	rt.Topic = kmsg.StringPtr("orders")
	for i, replicas := range [][]int32{{1, 2, 3}, {1, 2}, {1, 2, 3}, nil} {
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Replicas = int32(i), replicas
		rt.Partitions = append(rt.Partitions, p)
	}
	if got := newTopicMeta(&rt).Replication; got != 2 {
		t.Errorf("got replication %d, want the smallest, 2", got)
	}
}

func TestNewTopicSettings(t *testing.T) {
	config := func(name, value string, source kmsg.ConfigSource, isDefault bool) kmsg.DescribeConfigsResponseResourceConfig {
		c := kmsg.NewDescribeConfigsResponseResourceConfig()
		c.Name, c.Value, c.Source, c.IsDefault = name, &value, source, isDefault
		return c
	}
	secret := config("secret", "", kmsg.ConfigSourceDynamicTopicConfig, false)
	secret.Value = nil
	configs := []kmsg.DescribeConfigsResponseResourceConfig{
		secret,
		config("segment.ms", "1", kmsg.ConfigSourceDynamicTopicConfig, false),
		config("segment.bytes", "2", kmsg.ConfigSourceStaticBrokerConfig, true),
		config("retention.ms", "3", kmsg.ConfigSourceDynamicBrokerConfig, true),
	}
	want := map[string]Setting{"segment.ms": {"1", true}, "retention.ms": {"3", false}}
	for _, version := range []int16{1, 0} {
		for i := range configs {
			if version == 0 { // has no source
				configs[i].Source = -1
			}
		}
		if got := newTopicSettings(version, configs); !got.known || !maps.Equal(got.Configs, want) {
			t.Errorf("v%d: got %+v, want %+v", version, got.Configs, want)
		}
	}
}

func TestChunkTopics(t *testing.T) {
	weights := []int{controllerWeight - 1, 1, 1, 2 * controllerWeight, 3}
	var topics []*TopicPlan
	for _, w := range weights {
		topics = append(topics, &TopicPlan{MaxMessageBytes: w})
	}
	var got []int
	for _, chunk := range chunkTopics(topics, func(t *TopicPlan) int { return t.MaxMessageBytes }) {
		got = append(got, len(chunk))
	}
	if want := []int{2, 1, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("got chunks of %v, want %v", got, want)
	}
}

func BenchmarkMakePlan(b *testing.B) {
	src, dst := planMetadata("w", 3), planMetadata("e", 3)
	srcSettings, dstSettings := map[string]TopicSettings{}, map[string]TopicSettings{}
	managed, copied := map[string][]string{}, map[string]string{}
	for i := range 10_000 {
		name := fmt.Sprintf("topic-%05d", i)
		target := "west." + name
		src.Topics[name], dst.Topics[target] = planTopicMeta(name, 4, 3), planTopicMeta(target, 4, 3)
		srcSettings[name], dstSettings[target] = planSettings("retention.ms=1000"), planSettings("retention.ms=1000")
		managed[target], copied[target] = []string{"retention.ms"}, name
	}
	route := planRoute(b, nil)
	for b.Loop() {
		if plan := MakePlan(route, src, dst, srcSettings, dstSettings, managed, copied); plan.Changes() || len(plan.Topics) != 10_000 {
			b.Fatal("the plan changes something")
		}
	}
}

// TestSyncRecordsReadBackLater has the caller's view of its records lag behind what was recorded.
func TestSyncRecordsReadBackLater(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, map[string]string{"retention.ms": "5000"})
	records := newPlanRecords()
	d := NewDiscovery(planRoute(t, nil), src.Cluster, dst.Cluster, func() map[string][]string { return nil }, func() map[string]string { return nil })
	if orders := sync1(t, d, records).Topics[0]; orders.Existing || len(orders.Action) != 0 {
		t.Errorf("got %+v, want the new topic in our care", orders)
	}
	plan, err := d.Refresh(t.Context())
	if err != nil || !plan.Topics[0].Existing {
		t.Errorf("got %+v, %v, want only the caller's records to count afterwards", plan, err)
	}
}

// TestSyncWaitsForConfigs has brokers that do not know a new topic yet when they are asked for its configs.
func TestSyncWaitsForConfigs(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, map[string]string{"cleanup.policy": "compact"})
	unknown := kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.UnknownTopicOrPartition}
	src.fake.Fault(unknown)
	dst.fake.Fault(unknown)
	records := newPlanRecords()
	d := planDiscovery(planRoute(t, nil), src, dst, records, nil)

	plan, err := d.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mentions(t, "problem", plan.Topics[0].Problem, "are not read yet")
	if plan.Changes() {
		t.Errorf("got %v, want nothing created before the source's configs are known", plan.Topics[0].Action)
	}
	src.fake.Fault(unknown)
	if orders := sync1(t, d, records).Topics[0]; orders.Problem != "" || orders.MaxMessageBytes == 0 {
		t.Errorf("got %+v, want the topic created and its configs checked", orders)
	}
	wantLines(t, "target configs", dst.configs(t, "west.orders"), "cleanup.policy=compact", "message.timestamp.type=CreateTime")
}

// TestReadSettingsStrangeAnswers has a broker that describes a topic it was not asked for.
func TestReadSettingsStrangeAnswers(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 1, nil)
	src.fake.ControlKey(int16(kmsg.DescribeConfigs), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
		for _, name := range []string{"other", "orders"} {
			r := kmsg.NewDescribeConfigsResponseResource()
			r.ResourceType, r.ResourceName, r.ErrorCode = kmsg.ConfigResourceTypeTopic, name, kerr.UnknownServerError.Code
			resp.Resources = append(resp.Resources, r)
		}
		return resp, nil, true
	})
	plan, err := PlanRoute(t.Context(), planRoute(t, nil), src.Cluster, dst.Cluster, nil, nil)
	if err != nil || len(plan.Topics) != 1 {
		t.Fatalf("got %+v, %v, want one topic", plan, err)
	}
	mentions(t, "warning", strings.Join(plan.Topics[0].Warnings, " "), "configs are not copied: UNKNOWN_SERVER_ERROR")
}
