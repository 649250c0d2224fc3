package replicate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

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

// TestSyncRefusedValue has the target refuse one config's value, in Kafka's words (ConfigDef, ConfigException).
func TestSyncRefusedValue(t *testing.T) {
	src, dst := newPlanCluster(t, "west"), newPlanCluster(t, "east")
	src.create(t, "orders", 2, map[string]string{"retention.ms": "5000", "segment.bytes": "12"})
	dst.create(t, "west.orders", 1, nil)
	dst.fake.ControlKey(int16(kmsg.IncrementalAlterConfigs), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		dst.fake.KeepControl()
		rr := kreq.(*kmsg.IncrementalAlterConfigsRequest).Resources[0]
		resp := kreq.ResponseKind().(*kmsg.IncrementalAlterConfigsResponse)
		st := kmsg.NewIncrementalAlterConfigsResponseResource()
		st.ResourceName, st.ErrorCode = rr.ResourceName, kerr.InvalidConfig.Code
		st.ErrorMessage = kmsg.StringPtr("Invalid value 12 for configuration segment.bytes: Value must be at least 1048576")
		resp.Resources = append(resp.Resources, st)
		return resp, nil, slices.ContainsFunc(rr.Configs, func(c kmsg.IncrementalAlterConfigsRequestResourceConfig) bool { return c.Name == "segment.bytes" })
	})
	records := newPlanRecords()
	records.keys["west.orders"] = nil
	orders := sync1(t, planDiscovery(planRoute(t, nil), src, dst, records, nil), records).Topics[0]
	wantLines(t, "target configs", dst.configs(t, "west.orders"), "retention.ms=5000")
	wantLines(t, "warnings", orders.Warnings, "its configs are not kept in step: INVALID_CONFIG (Invalid value 12 for configuration segment.bytes: Value must be at least 1048576); "+
		"give the config a value the target takes in topic_defaults.config, or switch sync.configs off")
	if len(orders.Target.Partitions) != 2 {
		t.Errorf("got %d partitions, want the added one seen at once", len(orders.Target.Partitions))
	}
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
