package replicate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/config"
	"mirror/kafka"
	"mirror/rename"
)

// planRoute is a route from west to east for tests; edit changes it before the names are compiled.
func planRoute(t testing.TB, edit func(*config.Route)) *config.Route {
	t.Helper()
	r := &config.Route{Name: "west-to-east", From: "west", To: "east", Topics: []string{"/.*/"}, Sync: config.Sync{Configs: true, Partitions: true}}
	if edit != nil {
		edit(r)
	}
	m, err := rename.New(rename.Spec{Source: r.From, Target: r.To, Topics: r.Topics, Exclude: r.Exclude, Rules: r.Rename})
	if err != nil {
		t.Fatal(err)
	}
	r.Mapper = m
	return r
}

func planMetadata(id string, brokers int, topics ...*Topic) *Metadata {
	md := &Metadata{ClusterID: id, Brokers: map[int32]Broker{}, Topics: map[string]*Topic{}}
	for i := range brokers {
		md.Brokers[int32(i)] = Broker{ID: int32(i)}
	}
	for _, t := range topics {
		md.Topics[t.Name] = t
	}
	return md
}

func planTopicMeta(name string, partitions, replication int) *Topic {
	t := &Topic{Name: name, ID: [16]byte{1}, Replication: replication}
	for i := range partitions {
		t.Partitions = append(t.Partitions, PartitionMeta{Partition: int32(i)})
	}
	return t
}

// planSettings are the settings of a topic with Kafka's defaults; pairs are "key=value", set on the topic, or
// "key~value", inherited.
func planSettings(pairs ...string) TopicSettings {
	s := TopicSettings{known: true, Configs: map[string]Setting{
		"cleanup.policy": {Value: "delete"}, "max.message.bytes": {Value: "1048588"}, "message.timestamp.type": {Value: "CreateTime"},
		"compression.type": {Value: "producer"}, "retention.ms": {Value: "604800000"}, "retention.bytes": {Value: "-1"},
	}}
	for _, p := range pairs {
		if k, v, ok := strings.Cut(p, "="); ok {
			s.Configs[k] = Setting{Value: v, Dynamic: true}
		} else if k, v, ok := strings.Cut(p, "~"); ok {
			s.Configs[k] = Setting{Value: v}
		}
	}
	return s
}

func unknownSettings(why string) TopicSettings { return TopicSettings{why: why} }

func TestMakePlanTopic(t *testing.T) {
	type side struct {
		topic    *Topic
		settings TopicSettings
	}
	orders := func(partitions, replication int, pairs ...string) side {
		return side{planTopicMeta("orders", partitions, replication), planSettings(pairs...)}
	}
	copyOf := func(partitions, replication int, pairs ...string) side {
		return side{planTopicMeta("west.orders", partitions, replication), planSettings(pairs...)}
	}
	none := side{}
	with := func(s side, settings TopicSettings) side { s.settings = settings; return s }
	failing := func(s side, err error) side { s.topic.Err, s.topic.Partitions = err, nil; return s }
	defaults := func(replication int, pairs ...string) func(*config.Route) {
		return func(r *config.Route) {
			r.TopicDefaults = config.TopicDefaults{ReplicationFactor: replication, Config: map[string]string{}}
			for _, p := range pairs {
				k, v, _ := strings.Cut(p, "=")
				r.TopicDefaults.Config[k] = v
			}
		}
	}

	for _, tc := range []struct {
		name    string
		src     side
		dst     side
		brokers int // of the target, 3 when 0
		edit    func(*config.Route)
		managed []string // nil: no config record
		keys    []string // managed after the action

		action   []string
		problem  string   // part of it
		short    string   // part of it
		warnings []string // a part of each
	}{
		{
			name: "missing topic is created with the source's shape and dynamic configs", src: orders(8, 3, "retention.ms=1000", "cleanup.policy=compact"),
			action: []string{"create west.orders: 8 partitions, replication factor 3, cleanup.policy=compact, message.timestamp.type=CreateTime, retention.ms=1000"},
			keys:   []string{"cleanup.policy", "retention.ms"},
		}, {
			name: "inherited configs are not copied", src: orders(1, 1, "retention.ms~1000"),
			action: []string{"create west.orders: 1 partition, replication factor 1, message.timestamp.type=CreateTime"},
		}, {
			name: "replication factor is capped by the live brokers", src: orders(1, 3), brokers: 2,
			action:   []string{"create west.orders: 1 partition, replication factor 2, message.timestamp.type=CreateTime"},
			warnings: []string{"replication factor 2, the source has 3: cluster east has 2 live brokers"},
		}, {
			name: "unknown replication factor is left to the broker", src: orders(1, 0),
			action: []string{"create west.orders: 1 partition, the broker's default replication factor, message.timestamp.type=CreateTime"},
		}, {
			name: "topic_defaults win", src: orders(1, 1, "retention.ms=1000", "segment.ms=5"), edit: defaults(2, "retention.ms=2000", "segment.bytes=3000000"),
			action: []string{"create west.orders: 1 partition, replication factor 2, message.timestamp.type=CreateTime, retention.ms=2000, segment.bytes=3000000, segment.ms=5"},
			keys:   []string{"retention.ms", "segment.bytes", "segment.ms"},
		}, {
			name: "topic_defaults may ask for what does not travel", src: orders(1, 1, "unclean.leader.election.enable=true"), edit: defaults(0, "unclean.leader.election.enable=false", "message.timestamp.type=LogAppendTime"),
			action: []string{"create west.orders: 1 partition, replication factor 1, message.timestamp.type=LogAppendTime, unclean.leader.election.enable=false"},
			keys:   []string{"message.timestamp.type", "unclean.leader.election.enable"},
		}, {
			name: "topic_defaults ask for more replicas than brokers", src: orders(1, 1), edit: defaults(4),
			problem: "topic_defaults.replication_factor is 4 and cluster east has 3 live brokers; start more brokers or lower it",
		}, {
			name: "min.insync.replicas is capped", src: orders(1, 3, "min.insync.replicas=2"), brokers: 1,
			action:   []string{"create west.orders: 1 partition, replication factor 1, message.timestamp.type=CreateTime, min.insync.replicas=1"},
			keys:     []string{"min.insync.replicas"},
			warnings: []string{"replication factor 1", "min.insync.replicas 1 instead of 2"},
		}, {
			name: "what must not travel stays", src: orders(1, 1, "leader.replication.throttled.replicas=*", "follower.replication.throttled.replicas=0:1", "unclean.leader.election.enable=true",
				"message.timestamp.type=LogAppendTime", "message.timestamp.after.max.ms=1", "message.timestamp.before.max.ms=1", "message.timestamp.difference.max.ms=1", "message.format.version=2.8",
				"remote.storage.enable=true", "remote.log.copy.disable=true", "local.retention.ms=5", "local.retention.bytes=5", "confluent.tier.enable=true", "redpanda.remote.read=true"),
			action: []string{"create west.orders: 1 partition, replication factor 1, message.timestamp.type=CreateTime"},
		}, {
			name: "sync.configs off creates with topic_defaults only", src: orders(1, 1, "retention.ms=1000"),
			edit:   func(r *config.Route) { defaults(0, "segment.ms=5")(r); r.Sync.Configs = false },
			action: []string{"create west.orders: 1 partition, replication factor 1, message.timestamp.type=CreateTime, segment.ms=5"}, keys: []string{"segment.ms"},
		}, {
			name: "source configs may not be read", src: with(orders(1, 1), unknownSettings("user mirror is not authorised")), edit: defaults(0, "segment.ms=5"),
			action: []string{"create west.orders: 1 partition, replication factor 1, message.timestamp.type=CreateTime, segment.ms=5"}, keys: []string{"segment.ms"},
			warnings: []string{"configs are not copied: user mirror is not authorised"},
		}, {
			name: "all alike", src: orders(4, 1, "retention.ms=1000"), dst: copyOf(4, 1, "retention.ms=1000"), managed: []string{"retention.ms"}, keys: []string{"retention.ms"},
		}, {
			name: "partitions are added", src: orders(8, 1), dst: copyOf(4, 1), action: []string{"add partitions to west.orders: 4 → 8"},
		}, {
			name: "more partitions on the target are fine", src: orders(4, 1), dst: copyOf(8, 1),
		}, {
			name: "partitions are not added when switched off", src: orders(8, 1), dst: copyOf(4, 1), edit: func(r *config.Route) { r.Sync.Partitions = false },
			short: "target topic west.orders has 4 partitions and the source has 8; set sync.partitions, or add them by hand",
		}, {
			name: "a managed config follows the source", src: orders(1, 1, "retention.ms=2000"), dst: copyOf(1, 1, "retention.ms=1000"), managed: []string{"retention.ms"}, keys: []string{"retention.ms"},
			action: []string{"alter retention.ms of west.orders: 1000 → 2000"},
		}, {
			name: "a config that appears at the source is set", src: orders(1, 1, "segment.ms=5"), dst: copyOf(1, 1, "segment.ms~9"), managed: []string{}, keys: []string{"segment.ms"},
			action: []string{"alter segment.ms of west.orders: 9 (inherited) → 5"},
		}, {
			name: "an override removed at the source is removed", src: orders(1, 1), dst: copyOf(1, 1, "retention.ms=1000"), managed: []string{"retention.ms"},
			action: []string{"remove retention.ms from west.orders (was 1000)"},
		}, {
			name: "a config that somebody set at the target is left alone", src: orders(1, 1, "segment.ms=5"), dst: copyOf(1, 1, "segment.ms=6", "segment.bytes=7"), managed: []string{},
			warnings: []string{"somebody set segment.ms to 6 on the target topic, where it should be 5"},
		}, {
			name: "a managed config removed at the target by hand is set again", src: orders(1, 1, "segment.ms=5"), dst: copyOf(1, 1), managed: []string{"segment.ms"}, keys: []string{"segment.ms"},
			action: []string{"alter segment.ms of west.orders: unset → 5"},
		}, {
			name: "a key gone on both sides is forgotten", src: orders(1, 1), dst: copyOf(1, 1), managed: []string{"segment.ms"},
			action: []string{"update the list of configs managed on west.orders"},
		}, {
			name: "values that mean the same are the same", src: orders(1, 1, "cleanup.policy=compact,delete"), dst: copyOf(1, 1, "min.cleanable.dirty.ratio=0.2", "preallocate=false", "cleanup.policy=delete,compact"),
			edit:    defaults(0, "min.cleanable.dirty.ratio=0.20", "preallocate=FALSE", "cleanup.policy=delete, compact"),
			managed: []string{"cleanup.policy", "min.cleanable.dirty.ratio", "preallocate"}, keys: []string{"cleanup.policy", "min.cleanable.dirty.ratio", "preallocate"},
		}, {
			name: "a topic that is not in our care keeps its configs", src: orders(1, 1, "segment.ms=5"), dst: copyOf(1, 1, "segment.bytes=7"),
		}, {
			name: "sync.configs off alters nothing", src: orders(1, 1, "segment.ms=5"), dst: copyOf(1, 1), managed: []string{"segment.ms"}, keys: []string{"segment.ms"},
			edit: func(r *config.Route) { r.Sync.Configs = false },
		}, {
			name: "min.insync.replicas is capped on an existing topic", src: orders(1, 3, "min.insync.replicas=2"), dst: copyOf(1, 1, "min.insync.replicas=1"), managed: []string{"min.insync.replicas"}, keys: []string{"min.insync.replicas"},
			warnings: []string{"min.insync.replicas 1 instead of 2"},
		}, {
			name: "compact on the target alone", src: orders(1, 1), dst: copyOf(1, 1, "cleanup.policy=compact"), managed: []string{},
			problem: "records without a key would be refused, and older records of a key removed; make them alike (kafka-configs --alter --entity-type topics --entity-name west.orders --add-config cleanup.policy=delete)",
		}, {
			name: "compact on the target alone, ours to mend", src: orders(1, 1), dst: copyOf(1, 1, "cleanup.policy=compact"), managed: []string{"cleanup.policy"},
			action: []string{"remove cleanup.policy from west.orders (was compact)"},
		}, {
			name: "a waiting topic is not changed", src: orders(8, 1, "segment.ms=5"), dst: copyOf(4, 1, "cleanup.policy=compact"), managed: []string{}, problem: "cleanup.policy=compact",
		}, {
			name: "compact at the source alone", src: orders(1, 1, "cleanup.policy=compact"), dst: copyOf(1, 1), warnings: []string{"the target does not keep the last record of every key"},
		}, {
			name: "the target deletes and the source does not", src: orders(1, 1, "cleanup.policy=compact"), dst: copyOf(1, 1, "cleanup.policy=compact,delete"), warnings: []string{"deletes records by age or size, the source does not"},
		}, {
			name: "target stamps its own time", src: orders(1, 1), dst: copyOf(1, 1, "message.timestamp.type=LogAppendTime"),
			problem: "add append_time to allow of route west-to-east",
		}, {
			name: "target stamps its own time, allowed", src: orders(1, 1), dst: copyOf(1, 1, "message.timestamp.type=LogAppendTime"), edit: func(r *config.Route) { r.AllowAppendTime = true },
			warnings: []string{"its brokers replace the records' timestamps"},
		}, {
			name: "smaller batches, shorter retention, recompression", src: orders(1, 1, "max.message.bytes=2000000"), dst: copyOf(1, 1, "retention.ms=1000", "retention.bytes=5", "compression.type=gzip"),
			warnings: []string{"max.message.bytes is 1048588 on the target and 2000000 at the source", "retention.ms is 1000", "retention.bytes is 5 on the target and -1", "compression.type is gzip"},
		}, {
			name: "larger limits on the target are fine", src: orders(1, 1, "max.message.bytes=1000", "retention.ms=5"), dst: copyOf(1, 1, "retention.ms=-1"),
		}, {
			name: "the target takes fewer timestamps", src: orders(1, 1, "message.timestamp.after.max.ms~9223372036854775807"), dst: copyOf(1, 1, "message.timestamp.after.max.ms~3600000", "message.timestamp.before.max.ms~1000"),
			warnings: []string{"message.timestamp.before.max.ms is 1000", "message.timestamp.after.max.ms is 3600000"},
		}, {
			name: "records stamped by the source's brokers are not in the future", src: orders(1, 1, "message.timestamp.type=LogAppendTime"), dst: copyOf(1, 1, "message.timestamp.after.max.ms~3600000"),
		}, {
			name: "older brokers have one limit for both", src: orders(1, 1), dst: copyOf(1, 1, "message.timestamp.difference.max.ms=1000"),
			warnings: []string{"message.timestamp.before.max.ms is 1000", "message.timestamp.after.max.ms is 1000"},
		}, {
			name: "target configs may not be read", src: orders(8, 1), dst: with(copyOf(4, 1), unknownSettings("no permission")), managed: []string{"a"}, keys: []string{"a"},
			action: []string{"add partitions to west.orders: 4 → 8"}, warnings: []string{"the configs of the target topic are not checked: no permission"},
		}, {
			name: "source may not be described", src: failing(orders(1, 1), &deniedError{op: "Describe", topic: "orders", cluster: &config.Cluster{Name: "west", SASL: &config.SASL{Username: "mirror"}}, cause: kerr.TopicAuthorizationFailed}),
			problem: "user mirror is not authorised for Describe on topic orders of cluster west",
		}, {
			name: "target may not be described", src: orders(1, 1), dst: failing(copyOf(1, 1), kerr.TopicAuthorizationFailed), problem: "not authorised for Describe on topic west.orders",
		}, {
			name: "another error of a topic", src: failing(orders(1, 1), kerr.LeaderNotAvailable), problem: "cluster west cannot serve topic orders: LEADER_NOT_AVAILABLE",
		}, {
			name: "no partitions", src: orders(0, 0), problem: "has no partitions yet",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			brokers := tc.brokers
			if brokers == 0 {
				brokers = 3
			}
			src, dst := planMetadata("w", 3, tc.src.topic), planMetadata("e", brokers)
			dstSettings, managed := map[string]TopicSettings{}, map[string][]string{}
			if tc.dst.topic != none.topic {
				dst.Topics["west.orders"], dstSettings["west.orders"] = tc.dst.topic, tc.dst.settings
			}
			if tc.managed != nil {
				managed["west.orders"] = tc.managed
			}
			plan := MakePlan(planRoute(t, tc.edit), src, dst, map[string]TopicSettings{"orders": tc.src.settings}, dstSettings, managed, nil)
			if plan.Problem != "" || len(plan.Topics) != 1 {
				t.Fatalf("got problem %q and %d topics, want one topic", plan.Problem, len(plan.Topics))
			}
			got := plan.Topics[0]
			var action []string
			for _, c := range got.Action {
				action = append(action, c.String())
			}
			if !slices.Equal(action, tc.action) {
				t.Errorf("got action %q, want %q", action, tc.action)
			}
			if !sameKeys(got.keys, tc.keys) {
				t.Errorf("got managed keys %q, want %q", got.keys, tc.keys)
			}
			mentions(t, "problem", got.Problem, tc.problem)
			mentions(t, "short", got.Short, tc.short)
			if len(got.Warnings) != len(tc.warnings) {
				t.Fatalf("got warnings %q, want %q", got.Warnings, tc.warnings)
			}
			for i, w := range got.Warnings {
				mentions(t, "warning", w, tc.warnings[i])
			}
			if want := tc.dst.topic != nil && tc.managed == nil && tc.dst.topic.Err == nil; got.Existing != want {
				t.Errorf("got existing %v, want %v", got.Existing, want)
			}
		})
	}
}

func mentions(t *testing.T, what, got, want string) {
	t.Helper()
	if want == "" && got != "" || !strings.Contains(got, want) {
		t.Errorf("got %s %q, want it to say %q", what, got, want)
	}
}

func TestMakePlanFacts(t *testing.T) {
	src := planMetadata("w", 1, planTopicMeta("orders", 1, 1))
	dst := planMetadata("e", 1, planTopicMeta("orders", 1, 1))
	route := planRoute(t, func(r *config.Route) { r.Rename = []rename.Rule{{To: "{topic}"}}; r.AllowAppendTime = true })
	got := MakePlan(route, src, dst,
		map[string]TopicSettings{"orders": planSettings("cleanup.policy=compact,delete", "message.timestamp.type=LogAppendTime")},
		map[string]TopicSettings{"orders": planSettings("cleanup.policy=compact,delete", "message.timestamp.type=LogAppendTime", "max.message.bytes=77")}, nil, nil).Topics[0]
	if !got.Compacted || !got.SourceAppendTime || !got.AppendTime || !got.KeepsName || !got.SettingsKnown || got.MaxMessageBytes != 77 {
		t.Errorf("got %+v", got)
	}
}

func TestMakePlanUnread(t *testing.T) {
	src, dst := planMetadata("w", 1, planTopicMeta("orders", 1, 1)), planMetadata("e", 1, planTopicMeta("west.orders", 1, 1))
	known := map[string]TopicSettings{"orders": planSettings(), "west.orders": planSettings()}
	for _, tc := range []struct {
		name         string
		source, dest map[string]TopicSettings
		want         bool
	}{
		{"both read", known, known, false},
		{"source not read", nil, known, true},
		{"target not read", known, nil, true},
	} {
		got := MakePlan(planRoute(t, nil), src, dst, tc.source, tc.dest, nil, nil).Topics[0]
		if got.unread != tc.want || (got.Problem != "") != tc.want {
			t.Errorf("%s: got unread %v, problem %q, want %v", tc.name, got.unread, got.Problem, tc.want)
		}
	}
}

func TestMakePlanClusters(t *testing.T) {
	for _, tc := range []struct{ name, src, dst, want string }{
		{"different", "w", "e", ""},
		{"same", "x", "x", "are the same cluster, or two with the same id x"},
		{"source silent", "", "e", "cluster west does not tell its cluster id"},
		{"target silent", "w", "", "cluster east does not tell its cluster id"},
		{"origins collide", "c17439", "c24164", "shorten to the same origin"},
	} {
		plan := MakePlan(planRoute(t, nil), planMetadata(tc.src, 1), planMetadata(tc.dst, 1), nil, nil, nil, nil)
		mentions(t, tc.name, plan.Problem, tc.want)
	}
}

func TestMakePlanNames(t *testing.T) {
	src := planMetadata("w", 1, planTopicMeta("a", 1, 1), planTopicMeta("b", 1, 1), planTopicMeta("__consumer_offsets", 1, 1), planTopicMeta("c.tmp", 1, 1))
	route := planRoute(t, func(r *config.Route) {
		r.Topics, r.Exclude = []string{"/[ab].*|gone|moved|c.*/", "late"}, []string{"/.*\\.tmp/"}
		r.Rename = []rename.Rule{{Match: "/[ab]/", To: "ab"}, {To: "{topic}"}}
	})
	settings := map[string]TopicSettings{"a": planSettings(), "b": planSettings()}
	plan := MakePlan(route, src, planMetadata("e", 1), settings, nil, nil, map[string]string{"ab": "b", "gone": "gone", "old.name": "goner", "old.moved": "moved"})

	var take, left, refused []string
	for _, p := range plan.Topics {
		take = append(take, p.Decision.Topic+">"+p.Decision.Target)
	}
	for _, d := range plan.Left {
		left = append(left, d.Topic)
	}
	for _, d := range plan.Refused {
		refused = append(refused, d.Topic)
	}
	if want := []string{"b>ab", "gone>gone"}; !slices.Equal(take, want) {
		t.Errorf("got topics %q, want %q", take, want)
	}
	if want := []string{"__consumer_offsets", "c.tmp", "goner"}; !slices.Equal(left, want) {
		t.Errorf("got left %q, want %q", left, want)
	}
	if want := []string{"a"}; !slices.Equal(refused, want) {
		t.Errorf("got refused %q, want %q", refused, want)
	}
	gone := plan.Topics[1]
	if gone.Source != nil {
		t.Errorf("got source %v of a topic that is gone", gone.Source)
	}
	mentions(t, "problem", gone.Problem, "topic gone is gone from cluster west; what was copied stays in gone")
	if len(plan.Warnings) != 1 {
		t.Fatalf("got warnings %q, want one", plan.Warnings)
	}
	mentions(t, "warning", plan.Warnings[0], "topic late is named in topics of route west-to-east, but cluster west does not have it")
}

func TestPartitionProblem(t *testing.T) {
	four := planTopicMeta("west.orders", 4, 1)
	d := rename.Decision{Topic: "orders", Target: "west.orders"}
	for _, tc := range []struct {
		name string
		plan TopicPlan
		want string
	}{
		{"fine", TopicPlan{Decision: d, Target: planTopicMeta("west.orders", 5, 1)}, ""},
		{"topic waits", TopicPlan{Decision: d, Target: four, Problem: "why"}, "why"},
		{"no target", TopicPlan{Decision: d}, "target topic west.orders does not exist yet"},
		{"no partition yet", TopicPlan{Decision: d, Target: four}, "does not have partition 4 yet"},
		{"no partition", TopicPlan{Decision: d, Target: four, Short: "why"}, "why"},
	} {
		mentions(t, tc.name, tc.plan.PartitionProblem(4), tc.want)
	}
	if got := (&TopicPlan{Decision: d, Target: four, Short: "why"}).PartitionProblem(3); got != "" {
		t.Errorf("got %q for a partition that the target has", got)
	}
}

func TestAllWarnings(t *testing.T) {
	topic := func(name string, warnings ...string) TopicPlan {
		return TopicPlan{Decision: rename.Decision{Topic: name}, Warnings: warnings}
	}
	plan := &RoutePlan{Warnings: []string{"route"}, Topics: []TopicPlan{
		topic("a", "x", "y"), topic("b", "x"), topic("c", "x"), topic("d", "x", "z"), topic("e", "x", "z")}}
	got := plan.AllWarnings()
	want := []string{"route", "topics a, b, c and 2 more: x", "topic a: y", "topics d, e: z"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPrincipal(t *testing.T) {
	for _, tc := range []struct {
		cluster config.Cluster
		want    string
	}{
		{config.Cluster{Name: "west", SASL: &config.SASL{Username: "mirror"}}, "user mirror"},
		{config.Cluster{Name: "west", SASL: &config.SASL{ClientID: "m"}}, "client m"},
		{config.Cluster{Name: "west", SASL: &config.SASL{TokenFile: "t"}}, "the bearer of the configured token"},
		{config.Cluster{Name: "west", TLS: &config.TLS{CertFile: "c.pem"}}, "the owner of certificate c.pem"},
		{config.Cluster{Name: "west"}, "the anonymous user (cluster west has no sasl and no client certificate in the config)"},
	} {
		if got := kafka.Principal(&tc.cluster); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
	err := error(&deniedError{op: "Describe", topic: "t", cause: kerr.TopicAuthorizationFailed})
	if !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Error("the cause is lost")
	}
}

func TestConfigStays(t *testing.T) {
	for key, want := range map[string]bool{
		"retention.ms": false, "min.insync.replicas": false, "cleanup.policy": false, "local.retention": false,
		"remote.storage.enable": true, "confluent.placement.constraints": true, "message.timestamp.type": true, "retention.local.target.ms": true,
	} {
		if got := configStays(key); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
	for _, r := range ConfigsThatStay() {
		if r.Key == "" || r.Why == "" {
			t.Errorf("rule %+v is not documented", r)
		}
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
