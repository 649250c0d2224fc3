package replicate

import "strings"

// StayRule names a topic config, or all configs with a prefix, that is never copied from the source's topic.
type StayRule struct {
	Key string // a config name; one that ends in ".*" stands for all names that begin with what is before the star
	Why string
}

// stayRules is the documented list of configs that must not travel. Each would be wrong, or refused, on another
// cluster. A value given in topic_defaults is the operator's own and is set all the same.
var stayRules = []StayRule{
	{"leader.replication.throttled.replicas", "names replicas by the source's broker ids"},
	{"follower.replication.throttled.replicas", "names replicas by the source's broker ids"},
	{"unclean.leader.election.enable", "whether to lose acknowledged records is each cluster's own decision"},
	{"message.timestamp.type", "target topics keep the delivered timestamps, so they are created with CreateTime"},
	{"message.timestamp.before.max.ms", "would make the target refuse records that the source took long ago"},
	{"message.timestamp.after.max.ms", "would make the target refuse records that the source took"},
	{"message.timestamp.difference.max.ms", "would make the target refuse records that the source took long ago"},
	{"message.format.version", "the target stores its own format; Kafka 4 does not know the name"},
	{"message.downconversion.enable", "is about the source's old clients"},
	{"remote.*", "tiered storage needs the source's remote store"},
	{"local.retention.ms", "part of tiered storage; refused where that is off"},
	{"local.retention.bytes", "part of tiered storage; refused where that is off"},
	{"retention.local.target.*", "part of Redpanda's tiered storage"},
	{"initial.retention.local.target.*", "part of Redpanda's tiered storage"},
	{"confluent.*", "only Confluent's brokers know it"},
	{"redpanda.*", "only Redpanda's brokers know it"},
}

// ConfigsThatStay is the list of topic configs that never travel, for the reference documentation.
func ConfigsThatStay() []StayRule { return append([]StayRule(nil), stayRules...) }

// configStays says whether a topic config must not travel.
func configStays(key string) bool {
	for _, r := range stayRules {
		prefix, all := strings.CutSuffix(r.Key, "*")
		if key == r.Key || all && strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}
