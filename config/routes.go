package config

import (
	"errors"
	"fmt"
	"strings"
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

func routesKind(d *decoder) kind {
	return kind{words: "a list of routes", below: func() []field { return d.routeFields(newRoute(), &routeNodes{}) },
		wrap: func(route map[string]any) map[string]any {
			return map[string]any{"type": "array", "maxItems": maxRoutes, "items": route}
		}}
}

func (d *decoder) routes(e entry) {
	if !d.kind(e.value, yaml.SequenceNode, "a list of routes") {
		return
	}
	switch n := len(e.value.Content); {
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
	fields := d.routeFields(r, at)
	got := d.mapping("routes", entry{n, n}, fields...)
	if n.Kind != yaml.MappingNode {
		return
	}
	d.require(n, got, fields)
	d.ends(r, at)
	d.names(r, at)
	d.cfg.Routes, d.places = append(d.cfg.Routes, r), append(d.places, at)
}

// routeFields are the keys of a route. at is told where the values stand that are
// checked when all of it is known.
func (d *decoder) routeFields(r *Route, at *routeNodes) []field {
	return []field{
		{key: "name", kind: nameKind(), derived: "<from>-to-<to>", read: func(e entry) { at.name = e.value; d.name(e.value, &r.Name) }},
		{key: "from", kind: textKind("the name of a cluster"), required: "the name of the cluster to copy from",
			read: func(e entry) { at.from = e.value; r.From, _ = d.text(e.value) }},
		{key: "to", kind: textKind("the name of a cluster"), required: "the name of the cluster to copy to",
			read: func(e entry) { at.to = e.value; r.To, _ = d.text(e.value) }},
		d.boolField("watch", &r.Watch),
		{key: "topics", kind: textsKind("a list of names and /regular expressions/", 1), required: "topics: [\"/.*/\"] selects all",
			read: func(e entry) {
				at.topicsKey = e.key
				r.Topics, at.topics = d.texts(e.value)
			}},
		{key: "exclude", kind: textsKind("a list of names and /regular expressions/", 0), standard: []string{},
			read: func(e entry) { r.Exclude, at.exclude = d.texts(e.value) }},
		{key: "rename", kind: d.rulesKind(), derived: rename.DefaultTo, read: func(e entry) { d.rules(e, r, at) }},
		{key: "start", kind: startKind(), standard: "earliest", read: func(e entry) { d.start(e.value, &r.Start) }},
		{key: "isolation", kind: choiceKind(isolations()...), standard: isolations()[0], read: func(e entry) {
			isolation := isolations()[0]
			d.choice(e.value, &isolation, isolations()...)
			r.ReadCommitted = isolation == isolations()[0]
		}},
		d.choiceField("mirrored", &r.Mirrored, MirroredSkip, MirroredCopy),
		d.intField("lanes", &r.Lanes, 1, maxLanes),
		d.durationField("refresh", &r.Refresh, minRefresh),
		d.choiceField("on_loss", &r.OnLoss, OnLossRecord, OnLossStop),
		d.choiceField("on_rejected", &r.OnRejected, OnRejectedStop, OnRejectedSkip),
		{key: "allow", kind: allowKind(), standard: []string{}, read: func(e entry) { d.allow(e.value, r) }},
		d.topicDefaultsField(&r.TopicDefaults),
		d.mappingField("routes.sync",
			d.boolField("configs", &r.Sync.Configs),
			d.boolField("partitions", &r.Sync.Partitions),
			d.groupsField(&r.Sync.Groups)),
		d.mappingField("routes.limits",
			d.sizeField("bytes_per_second", &r.Limits.BytesPerSecond, 0, "0"),
			d.intField("connections_per_broker", &r.Limits.ConnectionsPerBroker, 1, maxConnections)),
	}
}

// isolations are the words for what a route reads, the default first.
func isolations() []string { return []string{"read_committed", "read_uncommitted"} }

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
	d.mapping("routes.rename", entry{n, n}, d.ruleFields(&rule, &nodes)...)
	if len(d.faults.List) > before {
		// What is left of the rule could match too much, and shadow others.
		d.told[place{n.Line, n.Column}] = true
		return rename.Rule{}, ruleNodes{whole: n}
	}
	return rule, nodes
}

// ruleFields are the keys of a rename rule.
func (d *decoder) ruleFields(rule *rename.Rule, nodes *ruleNodes) []field {
	read := func(text *string, node **yaml.Node) func(entry) {
		return func(e entry) {
			*node = e.value
			*text, _ = d.text(e.value)
		}
	}
	return []field{
		{key: "topic", kind: textKind("the name of a topic"), read: read(&rule.Topic, &nodes.topic)},
		{key: "match", kind: textKind("a /regular expression/"), read: read(&rule.Match, &nodes.match)},
		// That it is missing is found with the other faults of names.
		{key: "to", kind: textKind("a template of names"), required: "-", read: read(&rule.To, &nodes.to)},
	}
}

// rulesKind is a list of rules, or one text for a single rule.
func (d *decoder) rulesKind() kind {
	return kind{words: "a list of rules, or one text", below: func() []field { return d.ruleFields(&rename.Rule{}, &ruleNodes{}) },
		wrap: func(rule map[string]any) map[string]any {
			return map[string]any{"anyOf": []map[string]any{textKind("").schema, {"type": "array", "items": rule}}}
		}}
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

func startKind() kind {
	return kind{words: "earliest, latest or a time like 2026-01-31T12:00:00Z", schema: orVariable(
		map[string]any{"enum": []string{"earliest", "latest"}},
		map[string]any{"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`})}
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

// permissions are the words for what is refused otherwise.
func permissions() []string { return []string{"existing", "append_time"} }

func allowKind() kind {
	each := choiceKind(permissions()...)
	return kind{words: "a list of " + strings.Join(permissions(), ", "), values: each.values,
		schema: map[string]any{"type": "array", "items": each.schema}}
}

// allow reads the permissions for what is refused otherwise.
func (d *decoder) allow(n *yaml.Node, r *Route) {
	for _, item := range d.items(n) {
		var word string
		d.choice(item, &word, permissions()...)
		r.AllowExisting = r.AllowExisting || word == "existing"
		r.AllowAppendTime = r.AllowAppendTime || word == "append_time"
	}
}
