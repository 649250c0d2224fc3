package convert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mirror/config"
	"mirror/rename"
)

// route is one way of the output, from one cluster to another.
type route struct {
	from, to string
	pairs    []pair
	notes    notes

	topics, exclude []string
	template        string // of the names on the target
	keepsNames      bool
	own, all        *settings // the input's settings of this way, and of everything
	source, target  *cluster
}

// name is the route's name by default.
func (r *route) name() string { return r.from + "-to-" + r.to }

// get looks a setting up as MirrorMaker does: of this way, else of everything.
func (r *route) get(key string) (property, bool) { return firstSetting(key, r.own, r.all) }

func (r *route) add(key, value string, comments ...string) {
	r.pairs = append(r.pairs, pair{key: key, value: value, comments: comments})
}

// read makes the route's part of the output.
func (r *route) read() error {
	if err := r.readTopics(); err != nil {
		return err
	}
	r.readExclude()
	r.readNames()
	r.readReading()
	r.readRefresh()
	r.readTargetTopics()
	r.readSync()
	r.get("enabled")
	for _, p := range r.own.list {
		if !r.own.used[p.key] {
			r.notes.explain(p)
		}
	}
	return nil
}

// readTopics translates what is copied: everything unless it is said.
func (r *route) readTopics() error {
	p, given := r.get("topics")
	if !given {
		p.value = ".*"
	}
	found := topicPatterns(p.value)
	for _, bad := range found.bad {
		r.notes.dropped(property{key: "topics", value: bad.text, line: p.line}, "RE2 has no such construct (%s); these topics are NOT copied until you name them here", bad.why)
	}
	for _, entry := range found.entries {
		if why, internal := rename.Internal(entry); internal {
			r.notes.dropped(property{key: "topics", value: entry, line: p.line}, "it is never copied: %s", why)
		} else if !slices.Contains(r.topics, entry) {
			r.topics = append(r.topics, entry)
		}
	}
	if len(r.topics) == 0 {
		var why []string
		for _, n := range r.notes {
			why = append(why, n.text())
		}
		return fmt.Errorf("nothing is left to copy from %s to %s: no entry of topics (line %d) can be taken over\n%s", r.from, r.to, p.line, strings.Join(why, "\n"))
	}
	r.add("topics", config.QuoteList(r.topics), looseComment(found.loose)...)
	return nil
}

func looseComment(loose []string) []string {
	if len(loose) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("For MirrorMaker 2 a dot stood for any character: %s. Here these are names.", strings.Join(loose, ", "))}
}

// defaultExclude is what MirrorMaker 2 leaves out unless told otherwise
// (org.apache.kafka.connect.mirror.DefaultTopicFilter).
const defaultExclude = `mm2.*\.internal, .*\.replica, __.*`

func (r *route) readExclude() {
	p, given := r.get("topics.exclude")
	if !given {
		p, given = r.get("topics.blacklist")
	}
	comments := []string{}
	if !given {
		p.value = defaultExclude
		comments = append(comments, "What MirrorMaker 2 leaves out by default; topics that begin with __ and its own are left out in any case.")
	}
	found := topicPatterns(p.value)
	for _, bad := range found.bad {
		r.notes.dropped(property{key: "topics.exclude", value: bad.text, line: p.line}, "RE2 has no such construct (%s); these topics ARE copied until you name them in exclude", bad.why)
	}
	for _, entry := range found.entries {
		always := entry == "/__.*/" || entry == `/mm2.*\.internal/` && !given
		if !always && !slices.Contains(r.exclude, entry) {
			r.exclude = append(r.exclude, entry)
		}
	}
	if len(r.exclude) > 0 {
		r.add("exclude", config.QuoteList(r.exclude), append(comments, looseComment(found.loose)...)...)
	}
}

// readNames translates the replication policy.
func (r *route) readNames() {
	policy, _ := r.get("replication.policy.class")
	separator, separated := r.get("replication.policy.separator")
	if !separated {
		separator.value = "."
	}
	r.template = "{source}" + separator.value + "{topic}"
	switch class := policy.value[strings.LastIndexByte(policy.value, '.')+1:]; class {
	case "", "DefaultReplicationPolicy":
	case "IdentityReplicationPolicy":
		r.template, r.keepsNames = "{topic}", true
	default:
		r.notes.dropped(policy, "mirror loads no classes; write the names that it gave as rename rules BEFORE the first start, or everything is copied anew under these names")
	}
	if strings.Trim(separator.value, "._-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		r.notes.dropped(separator, "no topic name can contain it; the default is taken")
		r.template = rename.DefaultTo
	}
	comments := []string{}
	if r.keepsNames {
		comments = append(comments, "Topics keep their names. What MirrorMaker 2 copied carries no mark of it: with a route in the other",
			"direction, too, its copies would be copied back. Run only one of the two directions.")
	}
	r.add("rename", config.Quote(r.template), comments...)
}

// readReading translates what MirrorMaker's consumer does.
func (r *route) readReading() {
	if p, ok := r.consumer("auto.offset.reset"); ok && strings.EqualFold(p.value, "latest") {
		r.add("start", "latest")
	}
	if p, ok := r.consumer("isolation.level"); ok && strings.EqualFold(p.value, "read_committed") {
		r.add("isolation", "read_committed")
		return
	}
	r.add("isolation", "read_uncommitted", "MirrorMaker 2 copies records of aborted transactions, too; read_committed, mirror's default, leaves them out.")
}

// consumer looks up a setting of the consumer that reads the source
// (org.apache.kafka.connect.mirror.MirrorConnectorConfig.sourceConsumerConfig).
func (r *route) consumer(key string) (first property, ok bool) {
	for _, x := range []struct {
		scope *settings
		key   string
	}{{r.own, "source.consumer."}, {r.source.own, "consumer."}, {r.own, "consumer."}} {
		if p, found := x.scope.get(x.key + key); found && !ok {
			first, ok = p, true
		}
	}
	return first, ok
}

func (r *route) readRefresh() {
	if p, ok := r.get("refresh.topics.enabled"); ok && strings.EqualFold(p.value, "false") {
		r.notes.dropped(p, "mirror always looks for new topics; name the topics exactly to have no others copied")
	}
	p, ok := r.get("refresh.topics.interval.seconds")
	if !ok {
		return
	}
	if n, err := strconv.ParseUint(p.value, 10, 31); err != nil || n == 0 {
		r.notes.dropped(p, "it is not a number of seconds above 0; the default is taken, which is 5 s")
		return
	}
	r.add("refresh", p.value+"s", "How often to look for new topics; it costs little, the default is 5s.")
}

// readTargetTopics translates how topics are created and kept in step.
func (r *route) readTargetTopics() {
	if p, ok := r.get("replication.factor"); ok {
		n, err := strconv.ParseInt(p.value, 10, 32)
		switch {
		case err == nil && n == -1:
			r.notes.unneeded(p, "a topic is created with as many replicas as its source topic has; topic_defaults.replication_factor sets another number")
		case err != nil || n < 1 || n > 32767:
			r.notes.dropped(p, "it is not a number of replicas")
		default:
			r.add("topic_defaults", fmt.Sprintf("{replication_factor: %d}", n))
		}
	}
}

// leaveOut takes a topic away that an earlier route copies to the same name: the
// loader would refuse it.
func (r *route) leaveOut(topic, other string) {
	at := slices.Index(r.topics, topic)
	r.topics = slices.Delete(r.topics, at, at+1)
	r.notes.dropped(property{key: "topics", value: topic}, "route %s copies a topic to this name of cluster %s already, and two copies in one topic could not be told apart; give it another name with rename", other, r.to)
	for i := range r.pairs {
		if r.pairs[i].key == "topics" {
			r.pairs[i].value = config.QuoteList(r.topics)
		}
	}
}
