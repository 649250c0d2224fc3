package replicate

import (
	"fmt"
	"maps"
	"math"
	"strconv"
)

// check compares the effective configs of the two topics: what would make the target refuse records, stamp them anew,
// or keep them for a shorter time than the source does.
func (in planInput) check(t *TopicPlan, source, target TopicSettings) {
	if n, ok := target.number("max.message.bytes"); ok {
		t.MaxMessageBytes = int(n)
	}
	in.checkAppendTime(t, target)
	if t.Target != nil {
		in.checkMinISR(t, target, t.Target.Replication)
	}
	if !source.known {
		return
	}
	in.checkCleanup(t, source, target)
	checkTimestamps(t, source, target)
	for _, c := range []struct{ key, then string }{
		{"max.message.bytes", "larger batches are split, and a single record above it is refused"},
		{"retention.ms", "the target deletes records earlier"},
		{"retention.bytes", "the target deletes records earlier"},
	} {
		s, t2 := limit(source, c.key), limit(target, c.key)
		if t2 < s {
			t.notef(c.key, source.value(c.key), "%s is %s on the target and %s at the source: %s", c.key, target.value(c.key), source.value(c.key), c.then)
		}
	}
	if c := target.value("compression.type"); c != "" && c != "producer" && c != source.value("compression.type") {
		t.notef("compression.type", "producer", "compression.type is %s on the target: its brokers recompress every batch, which is right but slow; producer stores what the source has", c)
	}
}

// checkMinISR warns of a target topic that takes no record at all: ours are produced with acks=all.
func (in planInput) checkMinISR(t *TopicPlan, target TopicSettings, replication int) {
	const key = "min.insync.replicas"
	need, ok := target.number(key)
	switch {
	case !ok:
	case replication > 0 && need > int64(replication):
		t.notef(key, strconv.Itoa(max(1, replication-1)), "min.insync.replicas is %d on the target, where the topic has %s: its brokers refuse every record", need, count(replication, "replica"))
		t.Notes[len(t.Notes)-1].Refuses = true
	case need > int64(len(in.dst.Brokers)):
		t.notef(key, "", "min.insync.replicas is %d on the target, where %s: its brokers refuse every record until more are back", need, areLive(len(in.dst.Brokers)))
		t.Notes[len(t.Notes)-1].Refuses = true
	}
}

func areLive(brokers int) string {
	if brokers == 1 {
		return "1 broker is live"
	}
	return fmt.Sprintf("%d brokers are live", brokers)
}

func (in planInput) checkAppendTime(t *TopicPlan, target TopicSettings) {
	t.AppendTime = target.appendTime()
	switch {
	case !t.AppendTime:
	case in.route.AllowAppendTime:
		t.notef("message.timestamp.type", "CreateTime", "message.timestamp.type is LogAppendTime on the target: its brokers replace the records' timestamps by their own time")
	default:
		t.ProblemKey = "message.timestamp.type"
		t.Problem = fmt.Sprintf("target topic %[1]s has message.timestamp.type=LogAppendTime, so cluster %[2]s would replace the records' timestamps by its own time; "+
			"set CreateTime there (kafka-configs --alter --entity-type topics --entity-name %[1]s --add-config message.timestamp.type=CreateTime) "+
			"or add append_time to allow of route %[3]s", t.Decision.Target, in.route.To, in.route.Name)
	}
}

func (in planInput) checkCleanup(t *TopicPlan, source, target TopicSettings) {
	const key, compact, del = "cleanup.policy", "compact", "delete"
	if _, ok := target.Configs[key]; !ok {
		return
	}
	switch {
	case target.has(key, compact) && !source.has(key, compact):
		t.ProblemKey = key
		t.Problem = fmt.Sprintf("target topic %[1]s has cleanup.policy=%[2]s and topic %[3]s of cluster %[4]s has %[5]s: records without a key would be refused, and older records of a key removed; "+
			"make them alike (kafka-configs --alter --entity-type topics --entity-name %[1]s --add-config cleanup.policy=%[5]s)",
			t.Decision.Target, target.value(key), t.Decision.Topic, in.route.From, orElse(source.value(key), "delete"))
	case source.has(key, compact) && !target.has(key, compact):
		t.notef(key, source.value(key), "cleanup.policy is %s on the target and %s at the source: the target does not keep the last record of every key", target.value(key), source.value(key))
	case target.has(key, del) && !source.has(key, del):
		t.notef(key, source.value(key), "cleanup.policy is %s on the target and %s at the source: the target deletes records by age or size, the source does not", target.value(key), source.value(key))
	}
}

// checkTimestamps warns where the target refuses timestamps that the source holds. How old a record may be is counted
// from the time it is appended, so a limit that the source's records met once is not met by a copy made later: any
// limit below the source's retention counts.
func checkTimestamps(t *TopicPlan, source, target TopicSettings) {
	if before := timestampLimit(target, "before"); before < limit(source, "retention.ms") {
		t.notef("message.timestamp.before.max.ms", strconv.FormatInt(limit(source, "retention.ms"), 10), "message.timestamp.before.max.ms is %d on the target: it refuses records that are older, and the source keeps older ones", before)
	}
	if after := timestampLimit(target, "after"); after < timestampLimit(source, "after") && !t.SourceAppendTime {
		t.notef("message.timestamp.after.max.ms", strconv.FormatInt(timestampLimit(source, "after"), 10), "message.timestamp.after.max.ms is %d on the target and more at the source: records with a timestamp further in the future wait until the target takes them", after)
	}
}

// timestampLimit is how far before or after the present a record's timestamp may lie, in milliseconds. Brokers before
// 3.6 have one limit for both (KIP-937).
func timestampLimit(s TopicSettings, side string) int64 {
	for _, key := range []string{"message.timestamp." + side + ".max.ms", "message.timestamp.difference.max.ms"} {
		if n, ok := s.number(key); ok {
			return n
		}
	}
	return math.MaxInt64
}

// limit is the effective value of a config that limits something; unknown or negative is no limit.
func limit(s TopicSettings, key string) int64 {
	if n, ok := s.number(key); ok && n >= 0 {
		return n
	}
	return math.MaxInt64
}

// changed are settings as they will be after the plan's changes. A removed config takes the broker's value, which is
// not known yet.
func changed(now TopicSettings, changes []Change) TopicSettings {
	after := TopicSettings{Configs: maps.Clone(now.Configs), known: now.known, why: now.why}
	for _, c := range changes {
		switch c.Kind {
		case ChangeSetConfig:
			after.Configs[c.Key] = Setting{Value: c.New, Dynamic: true}
		case ChangeRemoveConfig:
			delete(after.Configs, c.Key)
		}
	}
	return after
}
