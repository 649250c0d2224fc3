package config

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"gopkg.in/yaml.v3"

	"mirror/rename"
)

// maxRoutes keeps checks that compare routes with each other fast.
const maxRoutes = 200

// routeNodes are the places of a route's parts, for faults that are found
// when all of it is known.
type routeNodes struct {
	name, from, to *yaml.Node
	here           *yaml.Node // the route as a whole
	topics         []*yaml.Node
	topicsKey      *yaml.Node
	exclude        []*yaml.Node
	rules          []ruleNodes
}

// ruleNodes are the places of a rule's parts; nil where a part is not there.
type ruleNodes struct{ whole, topic, match, to *yaml.Node }

func (d *decoder) routes(e entry) {
	if !d.kind(e.value, yaml.SequenceNode, "a list of routes") {
		return
	}
	switch n := len(e.value.Content); {
	case n == 0:
		d.fault(e.key, "no route is described here", "for example routes: [{from: west, to: east, topics: [orders]}]")
	case n > maxRoutes:
		d.fault(e.key, fmt.Sprintf("there are %d routes, at most %d are possible", n, maxRoutes), "a route can take many topics: topics: [\"/.*/\"]")
		return
	}
	for _, item := range e.value.Content {
		if isNull(item) {
			d.fault(item, "a route is wanted here, this is nothing", "")
			continue
		}
		d.route(item)
	}
}

func (d *decoder) route(n *yaml.Node) {
	r, at := newRoute(), &routeNodes{here: n}
	got := d.mapping("routes", entry{n, n},
		field{"name", func(e entry) { at.name = e.value; d.name(e.value, &r.Name) }},
		field{"from", func(e entry) { at.from = e.value; r.From, _ = d.text(e.value) }},
		field{"to", func(e entry) { at.to = e.value; r.To, _ = d.text(e.value) }},
		field{"topics", func(e entry) {
			at.topicsKey = e.key
			r.Topics, at.topics = d.texts(e.value)
		}},
		field{"exclude", func(e entry) { r.Exclude, at.exclude = d.texts(e.value) }},
		field{"rename", func(e entry) { d.rules(e, r, at) }},
		field{"start", func(e entry) { d.start(e.value, &r.Start) }},
		field{"isolation", func(e entry) {
			isolation := "read_committed"
			d.choice(e.value, &isolation, "read_committed", "read_uncommitted")
			r.ReadCommitted = isolation == "read_committed"
		}},
		field{"mirrored", func(e entry) { d.choice(e.value, &r.Mirrored, MirroredSkip, MirroredCopy) }},
		field{"lanes", func(e entry) { d.integer(e.value, &r.Lanes, 1, maxLanes) }},
		field{"refresh", func(e entry) { d.duration(e.value, &r.Refresh, minRefresh) }},
		field{"on_loss", func(e entry) { d.choice(e.value, &r.OnLoss, OnLossRecord, OnLossStop) }},
		field{"on_rejected", func(e entry) { d.choice(e.value, &r.OnRejected, OnRejectedStop, OnRejectedSkip) }},
		field{"allow", func(e entry) { d.allow(e.value, r) }},
		field{"topic_defaults", func(e entry) { d.topicDefaults(e, &r.TopicDefaults) }},
		field{"sync", func(e entry) {
			d.mapping("routes.sync", e,
				field{"configs", func(e entry) { d.boolean(e.value, &r.Sync.Configs) }},
				field{"partitions", func(e entry) { d.boolean(e.value, &r.Sync.Partitions) }})
		}},
		field{"limits", func(e entry) {
			d.mapping("routes.limits", e,
				field{"bytes_per_second", func(e entry) { d.size(e.value, &r.Limits.BytesPerSecond, 0, "0") }},
				field{"connections_per_broker", func(e entry) { d.integer(e.value, &r.Limits.ConnectionsPerBroker, 1, maxConnections) }})
		}},
	)
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, m := range []struct{ key, hint string }{
		{"from", "the name of the cluster to copy from"},
		{"to", "the name of the cluster to copy to"},
		{"topics", "topics: [\"/.*/\"] selects all"},
	} {
		if _, ok := got[m.key]; !ok {
			d.missing(n, m.key, m.hint)
		}
	}
	d.ends(r, at)
	d.names(r, at)
	d.cfg.Routes, d.places = append(d.cfg.Routes, r), append(d.places, at)
}

// ends checks the two clusters of a route and gives it its default name.
func (d *decoder) ends(r *Route, at *routeNodes) {
	if r.From != "" && r.From == r.To {
		d.fault(at.to, fmt.Sprintf("from and to are the same cluster %s", d.show(at.to)), "a route copies from one cluster to another")
	}
	if at.name != nil || nameFault(r.From) != nil || nameFault(r.To) != nil {
		return // reported at its place
	}
	r.Name = r.From + "-to-" + r.To
	if err := nameFault(r.Name); err != nil {
		d.fault(at.here, "the default name <from>-to-<to> of this route cannot be used: "+err.Error(), "give the route a name")
	}
}

// rules reads the rename rules: a list, or one text as short form of a single
// catch-all.
func (d *decoder) rules(e entry, r *Route, at *routeNodes) {
	if e.value.Kind == yaml.ScalarNode {
		to, _ := d.text(e.value)
		r.Rename, at.rules = []rename.Rule{{To: to}}, []ruleNodes{{whole: e.value, to: e.value}}
		return
	}
	if !d.kind(e.value, yaml.SequenceNode, "a template like \"{source}.{topic}\" or a list of rules") {
		return
	}
	for _, item := range e.value.Content {
		rule, nodes := d.rule(item)
		r.Rename, at.rules = append(r.Rename, rule), append(at.rules, nodes)
	}
}

func (d *decoder) rule(n *yaml.Node) (rename.Rule, ruleNodes) {
	var rule rename.Rule
	nodes := ruleNodes{whole: n}
	if n.Kind == yaml.ScalarNode {
		d.fault(n, "a rule is wanted here, this is "+shape(n), "a rule is like {topic: orders, to: all-orders} or {to: \"{source}.{topic}\"}")
		return rule, nodes
	}
	before := len(d.faults.List)
	read := func(text *string, node **yaml.Node) func(entry) {
		return func(e entry) {
			*node = e.value
			*text, _ = d.text(e.value)
		}
	}
	d.mapping("routes.rename", entry{n, n},
		field{"topic", read(&rule.Topic, &nodes.topic)},
		field{"match", read(&rule.Match, &nodes.match)},
		field{"to", read(&rule.To, &nodes.to)})
	if len(d.faults.List) > before {
		// What is left of the rule could match too much, and shadow others.
		d.told[place{n.Line, n.Column}] = true
		return rename.Rule{}, ruleNodes{whole: n}
	}
	return rule, nodes
}

// names compiles what the route says about names, and puts each fault at its place.
func (d *decoder) names(r *Route, at *routeNodes) {
	if nameFault(r.From) != nil || nameFault(r.To) != nil || r.From == r.To {
		return // reported with the clusters
	}
	m, err := rename.New(rename.Spec{Source: r.From, Target: r.To, Topics: r.Topics, Exclude: r.Exclude, Rules: r.Rename})
	if err == nil {
		r.Mapper = m
		return
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		d.fault(at.here, err.Error(), "")
		return
	}
	for _, err := range joined.Unwrap() {
		var f *rename.Fault
		if !errors.As(err, &f) {
			continue
		}
		if n := at.place(f); !d.told[place{n.Line, n.Column}] { // a value that is none was reported as such
			d.fault(n, f.Msg, "")
		}
	}
}

// place finds the node that a fault of the rename rules means.
func (at *routeNodes) place(f *rename.Fault) *yaml.Node {
	switch {
	case f.Field == "topics" && f.Index >= 0:
		return at.topics[f.Index]
	case f.Field == "topics" && at.topicsKey != nil:
		return at.topicsKey
	case f.Field == "exclude" && f.Index >= 0:
		return at.exclude[f.Index]
	case f.Field == "rename" && f.Index >= 0:
		rule := at.rules[f.Index]
		part := map[string]*yaml.Node{"topic": rule.topic, "match": rule.match, "to": rule.to}[f.Key]
		if part != nil {
			return part
		}
		return rule.whole
	}
	return at.here
}

// start reads where a route begins.
func (d *decoder) start(n *yaml.Node, into *Start) {
	text, ok := d.text(n)
	switch {
	case !ok, text == "earliest":
	case text == "latest":
		into.Latest = true
	default:
		t, err := time.Parse(time.RFC3339, text)
		if err != nil || t.Before(time.Unix(0, 0)) {
			d.fault(n, d.show(n)+" is not a place to start", "earliest, latest or a time since 1970 like 2026-01-31T12:00:00Z")
			return
		}
		into.Time = t
	}
}

// allow reads the permissions for what is refused otherwise.
func (d *decoder) allow(n *yaml.Node, r *Route) {
	for _, item := range d.items(n) {
		var word string
		d.choice(item, &word, "existing", "append_time")
		r.AllowExisting = r.AllowExisting || word == "existing"
		r.AllowAppendTime = r.AllowAppendTime || word == "append_time"
	}
}

// settingName is how Kafka writes the names of settings.
var settingName = regexp.MustCompile(`^[a-z0-9]+(\.[a-z0-9]+)*$`)

func (d *decoder) topicDefaults(e entry, into *TopicDefaults) {
	d.mapping("routes.topic_defaults", e,
		field{"replication_factor", func(e entry) { d.integer(e.value, &into.ReplicationFactor, 0, maxReplication) }},
		field{"config", func(e entry) {
			entries, _ := d.entries(e, "a mapping of topic settings to their values")
			for _, x := range entries {
				if !settingName.MatchString(x.key.Value) {
					d.fault(x.key, "this is not the name of a topic setting", "a name is like min.insync.replicas")
					continue
				}
				// Kafka takes every setting as text, so a number or true needs no quotes here.
				if text, _, ok := d.scalar(x.value, "a value"); ok {
					if into.Config == nil {
						into.Config = make(map[string]string)
					}
					into.Config[x.key.Value] = text
				}
			}
		}})
}
