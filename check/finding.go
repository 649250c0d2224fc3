package check

import "slices"

// Level says how a finding is to be taken.
type Level string

// The levels of findings.
const (
	OK      Level = "ok"
	Warn    Level = "warn" // it works, but not quite as one may expect
	Fail    Level = "fail" // it would not work as configured
	Skipped Level = "skip" // not looked at; the text says why
)

// Kind is what is wrong in a finding that fails.
type Kind string

// The kinds of failures.
const (
	Problem     Kind = "problem"     // something is not as it should be
	Permission  Kind = "permission"  // something is not allowed
	Unreachable Kind = "unreachable" // something does not answer
)

// Finding is one thing that was looked at.
type Finding struct {
	ID     string   `json:"id"` // stable, for scripts: "target.acl.write"
	Level  Level    `json:"level"`
	Kind   Kind     `json:"kind,omitempty"` // only where Level is Fail
	Text   string   `json:"text"`
	Topics []string `json:"topics,omitempty"` // what it is about; empty where the text says it
	Fix    []string `json:"fix,omitempty"`    // ways out: commands to copy, or what to change
	Grant  *Grant   `json:"grant,omitempty"`  // of a finding about a permission
}

// Grant is a permission in Kafka's words.
type Grant struct {
	Principal string   `json:"principal"` // who has it or wants it, as far as that can be told
	Operation string   `json:"operation"` // Read, Write, Create, ...
	Resource  string   `json:"resource"`  // topic, group or cluster
	Names     []string `json:"names"`     // of the resource; empty for the cluster

	brokers []string // where to ask for it
}

// Report is everything that was found.
type Report struct {
	Mirror   string          `json:"mirror"`
	Clusters []ClusterReport `json:"clusters"`
	Routes   []RouteReport   `json:"routes"`
}

// ClusterReport is about one cluster, whatever routes use it.
type ClusterReport struct {
	Name     string    `json:"name"`
	ID       string    `json:"id"`      // empty when it did not answer
	Version  string    `json:"version"` // a guess from what its brokers offer; empty when unknown
	Brokers  int       `json:"brokers"`
	Findings []Finding `json:"findings"`
}

// RouteReport is about one route.
type RouteReport struct {
	Name     string    `json:"name"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Findings []Finding `json:"findings"`
}

// All are the findings of all clusters and routes.
func (r *Report) All() []Finding {
	var all []Finding
	for _, c := range r.Clusters {
		all = append(all, c.Findings...)
	}
	for _, route := range r.Routes {
		all = append(all, route.Findings...)
	}
	return all
}

// Count is how many findings have a level.
func (r *Report) Count(level Level) int {
	n := 0
	for _, f := range r.All() {
		if f.Level == level {
			n++
		}
	}
	return n
}

// Worst is the kind of failure that matters most, "" when nothing fails. What cannot be reached comes first, since
// nothing else is known of it; then what is not allowed.
func (r *Report) Worst() Kind {
	all := r.All()
	for _, kind := range []Kind{Unreachable, Permission, Problem} {
		if slices.ContainsFunc(all, func(f Finding) bool { return f.Level == Fail && f.Kind == kind }) {
			return kind
		}
	}
	return ""
}

// findings collects what is found.
type findings []Finding

func (f *findings) add(level Level, id, text string, fix ...string) {
	*f = append(*f, Finding{ID: id, Level: level, Text: text, Fix: fix})
}

func (f *findings) ok(id, text string)                  { f.add(OK, id, text) }
func (f *findings) skip(id, text string, fix ...string) { f.add(Skipped, id, text, fix...) }
func (f *findings) warn(id, text string, fix ...string) { f.add(Warn, id, text, fix...) }
func (f *findings) fail(id, text string, fix ...string) { f.failAs(Problem, id, text, fix...) }
func (f *findings) failAs(kind Kind, id, text string, fix ...string) {
	*f = append(*f, Finding{ID: id, Level: Fail, Kind: kind, Text: text, Fix: fix})
}
