package rename

import (
	"errors"
	"strings"
	"testing"
)

// mapper makes a Mapper for a route from west to east.
func mapper(t testing.TB, topics []string, rules ...Rule) *Mapper {
	t.Helper()
	return mustNew(t, Spec{Source: "west", Target: "east", Topics: topics, Rules: rules})
}

func mustNew(t testing.TB, spec Spec) *Mapper {
	t.Helper()
	m, err := New(spec)
	if err != nil {
		t.Fatalf("New(%+v): %v", spec, err)
	}
	return m
}

var all = []string{"/.*/"}

func TestDecide(t *testing.T) {
	clicks := Rule{Match: `/clicks\.(.*)/`, To: "{source}.{1}.clicks"}
	tests := []struct {
		name   string
		spec   Spec
		topic  string
		target string // "" when it is not taken
		rule   int
		reason string
	}{
		{"default", Spec{Topics: all}, "orders", "west.orders", -1, ""},
		{"exact name selects only itself", Spec{Topics: []string{"orders"}}, "orders2", "", -1, "no entry"},
		{"expression matches the whole name", Spec{Topics: []string{"/orders/"}}, "orders2", "", -1, "no entry"},
		{"alternatives match the whole name", Spec{Topics: []string{"/a|orders/"}}, "orders2", "", -1, "no entry"},
		{"excluded by name", Spec{Topics: all, Exclude: []string{"orders"}}, "orders", "", -1, `excluded by "orders"`},
		{"excluded by expression", Spec{Topics: all, Exclude: []string{`/.*\.tmp/`}}, "a.tmp", "", -1, `excluded by "/.*\\.tmp/"`},
		{"internal", Spec{Topics: all}, "__consumer_offsets", "", -1, "internal"},
		{"checkpoints", Spec{Topics: all}, "__mirror_a-to-b", "", -1, "checkpoint topic of mirror"},
		{"exact rule", Spec{Topics: all, Rules: []Rule{{Topic: "orders", To: "all-orders"}, clicks}}, "orders", "all-orders", 0, ""},
		{"numbered group", Spec{Topics: all, Rules: []Rule{{Topic: "orders", To: "all-orders"}, clicks}}, "clicks.eu", "west.eu.clicks", 1, ""},
		{"no rule matches", Spec{Topics: all, Rules: []Rule{clicks}}, "orders", "west.orders", -1, ""},
		{"named group", Spec{Topics: all, Rules: []Rule{{Match: `/(?P<what>[a-z]+)-\d+/`, To: "{what}.{target}"}}}, "bills-12", "bills.east", 0, ""},
		{"first rule wins", Spec{Topics: all, Rules: []Rule{{Match: "/o.*/", To: "x"}, {To: "y"}}}, "orders", "x", 0, ""},
		{"exact rule after an expression that does not match it", Spec{Topics: all, Rules: []Rule{{Match: "/a.*/", To: "x"}, {Topic: "b", To: "y"}}}, "b", "y", 1, ""},
		{"kept", Spec{Topics: all, Rules: []Rule{{To: "{topic}"}}}, "orders", "orders", 0, ""},
		{"too long", Spec{Topics: all}, strings.Repeat("x", 245), "", -1, "Kafka allows 249"},
		{"longest", Spec{Topics: all}, strings.Repeat("x", 244), "west." + strings.Repeat("x", 244), -1, ""},
		{"becomes nothing", Spec{Topics: all, Rules: []Rule{{Match: "/a(.*)/", To: "{1}"}}}, "a", "", 0, "empty"},
		{"becomes dots", Spec{Topics: all, Rules: []Rule{{Match: "/a(.*)/", To: "{1}"}}}, "a..", "", 0, "not allowed"},
		{"becomes internal", Spec{Topics: all}, "checkpoints.internal", "", -1, "would be west.checkpoints.internal"},
		{"becomes internal by rule", Spec{Topics: all, Rules: []Rule{{Match: "/a(.*)/", To: "{1}"}}}, "a__x", "", 0, "would be __x"},
		{"came from the target", Spec{Topics: all}, "east.orders", "", -1, "came from the target"},
		{"only begins like the target", Spec{Topics: all}, "eastern", "west.eastern", -1, ""},
		{"has the prefix already", Spec{Topics: all}, "west.orders", "", -1, "twice"},
		{"has the prefix inside", Spec{Topics: all}, "north.west.orders", "", -1, "twice"},
		{"has the prefix as part of a word", Spec{Topics: all}, "northwest.orders", "west.northwest.orders", -1, ""},
		{"other separator", Spec{Topics: all, Rules: []Rule{{To: "{source}-{topic}"}}}, "east-orders", "", 0, "came from the target"},
		{"another separator is another name", Spec{Topics: all, Rules: []Rule{{To: "{source}-{topic}"}}}, "east.orders", "west-east.orders", 0, ""},
		{"name of the source written out", Spec{Topics: all, Rules: []Rule{{To: "west.{topic}"}}}, "east.orders", "", 0, "came from the target"},
		{"suffix", Spec{Topics: all, Rules: []Rule{{To: "{topic}.{source}"}}}, "orders.east", "", 0, "came from the target"},
		{"suffix twice", Spec{Topics: all, Rules: []Rule{{To: "{topic}.{source}"}}}, "orders.west.x", "", 0, "twice"},
		{"fixed prefix", Spec{Topics: all, Rules: []Rule{{To: "copy.{topic}"}}}, "copy.orders", "", 0, "looks like a copy"},
		{"fixed prefix by a group", Spec{Topics: all, Rules: []Rule{{Match: "/(.*)/", To: "copy.{1}"}}}, "copy.orders", "", 0, "looks like a copy"},
		{"fixed suffix", Spec{Topics: all, Rules: []Rule{{To: "{topic}-copy"}}}, "orders-copy", "", 0, "looks like a copy"},
		{"fixed text around it, half there", Spec{Topics: all, Rules: []Rule{{To: "a.{topic}.b"}}}, "a.orders", "a.a.orders.b", 0, ""},
		{"exact rule with a fixed name is no loop", Spec{Topics: all, Rules: []Rule{{Topic: "east.orders", To: "west.theirs"}}}, "east.orders", "west.theirs", 0, ""},
		{"kept names are cut by provenance", Spec{Topics: all, Rules: []Rule{{To: "{topic}"}}}, "east.orders", "east.orders", 0, ""},
		{"brought home", Spec{Topics: all, Rules: []Rule{{Match: `/east\.(.*)/`, To: "{1}"}}}, "east.orders", "", 0, "bring it back"},
		{"brought home by suffix", Spec{Topics: all, Rules: []Rule{{Match: `/(.*)-east/`, To: "{1}"}}}, "orders-east", "", 0, "bring it back"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.spec.Source, tt.spec.Target = "west", "east"
			d := mustNew(t, tt.spec).Decide(tt.topic)
			if d.Take != (tt.target != "") || d.Take && d.Target != tt.target {
				t.Errorf("got target %q, take %v (%s), want %q", d.Target, d.Take, d.Reason, tt.target)
			}
			if d.Rule != tt.rule {
				t.Errorf("got rule %d, want %d", d.Rule, tt.rule)
			}
			if !strings.Contains(d.Reason, tt.reason) || (tt.reason == "") != (d.Reason == "") {
				t.Errorf("got reason %q, want one with %q", d.Reason, tt.reason)
			}
			if d.KeepsName != (d.Target == tt.topic) {
				t.Errorf("got KeepsName %v for %s -> %s", d.KeepsName, tt.topic, d.Target)
			}
		})
	}
}

func TestDecideNamesTheRule(t *testing.T) {
	m := mapper(t, all, Rule{Topic: "orders", To: "all-orders"})
	for topic, want := range map[string]string{
		"orders": `rule 1 {topic: orders, to: "all-orders"}`,
		"bills":  `the default {to: "{source}.{topic}"}`,
		"__x":    "",
	} {
		if got := m.Decide(topic).RuleText; got != want {
			t.Errorf("%s: got %q, want %q", topic, got, want)
		}
	}
}

func TestOntoItself(t *testing.T) {
	spec := Spec{Source: "west", Target: "west", Topics: all, Rules: []Rule{{Match: "/a(.*)/", To: "a{1}"}}}
	if d := mustNew(t, spec).Decide("abc"); d.Take || !d.Refused || !strings.Contains(d.Reason, "onto itself") {
		t.Errorf("got %+v, want a refusal", d)
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name string
		spec Spec
		want []string // one per fault, in order
	}{
		{"nothing selected", Spec{}, []string{"topics: no topics"}},
		{"bad names", Spec{Topics: []string{"a b", "", ".", strings.Repeat("x", 250)}}, []string{`topics[0]: the name "a b" contains ' '`, "topics[1]: the name is empty", `topics[2]: "."`, "topics[3]: the name has 250"}},
		{"bad expressions", Spec{Topics: []string{"/(/", "//", "/a", "a/b", "/a)|(b/"}},
			[]string{"topics[0]: \"(\" is not a regular", "topics[1]: the regular expression is empty", "topics[2]: \"/a\" needs a slash at both ends", "topics[3]: \"a/b\" needs", "topics[4]: \"a)|(b\" is not"}},
		{"long expression", Spec{Topics: []string{"/" + strings.Repeat("a", 4097) + "/"}}, []string{"topics[0]: the regular expression has 4097 characters"}},
		{"bad exclude", Spec{Topics: all, Exclude: []string{"/[/"}}, []string{"exclude[0]: \"[\" is not"}},
		{"internal literally", Spec{Topics: []string{"__consumer_offsets", "heartbeats", "a.heartbeats", "mm2-configs.a.internal", "west.checkpoints.internal"}},
			[]string{"topics[0]: topic __consumer_offsets can never", "topics[1]:", "topics[2]:", "topics[3]:", "topics[4]:"}},
		{"topic and match", Spec{Topics: all, Rules: []Rule{{Topic: "a", Match: "/b/", To: "c"}}}, []string{"rename[0].match: a rule has either"}},
		{"expression as topic", Spec{Topics: all, Rules: []Rule{{Topic: "/a/", To: "c"}}}, []string{`rename[0].topic: "topic" is one exact name`}},
		{"name as match", Spec{Topics: all, Rules: []Rule{{Match: "a", To: "c"}}}, []string{"rename[0].match: a regular expression is written between slashes"}},
		{"no to", Spec{Topics: all, Rules: []Rule{{Topic: "a"}}}, []string{"rename[0].to: the rule has no"}},
		{"placeholder", Spec{Topics: all, Rules: []Rule{{To: "{sorce}.{topic}"}}}, []string{"did you mean {source}?"}},
		{"placeholder far off", Spec{Topics: all, Rules: []Rule{{To: "{xyz}"}}}, []string{"this rule knows {source}, {target}, {topic}"}},
		{"named group", Spec{Topics: all, Rules: []Rule{{Match: "/(?P<region>.*)/", To: "{regoin}"}}}, []string{"did you mean {region}?"}},
		{"group without match", Spec{Topics: all, Rules: []Rule{{To: "{1}"}}}, []string{"this rule has none"}},
		{"group without groups", Spec{Topics: all, Rules: []Rule{{Match: "/a.*/", To: "{1}"}}}, []string{"has no groups"}},
		{"group too high", Spec{Topics: all, Rules: []Rule{{Match: "/(a)(.*)/", To: "{3}"}}}, []string{"is {2}"}},
		{"group zero", Spec{Topics: all, Rules: []Rule{{Match: "/(a)(.*)/", To: "{0}"}}}, []string{"{topic}"}},
		{"group called topic", Spec{Topics: all, Rules: []Rule{{Match: "/(?P<topic>a)/", To: "{topic}"}}}, []string{"choose another name"}},
		{"braces", Spec{Topics: all, Rules: []Rule{{To: "{topic"}, {To: "topic}"}, {To: "{}"}}}, []string{"without its partner", "without its partner", "there is no placeholder {}"}},
		{"illegal text", Spec{Topics: all, Rules: []Rule{{To: "{source}/{topic}"}}}, []string{`contains '/'`}},
		{"too long", Spec{Topics: all, Rules: []Rule{{To: strings.Repeat("x", 250)}}}, []string{"fixed part"}},
		{"after a catch-all", Spec{Topics: all, Rules: []Rule{{To: "{topic}"}, {Topic: "a", To: "b"}}}, []string{"rename[1]: this rule is never used: rule 1"}},
		{"exact twice", Spec{Topics: all, Rules: []Rule{{Topic: "a", To: "b"}, {Topic: "a", To: "c"}}}, []string{"rename[1]: this rule is never used"}},
		{"exact after its expression", Spec{Topics: all, Rules: []Rule{{Match: "/a.*/", To: "b"}, {Topic: "ab", To: "c"}}}, []string{"rename[1]: this rule is never used"}},
		{"same expression twice", Spec{Topics: all, Rules: []Rule{{Match: "/a.*/", To: "b"}, {Match: "/a.*/", To: "c"}}}, []string{"rename[1]: this rule is never used"}},
		{"rule for what is not selected", Spec{Topics: []string{"a"}, Rules: []Rule{{Topic: "b", To: "c"}}}, []string{"rename[0].topic: this rule is never used: topic b"}},
		{"two known topics, one target", Spec{Topics: []string{"a", "b"}, Rules: []Rule{{Topic: "a", To: "x"}, {To: "x"}}},
			[]string{`topics[1]: topic a (rule 1 {topic: a, to: "x"}) and topic b (rule 2 {to: "x"}) would both be called x`}},
		{"two rules, one target", Spec{Topics: all, Rules: []Rule{{Topic: "a", To: "x"}, {Topic: "b", To: "x"}}}, []string{"rename[1]: topic a"}},
		{"known topic that would loop", Spec{Topics: []string{"east.orders"}}, []string{"topics[0]: topic east.orders cannot be copied"}},
		{"known target is internal", Spec{Topics: []string{"a"}, Rules: []Rule{{Topic: "a", To: "__consumer_offsets"}}}, []string{"would be __consumer_offsets"}},
		{"brought home", Spec{Topics: []string{"east.a"}, Rules: []Rule{{Topic: "east.a", To: "a"}}}, []string{"bring it back"}},
		{"clusters", Spec{Source: "a/b", Target: "..", Topics: all}, []string{"source: cluster name", "target: cluster name"}},
		{"onto themselves", Spec{Source: "west", Target: "west", Topics: all, Rules: []Rule{{To: "{topic}"}}}, []string{"rename[0].to: topics would be copied onto themselves"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.spec.Source == "" {
				tt.spec.Source, tt.spec.Target = "west", "east"
			}
			m, err := New(tt.spec)
			if m != nil || err == nil {
				t.Fatalf("got no error")
			}
			joined, ok := err.(interface{ Unwrap() []error })
			if !ok {
				t.Fatalf("got %T, want joined errors", err)
			}
			got := joined.Unwrap()
			if len(got) != len(tt.want) {
				t.Fatalf("got %d faults, want %d:\n%v", len(got), len(tt.want), err)
			}
			for i, e := range got {
				if f := new(Fault); !errors.As(e, &f) {
					t.Errorf("got %T, want *Fault", e)
				}
				if !strings.Contains(e.Error(), tt.want[i]) {
					t.Errorf("got %q, want one with %q", e, tt.want[i])
				}
			}
		})
	}
}

func TestSource(t *testing.T) {
	m := mapper(t, all,
		Rule{Topic: "orders", To: "all-orders"},
		Rule{Match: `/clicks\.(.*)/`, To: "{source}.{1}.clicks"},
		Rule{Match: `/([a-z]+)([0-9]+)/`, To: "{2}{1}"},
		Rule{Match: `/log-(?P<app>.*)-(?P<n>\d+)/`, To: "{n}.{app}.log"},
		Rule{Match: `/many-.*/`, To: "one"},
		Rule{Match: `/part-(.*)-(.*)/`, To: "part.{1}"},
		Rule{Match: `/twice-(.*)/`, To: "{1}-2-{1}"},
		Rule{Match: `/(?i)Case(.*)/`, To: "case.{1}"},
		Rule{Match: `/((a|b)-(x))-end/`, To: "{1}-{2}-{3}"},
		Rule{Match: `/whole-\d+/`, To: "w.{topic}"},
		Rule{Topic: "constant", To: "fixed"})
	for target, want := range map[string]string{
		"all-orders":     "orders",
		"west.eu.clicks": "clicks.eu",
		"12ab":           "ab12",
		"7.a-b.log":      "log-a-b-7",
		"one":            "",
		"part.a":         "",
		"x-2-x":          "twice-x",
		"x-2-y":          "",
		"case.x":         "",
		"a-x-a-x":        "a-x-end",
		"w.whole-1":      "whole-1",
		"fixed":          "constant",
		"west.bills":     "bills",
		"west.orders":    "", // the default would have made it, but rule 1 comes first
		"west.clicks.x":  "",
		"bills":          "",
		"west.":          "",
		"west.east.x":    "", // never copied
		"west.__x":       "",
		"":               "",
		"west.a b":       "",
	} {
		got, ok := m.Source(target)
		if got != want || ok != (want != "") {
			t.Errorf("Source(%q): got %q %v, want %q", target, got, ok, want)
		}
		if ok && m.Decide(got).Target != target {
			t.Errorf("Decide(%q): got %q, want %q", got, m.Decide(got).Target, target)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"topics", "exclude", "rename", "PLAIN"}
	for word, want := range map[string]string{"tpoics": "topics", "topic": "topics", "exlude": "exclude", "plane": "PLAIN", "zebra": "", "": "", strings.Repeat("t", 1000): ""} {
		if got, _ := Nearest(word, words); got != want {
			t.Errorf("Nearest(%q): got %q, want %q", word, got, want)
		}
	}
}

func TestInternal(t *testing.T) {
	for _, name := range []string{"__consumer_offsets", "__mirror_x", "heartbeats", "west.heartbeats", "west.checkpoints.internal", "mm2-offset-syncs.b.internal"} {
		if why, yes := Internal(name); !yes || why == "" {
			t.Errorf("%s: got %q %v, want internal", name, why, yes)
		}
	}
	for _, name := range []string{"_x", "heartbeats2", "myheartbeats", "checkpoints.internal", "mm2", "orders"} {
		if _, yes := Internal(name); yes {
			t.Errorf("%s: got internal", name)
		}
	}
}
