package convert

import "strings"

// settings are those of one scope of the input: of everything, of one cluster, or
// of the way from one cluster to another.
type settings struct {
	list []property
	used map[string]bool
}

func (s *settings) add(p property, key string) {
	if s.used == nil {
		s.used = make(map[string]bool)
	}
	p.key = key
	s.list = append(s.list, p)
}

// get returns a setting and marks it as spoken for.
func (s *settings) get(key string) (property, bool) {
	for _, p := range s.list {
		if p.key == key {
			s.used[key] = true
			return p, true
		}
	}
	return property{}, false
}

// firstSetting returns a setting of the first scope that has it. It counts as
// spoken for in the others, too, since there it is overruled.
func firstSetting(key string, scopes ...*settings) (first property, ok bool) {
	for _, s := range scopes {
		if p, found := s.get(key); found && !ok {
			first, ok = p, true
		}
	}
	return first, ok
}

// knowledge is what becomes of a setting that has no equal.
type knowledge struct {
	key    string // one '*' stands for anything
	fine   string // value with which mirror does the same, so that nothing is said
	lost   bool   // what the setting asks for does not happen any more
	secret bool   // its value can hold a secret
	why    string
}

// The reasons that several settings share.
const (
	noConnect         = "mirror does not run in Kafka Connect"
	noInternal        = "mirror has no such topic; it keeps everything in one topic on the target, __mirror_<route>"
	noConverter       = "mirror copies keys, values and headers as they are, byte for byte"
	noGroups          = "positions of consumer groups are carried over only where sync.group.offsets.enabled is true; mirror groups shows them in any case, and mirror failover moves them"
	noCheckpoints     = "mirror writes no checkpoints for applications: mirror groups shows the positions of consumer groups in the copy, and mirror failover moves them"
	noTuning          = "mirror tunes its own connections; see limits"
	noACLs            = "mirror does not copy ACLs: create those of the target by hand (kafka-acls)"
	noHeartbeat       = "mirror writes no heartbeats; GET /metrics and mirror status show that it is alive and how far behind"
	noMetrics         = "see docs/metrics.md for mirror's metrics"
	noREST            = "web.listen is where mirror serves its page, status and metrics"
	noTransactions    = "each record is copied exactly once in any case, without transactions"
	noExcludedConfigs = "sync.configs copies what is set on the source topic, without exceptions; topic_defaults.config overrules it, and sync: {configs: false} stops it"
	noFilters         = "mirror loads no classes; say with topics and exclude what is copied"
)

// known are the settings of MirrorMaker 2 and of Kafka Connect that have no equal
// in mirror. The first entry that fits counts.
func known() []knowledge {
	return []knowledge{
		{key: "tasks.max", why: "mirror shares partitions by lanes (routes.lanes), any number of processes with this file work together"},
		{key: "tasks.max.*", why: noConnect},
		{key: "name", why: noConnect},
		{key: "connector.class", why: noConnect},
		{key: "group.id", why: "a route's group is called like its checkpoint topic, __mirror_<route>"},
		{key: "source.cluster.alias", why: "the name of the cluster says it"},
		{key: "target.cluster.alias", why: "the name of the cluster says it"},
		{key: "offset-syncs.topic.*", why: noInternal},
		{key: "emit.offset-syncs.enabled", why: noInternal},
		{key: "offset.lag.max", why: noInternal},
		{key: "checkpoints.topic.*", why: noInternal},
		{key: "heartbeats.topic.*", why: noInternal},
		{key: "emit.heartbeats.enabled", fine: "false", why: noHeartbeat},
		{key: "emit.heartbeats.interval.seconds", why: noHeartbeat},
		{key: "heartbeats.replication.enabled", fine: "false", why: noHeartbeat},
		{key: "emit.checkpoints.enabled", fine: "false", lost: true, why: noCheckpoints},
		{key: "emit.checkpoints.interval.seconds", why: noCheckpoints},
		{key: "sync.group.offsets.interval.seconds", why: noGroups},
		{key: "refresh.groups.*", why: "groups are looked for whenever their positions are (sync.groups.interval)"},
		{key: "groups", why: noGroups},
		{key: "groups.*", why: noGroups},
		{key: "group.filter.class", fine: "org.apache.kafka.connect.mirror.DefaultGroupFilter", lost: true, why: "mirror loads no classes; say with sync.groups whose positions are carried over"},
		{key: "sync.topic.acls.enabled", fine: "false", lost: true, why: noACLs},
		{key: "sync.topic.acls.interval.seconds", why: noACLs},
		{key: "sync.topic.configs.interval.seconds", why: "configs are compared at each refresh"},
		{key: "topic.filter.class", fine: "org.apache.kafka.connect.mirror.DefaultTopicFilter", lost: true, why: noFilters},
		{key: "config.property.filter.class", fine: "org.apache.kafka.connect.mirror.DefaultConfigPropertyFilter", lost: true, why: "mirror loads no classes; topic_defaults.config overrules what sync.configs copies"},
		{key: "config.properties.exclude", lost: true, why: noExcludedConfigs},
		{key: "config.properties.blacklist", lost: true, why: noExcludedConfigs},
		{key: "use.defaults.from", lost: true, why: "sync.configs copies what is set on the source topic; put other values into topic_defaults.config"},
		{key: "use.incremental.alter.configs", why: "mirror always changes single configs"},
		{key: "forwarding.admin.class", fine: "org.apache.kafka.clients.admin.ForwardingAdmin", lost: true, why: "mirror loads no classes; it creates and alters target topics itself, sync and mirror plan say which"},
		{key: "replication.policy.internal.topic.separator.enabled", why: noInternal},
		{key: "replication.policy.*", why: "it belongs to a class that mirror does not have"},
		{key: "exactly.once.source.support", why: noTransactions},
		{key: "exactly.once.support", why: noTransactions},
		{key: "transaction.boundary*", why: noTransactions},
		{key: "dedicated.mode.enable.internal.rest", why: "processes of a fleet find each other through the target cluster"},
		{key: "listeners*", why: noREST},
		{key: "rest.*", why: noREST},
		{key: "access.control.*", why: noREST},
		{key: "admin.listeners*", why: noREST},
		{key: "config.storage.*", why: noConnect}, {key: "offset.storage.*", why: noConnect}, {key: "status.storage.*", why: noConnect},
		{key: "offset.flush.*", why: noConnect}, {key: "plugin.*", why: noConnect}, {key: "worker.*", why: noConnect},
		{key: "task.*", why: noConnect}, {key: "scheduled.rebalance.*", why: noConnect}, {key: "connect.protocol", why: noConnect},
		{key: "rebalance.timeout.ms", why: noConnect}, {key: "session.timeout.ms", why: noConnect}, {key: "heartbeat.interval.ms", why: noConnect},
		{key: "inter.worker.*", why: noConnect}, {key: "topic.creation.*", why: "topic_defaults says how topics are created"},
		{key: "connector.client.config.override.policy", why: noConnect}, {key: "auto.commit.*", why: noConnect},
		{key: "config.providers*", secret: true, why: "write ${NAME} for an environment variable, or use the *_file keys"},
		{key: "key.converter*", fine: "org.apache.kafka.connect.converters.ByteArrayConverter", lost: true, why: noConverter},
		{key: "value.converter*", fine: "org.apache.kafka.connect.converters.ByteArrayConverter", lost: true, why: noConverter},
		{key: "header.converter*", fine: "org.apache.kafka.connect.converters.ByteArrayConverter", lost: true, why: noConverter},
		{key: "transforms", lost: true, why: noConverter},
		{key: "transforms.*", lost: true, secret: true, why: noConverter},
		{key: "predicates*", lost: true, secret: true, why: noConverter},
		{key: "errors.*", why: "on_loss and on_rejected say what happens to records that cannot be copied"},
		{key: "metric.names.formats", why: noMetrics},
		{key: "add.source.alias.to.metrics", why: noMetrics},
		{key: "metric.reporters*", why: noMetrics},
		{key: "metrics.*", why: noMetrics},
		{key: "auto.include.jmx.reporter", why: noMetrics},
		{key: "admin.timeout.ms", why: noTuning}, {key: "consumer.poll.timeout.ms", why: noTuning},
	}
}

// clientSettings are those of Kafka's clients that only tune or name them.
func clientSettings() []knowledge {
	return []knowledge{
		{key: "interceptor.classes", lost: true, why: "mirror loads no classes, and so no interceptors"},
		{key: "partitioner.class", lost: true, why: "a record keeps the number of its partition"},
		{key: "compression.type", why: "batches keep the codec of the source; topic_defaults.config compression.type lets the target's brokers choose another"},
		{key: "client.id", why: "name: is part of mirror's client ids"},
		{key: "group.*", why: noTuning}, {key: "enable.*", why: noTuning}, {key: "acks", why: "mirror always waits for all in-sync replicas"},
		{key: "retries", why: noTuning}, {key: "retry.*", why: noTuning}, {key: "request.*", why: noTuning}, {key: "delivery.*", why: noTuning},
		{key: "default.*", why: noTuning}, {key: "linger.ms", why: noTuning}, {key: "batch.size", why: noTuning}, {key: "buffer.memory", why: "limits.memory bounds the whole process"},
		{key: "max.*", why: noTuning}, {key: "min.*", why: noTuning}, {key: "fetch.*", why: noTuning}, {key: "check.crcs", why: "checksums are always checked"},
		{key: "receive.*", why: noTuning}, {key: "send.*", why: noTuning}, {key: "reconnect.*", why: noTuning}, {key: "connections.*", why: noTuning},
		{key: "socket.*", why: noTuning}, {key: "metadata.*", why: noTuning}, {key: "bootstrap.controllers", why: noTuning}, {key: "client.dns.lookup", why: noTuning},
		{key: "session.*", why: noTuning}, {key: "heartbeat.*", why: noTuning}, {key: "partition.*", why: noTuning}, {key: "auto.*", why: noTuning},
		{key: "transaction*", why: noTuning}, {key: "key.serializer", why: noConverter}, {key: "value.serializer", why: noConverter},
		{key: "key.deserializer", why: noConverter}, {key: "value.deserializer", why: noConverter}, {key: "metric*", why: noTuning},
		{key: "sasl.login.refresh.*", why: noTuning}, {key: "sasl.login.*.ms", why: noTuning},
	}
}

func (k knowledge) fits(key string) bool {
	if front, back, wild := strings.Cut(k.key, "*"); wild {
		return len(key) >= len(front)+len(back) && strings.HasPrefix(key, front) && strings.HasSuffix(key, back)
	}
	return key == k.key
}

// explain writes what becomes of a setting that nothing has taken.
func (n *notes) explain(p property) {
	for _, k := range known() {
		if k.fits(p.key) {
			n.say(p, k)
			return
		}
	}
	role, bare := clientRole(p.key)
	if isSecurity(bare) {
		n.secretDropped(p, "mirror connects to a cluster in one way only, see sasl and tls of the cluster")
		return
	}
	for _, k := range clientSettings() {
		if k.fits(bare) {
			n.say(p, k)
			return
		}
	}
	if role != "" {
		n.secret(p, noTuning)
		return
	}
	n.secretDropped(p, "this is no setting of MirrorMaker 2 that is known here; see whether it mattered")
}

func (n *notes) say(p property, k knowledge) {
	if k.fine != "" && strings.EqualFold(p.value, k.fine) {
		return
	}
	*n = append(*n, note{setting: p, secret: k.secret, dropped: k.lost, why: k.why})
}

// clientRole cuts off what says which of MirrorMaker's clients a setting is for.
func clientRole(key string) (role, bare string) {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "source."), "target.")
	for _, r := range []string{"consumer.", "producer.", "admin."} {
		if after, ok := strings.CutPrefix(key, r); ok {
			return strings.TrimSuffix(r, "."), strings.TrimPrefix(after, "override.")
		}
	}
	return "", key
}

// isSecurity tells what decides how a client connects from what only tunes it.
func isSecurity(bare string) bool {
	return strings.HasPrefix(bare, "ssl.") || bare == "security.protocol" ||
		strings.HasPrefix(bare, "sasl.") && !strings.HasSuffix(bare, ".ms") && !strings.HasPrefix(bare, "sasl.login.refresh.")
}
