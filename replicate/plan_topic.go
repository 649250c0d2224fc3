package replicate

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/rename"
)

// topic plans one topic.
func (in planInput) topic(d rename.Decision) TopicPlan {
	source, sourceRead := in.srcSettings[d.Topic]
	target, targetRead := in.dstSettings[d.Target]
	t := TopicPlan{
		Decision: d, KeepsName: d.KeepsName,
		Source: in.src.Topics[d.Topic], Target: in.dst.Topics[d.Target],
		SettingsKnown: source.known, SourceAppendTime: source.appendTime(), Compacted: source.has("cleanup.policy", "compact"),
		SourceRetention: source.retention(),
	}
	if t.Problem = in.unusable(t); t.Problem != "" {
		return t
	}
	if !sourceRead || !targetRead && t.Target != nil {
		// A topic this new is not known to every broker. What its configs say decides how it is created and whether it
		// may be written to, so it waits for the next look.
		t.unread = true
		t.Problem = fmt.Sprintf("the configs of topic %s or its target %s are not read yet", d.Topic, d.Target)
		return t
	}
	if !source.known && in.route.Sync.Configs {
		t.warnf("configs are not copied: %s", source.why)
	}
	t.managed, t.recorded = in.managed[d.Target]
	t.keys = t.managed
	if t.Target == nil {
		in.create(&t, source)
		return t
	}
	if t.Existing = !t.recorded; t.Existing {
		t.Alike = alike(wantedConfigs(in.route, source), target)
	}
	in.extend(&t)
	if !target.known {
		t.warnf("the configs of the target topic are not checked: %s", target.why)
		return t
	}
	if held := in.held[d.Target]; held != "" {
		t.warnf("%s", held)
	} else if t.recorded && source.known && in.route.Sync.Configs {
		target = in.alter(&t, source, target)
	}
	in.check(&t, source, target)
	if t.Problem != "" {
		t.Action, t.keys = nil, t.managed // a topic that waits for a decision is left as it is
	}
	return t
}

// alike are the configs that somebody has set on a target topic as they are wanted there.
func alike(wanted map[string]string, target TopicSettings) (keys []string) {
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if have := target.Configs[key]; have.Dynamic && sameConfig(have.Value, wanted[key]) {
			keys = append(keys, key)
		}
	}
	return keys
}

// unusable says why one of the two topics cannot be worked with at all.
func (in planInput) unusable(t TopicPlan) string {
	switch {
	case t.Source == nil:
		return fmt.Sprintf("topic %s is gone from cluster %s; what was copied stays in %s, and a topic of that name that appears later is copied from its beginning",
			t.Decision.Topic, in.route.From, t.Decision.Target)
	case t.Source.Err != nil:
		return topicProblem(t.Source, in.route.From)
	case len(t.Source.Partitions) == 0:
		return fmt.Sprintf("topic %s of cluster %s has no partitions yet", t.Decision.Topic, in.route.From)
	case t.Target != nil && t.Target.Err != nil:
		return topicProblem(t.Target, in.route.To)
	}
	return ""
}

func topicProblem(t *Topic, cluster string) string {
	if errors.Is(t.Err, kerr.TopicAuthorizationFailed) {
		var denied *deniedError
		if errors.As(t.Err, &denied) {
			return denied.Error()
		}
		return fmt.Sprintf("not authorised for Describe on topic %s of cluster %s; grant it to the configured user", t.Name, cluster)
	}
	return fmt.Sprintf("cluster %s cannot serve topic %s: %s", cluster, t.Name, brokerSays(t.Err, nil))
}

// create plans a target topic that is missing.
func (in planInput) create(t *TopicPlan, source TopicSettings) {
	brokers, replication := len(in.dst.Brokers), t.Source.Replication
	switch want := in.route.TopicDefaults.ReplicationFactor; {
	case want > brokers:
		t.Problem = fmt.Sprintf("target topic %s cannot be created: topic_defaults.replication_factor is %d and cluster %s has %s; start more brokers or lower it",
			t.Decision.Target, want, in.route.To, count(brokers, "live broker"))
		return
	case want > 0:
		replication = want
	case replication > brokers:
		t.warnf("the target topic gets replication factor %d, the source has %d: cluster %s has %s", brokers, replication, in.route.To, count(brokers, "live broker"))
		replication = brokers
	case replication == 0:
		replication = -1 // unknown: the broker's default
	}
	wanted := in.wanted(t, source)
	t.lowerMinISR(wanted, replication)
	configs := createConfigs(wanted)
	t.keys = nil
	for _, c := range configs {
		if _, ok := wanted[c.Key]; ok {
			t.keys = append(t.keys, c.Key)
		}
	}
	t.Action = []Change{{Kind: ChangeCreate, Target: t.Decision.Target, Partitions: int32(len(t.Source.Partitions)), Replication: int16(replication), Configs: configs}}
}

// extend plans the partitions that the target lacks. More partitions than the source's do no harm.
func (in planInput) extend(t *TopicPlan) {
	have, need := len(t.Target.Partitions), len(t.Source.Partitions)
	switch {
	case have >= need:
	case in.route.Sync.Partitions:
		t.Action = append(t.Action, Change{Kind: ChangeAddPartitions, Target: t.Decision.Target, From: int32(have), Partitions: int32(need)})
	default:
		t.Short = fmt.Sprintf("target topic %s has %s and the source has %d; set sync.partitions, or add them by hand (kafka-topics --alter --topic %s --partitions %d)",
			t.Decision.Target, count(have, "partition"), need, t.Decision.Target, need)
	}
}

// alter plans the configs that are out of step, and returns the target's settings as they will be afterwards.
func (in planInput) alter(t *TopicPlan, source, target TopicSettings) TopicSettings {
	wanted := in.wanted(t, source)
	t.lowerMinISR(wanted, t.Target.Replication)
	changes, keys, strays := configChanges(t.Decision.Target, wanted, t.managed, target)
	t.Action = append(t.Action, changes...)
	t.keys = keys
	for _, key := range strays {
		t.warnf("somebody set %s to %s on the target topic, where it should be %s; it is left alone (delete it there to have it follow)",
			key, target.value(key), wanted[key])
	}
	if len(changes) == 0 {
		return target
	}
	return changed(target, changes)
}

// wanted are the configs that the target topic should have, and a warning for each that its brokers do not know.
func (in planInput) wanted(t *TopicPlan, source TopicSettings) map[string]string {
	wanted := wantedConfigs(in.route, source)
	for _, key := range slices.Sorted(maps.Keys(in.unknown)) {
		if _, ok := wanted[key]; ok {
			delete(wanted, key)
			t.warnf("config %s is left out, since the target's brokers do not know it", key)
		}
	}
	return wanted
}

func (t *TopicPlan) lowerMinISR(wanted map[string]string, replication int) {
	if was := capMinISR(wanted, replication); was != "" {
		t.warnf("the target topic gets min.insync.replicas %d instead of %s, since it has no more replicas", replication, was)
	}
}

func (t *TopicPlan) warnf(format string, args ...any) {
	t.Warnings = append(t.Warnings, fmt.Sprintf(format, args...))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// count writes "1 partition", "2 partitions".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
