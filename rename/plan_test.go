package rename

import (
	"strings"
	"testing"
)

func names(list []Decision) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Topic)
	}
	return strings.Join(out, " ")
}

func TestPlan(t *testing.T) {
	m := mapper(t, all, Rule{Match: "/(a|b|c)-x/", To: "x"}, Rule{Match: "/long-(.*)/", To: strings.Repeat("y", 249) + "{1}"})
	tests := []struct {
		name                string
		topics              string
		copied              map[string]string
		take, refused, left string
	}{
		{"apart", "a-x orders __x", nil, "a-x orders", "", "__x"},
		{"listed twice", "a-x a-x", nil, "a-x", "", ""},
		{"both new", "b-x a-x orders", nil, "orders", "a-x b-x", ""},
		{"one is copied already", "a-x b-x", map[string]string{"x": "b-x"}, "b-x", "a-x", ""},
		{"the copied one is gone", "a-x", map[string]string{"x": "b-x"}, "", "a-x", ""},
		{"all gone", "orders", map[string]string{"x": "b-x"}, "orders", "", ""},
		{"too long", "long-1", nil, "", "long-1", ""},
		{"loop", "east.orders west.orders", nil, "", "", "east.orders west.orders"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := m.Plan(strings.Fields(tt.topics), tt.copied)
			if got := names(p.Take); got != tt.take {
				t.Errorf("take: got %q, want %q", got, tt.take)
			}
			if got := names(p.Refused); got != tt.refused {
				t.Errorf("refused: got %q, want %q", got, tt.refused)
			}
			if got := names(p.Left); got != tt.left {
				t.Errorf("left: got %q, want %q", got, tt.left)
			}
			for _, d := range append(p.Refused, p.Left...) {
				if d.Reason == "" || d.Take {
					t.Errorf("got %+v, want a reason", d)
				}
			}
		})
	}
}

func TestPlanNamesBothSides(t *testing.T) {
	m := mapper(t, all, Rule{Match: "/a.*/", To: "x"}, Rule{Match: "/b.*/", To: "x"})
	rules := []string{"topic a ", "topic b ", `rule 1 {match: /a.*/, to: "x"}`, `rule 2 {match: /b.*/, to: "x"}`, "called x"}
	for _, copied := range []map[string]string{nil, {"x": "a"}} {
		p := m.Plan([]string{"a", "b"}, copied)
		got := p.Refused[len(p.Refused)-1].Reason
		for _, want := range rules {
			if !strings.Contains(got, want) {
				t.Errorf("got %q, want %q in it", got, want)
			}
		}
	}
}

func TestPlanManyToOne(t *testing.T) {
	m := mapper(t, all, Rule{To: "one"})
	topics := make([]string, 20_000)
	for i := range topics {
		topics[i] = "t" + strings.Repeat("x", i%200) + string(rune('a'+i/200%26)) + string(rune('a'+i/5200))
	}
	p := m.Plan(topics, nil)
	if len(p.Refused) != len(topics) {
		t.Fatalf("got %d refused, want %d", len(p.Refused), len(topics))
	}
	if got := p.Refused[0].Reason; !strings.Contains(got, "19996 more") {
		t.Errorf("got %q, want the rest counted", got)
	}
}

func TestPlanWarnsOfMetricNames(t *testing.T) {
	p := mapper(t, all).Plan([]string{"a.b", "a_b", "c.d", "e"}, nil)
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "west.a.b (from a.b) and west.a_b (from a_b)") {
		t.Errorf("got %q, want one about a.b and a_b", p.Warnings)
	}
	if len(p.Take) != 4 {
		t.Errorf("got %d taken, want 4: a warning refuses nothing", len(p.Take))
	}
}
