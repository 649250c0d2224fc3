package rename

import "testing"

func TestNarrow(t *testing.T) {
	m, err := New(Spec{Source: "west", Target: "east", Topics: []string{"orders", "/clicks\\..*/"}, Exclude: []string{"clicks.test"},
		Rules: []Rule{{Topic: "orders", To: "all-orders"}, {Match: "/clicks\\.(.*)/", To: "{1}.clicks"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		topics []string
		rules  []Rule
		topic  string
		want   string // target, empty: not taken
	}{
		{[]string{"orders"}, nil, "orders", "all-orders"},
		{[]string{"clicks.web"}, nil, "clicks.web", "web.clicks"},
		{[]string{"clicks.web"}, nil, "orders", ""},
		{[]string{"/.*/"}, nil, "orders", "all-orders"},
		{[]string{"/.*/"}, nil, "other", "west.other"},
		{[]string{"/.*/"}, nil, "clicks.test", ""},
		{[]string{"orders"}, []Rule{{To: "{topic}.history"}}, "orders", "orders.history"},
	} {
		n, err := m.Narrow(c.topics, c.rules)
		if err != nil {
			t.Errorf("%q: %v", c.topics, err)
			continue
		}
		d := n.Decide(c.topic)
		if d.Take != (c.want != "") || d.Take && d.Target != c.want {
			t.Errorf("%q: %s: got %+v, want %q", c.topics, c.topic, d, c.want)
		}
	}
	if _, err := m.Narrow([]string{"/(/"}, nil); err == nil {
		t.Error("a bad regular expression is no error")
	}
	if d := m.Decide("orders"); d.Target != "all-orders" {
		t.Errorf("the mapper itself has changed: %+v", d)
	}
}
