package rename

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// topicNames are names that are likely to get in each other's way.
func topicNames() *rapid.Generator[string] {
	word := rapid.SampledFrom([]string{"a", "b", "ab", "x1", "12", "west", "east", "orders", "copy", "mirror", "__x", "heartbeats"})
	return rapid.Custom(func(t *rapid.T) string {
		name := word.Draw(t, "word")
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			name += rapid.SampledFrom([]string{".", "-", "_", ""}).Draw(t, "separator") + word.Draw(t, "word")
		}
		return name
	})
}

// invertible rules tell the topic from the target; the others do not.
var invertible = []Rule{
	{To: "{source}.{topic}"}, {To: "{topic}"}, {To: "{topic}.{target}"}, {To: "x-{source}-{topic}-y"},
	{Match: "/a(.*)/", To: "{1}"}, {Match: `/(.*)\.(.*)/`, To: "{2}.{1}"}, {Match: `/([a-z]+)([0-9]+)/`, To: "{2}{1}"},
	{Match: `/(?P<head>[a-z]+)-(?P<tail>.*)/`, To: "{tail}_{head}"}, {Match: "/.*west.*/", To: "w.{topic}"},
	{Match: "/(.+)/", To: "g.{1}"}, {Match: "/^(a|b)$/", To: "one-of.{1}"}, {Topic: "orders", To: "all"}, {Topic: "ab", To: "a.b"},
}

var lossy = []Rule{{Match: "/x.*/", To: "many"}, {Match: "/(.).*/", To: "{1}"}, {Match: "/(?i)A(.*)/", To: "i.{1}"}, {Match: "/(.*)-(.*)/", To: "{1}"}}

func drawSpec(t *rapid.T, rules []Rule) Spec {
	spec := Spec{Source: "west", Target: "east", Topics: []string{"/.*/"}}
	for _, r := range rapid.SliceOfNDistinct(rapid.SampledFrom(rules), 0, 4, func(r Rule) Rule { return r }).Draw(t, "rules") {
		spec.Rules = append(spec.Rules, r)
		if r.Topic == "" && r.Match == "" {
			break // nothing is allowed after a catch-all
		}
	}
	return spec
}

func drawMapper(t *rapid.T, rules []Rule) *Mapper {
	m, err := New(drawSpec(t, rules))
	if err != nil {
		t.Skip("rules that New refuses")
	}
	return m
}

// The inverse of a rename is the source, or a topic that collides with it
// and that Plan refuses together with it.
func TestSourceIsTheInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMapper(t, invertible)
		topic := topicNames().Draw(t, "topic")
		d := m.Decide(topic)
		if !d.Take {
			t.Skip("not taken")
		}
		got, ok := m.Source(d.Target)
		if !ok {
			t.Fatalf("Source(%q) is unknown, want %q", d.Target, topic)
		}
		if back := m.Decide(got); back.Target != d.Target || !back.Take {
			t.Fatalf("Decide(%q) gives %q, want %q", got, back.Target, d.Target)
		}
		if got != topic && len(m.Plan([]string{topic, got}, nil).Take) != 0 {
			t.Fatalf("Source(%q) is %q, want %q, and Plan takes them", d.Target, got, topic)
		}
	})
}

// Whatever the rules, Source never returns a topic with another target.
func TestSourceIsNeverWrong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMapper(t, append(slices.Clone(lossy), invertible...))
		target := topicNames().Draw(t, "target")
		if topic, ok := m.Source(target); ok {
			if d := m.Decide(topic); !d.Take || d.Target != target {
				t.Fatalf("Source(%q) is %q, whose target is %q (%s)", target, topic, d.Target, d.Reason)
			}
		}
	})
}

// No two topics collide unnoticed, each topic is in one list, and a copied
// topic stays.
func TestPlanIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMapper(t, append(slices.Clone(lossy), invertible...))
		topics := rapid.SliceOf(topicNames()).Draw(t, "topics")
		copied := map[string]string{}
		for _, d := range m.Plan(topics[:len(topics)/2], nil).Take {
			copied[d.Target] = d.Topic
		}
		p := m.Plan(topics, copied)
		seen, targets := map[string]bool{}, map[string]string{}
		for _, d := range slices.Concat(p.Take, p.Refused, p.Left) {
			if seen[d.Topic] {
				t.Fatalf("topic %s is planned twice", d.Topic)
			}
			seen[d.Topic] = true
			if (d.Reason == "") != d.Take {
				t.Fatalf("got %+v, want a reason unless it is taken", d)
			}
		}
		for _, d := range p.Take {
			if other, twice := targets[d.Target]; twice {
				t.Fatalf("topics %s and %s are both copied to %s", d.Topic, other, d.Target)
			}
			targets[d.Target] = d.Topic
			if CheckName(d.Target) != nil {
				t.Fatalf("got the illegal name %q", d.Target)
			}
		}
		for target, topic := range copied {
			if targets[target] != topic {
				t.Fatalf("topic %s was copied to %s and is not any more", topic, target)
			}
		}
		for _, topic := range topics {
			if !seen[topic] {
				t.Fatalf("topic %s is in no list", topic)
			}
		}
	})
}

// world is a set of clusters with mirrors between them.
type world struct {
	topics  map[string]map[string]bool // by cluster
	mappers []*Mapper
	copied  []map[string]string // by mapper
}

// settle lets all mirrors look and copy until nothing changes, and returns how often they looked.
func (w *world) settle(t *rapid.T) int {
	const most = 30
	for round := range most {
		changed := false
		for i, m := range w.mappers {
			p := m.Plan(slices.Collect(maps.Keys(w.topics[m.spec.Source])), w.copied[i])
			for _, d := range p.Take {
				if there := w.topics[m.spec.Target]; !there[d.Target] {
					there[d.Target], changed = true, true
				}
				w.copied[i][d.Target] = d.Topic
			}
		}
		if !changed {
			return round
		}
	}
	t.Fatalf("the mirrors do not settle: %v", w.topics)
	return 0
}

// Two daemons that take everything in both directions settle, whatever sensible templates they have.
func TestBothDirectionsSettle(t *testing.T) {
	templates := []string{
		"{source}.{topic}", "{source}-{topic}", "{source}_{topic}", "{source}{topic}", "{topic}.{source}", "{topic}-{source}",
		"{target}.{topic}", "{source}.{target}.{topic}", "from-{source}.{topic}", "{source}.x.{topic}.y", "west.{topic}", "east.{topic}",
		"mirror.{topic}", "copy.{topic}", "{topic}-copy", "a.{topic}.b", "{topic}",
	}
	rapid.Check(t, func(t *rapid.T) {
		w := &world{topics: map[string]map[string]bool{"west": {}, "east": {}}}
		for _, ends := range [][2]string{{"west", "east"}, {"east", "west"}} {
			to := rapid.SampledFrom(templates).Draw(t, ends[0])
			m, err := New(Spec{Source: ends[0], Target: ends[1], Topics: []string{"/.*/"}, Rules: []Rule{{To: to}}})
			if err != nil {
				t.Fatal(err)
			}
			w.mappers, w.copied = append(w.mappers, m), append(w.copied, map[string]string{})
			for _, name := range rapid.SliceOfN(topicNames(), 0, 5).Draw(t, "topics") {
				w.topics[ends[0]][name] = true
			}
		}
		w.settle(t)
	})
}

// With the default names nothing goes back, in a pair and in a ring.
func TestDefaultNamesSettleAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clusters := []string{"north", "west", "east", "south"}[:rapid.IntRange(2, 4).Draw(t, "clusters")]
		full := rapid.Bool().Draw(t, "every pair")
		w := &world{topics: map[string]map[string]bool{}}
		for i, from := range clusters {
			w.topics[from] = map[string]bool{"local-" + from: true}
			for j, to := range clusters {
				if i == j || !full && j != (i+1)%len(clusters) {
					continue
				}
				m, err := New(Spec{Source: from, Target: to, Topics: []string{"/.*/"}})
				if err != nil {
					t.Fatal(err)
				}
				w.mappers, w.copied = append(w.mappers, m), append(w.copied, map[string]string{})
			}
		}
		rounds := w.settle(t)
		if rounds > len(clusters) {
			t.Fatalf("settled after %d rounds, want at most %d", rounds, len(clusters))
		}
		for cluster, topics := range w.topics {
			for name := range topics {
				if strings.HasPrefix(name, cluster+".") {
					t.Fatalf("%s is on %s itself", name, cluster)
				}
			}
		}
	})
}
