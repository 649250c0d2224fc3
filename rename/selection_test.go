package rename

import "testing"

func TestSelectTopics(t *testing.T) {
	s, faults := SelectTopics([]string{"orders", "__consumer_offsets", `/clicks\..*/`})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	tests := []struct {
		name         string
		takes, named bool
	}{
		{"orders", true, true},
		{"orders2", false, false},
		{"clicks.web", true, false},
		{"my.clicks.web", false, false},
		{"__consumer_offsets", true, true},
	}
	for _, test := range tests {
		if takes, named := s.Takes(test.name), s.Names(test.name); takes != test.takes || named != test.named {
			t.Errorf("%s: got takes %t, names %t, want %t, %t", test.name, takes, named, test.takes, test.named)
		}
	}
	if _, faults := SelectTopics([]string{"orders", "a b", "/(/"}); len(faults) != 2 || faults[0].Index != 1 || faults[1].Index != 2 {
		t.Errorf("got faults %v, want those of the second and third entry", faults)
	}
}

// Groups have names that topics cannot have.
func TestSelectGroups(t *testing.T) {
	s, faults := SelectGroups([]string{"team/billing", "ärger", "a b", "/app-[0-9]+/"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for name, want := range map[string]bool{"team/billing": true, "ärger": true, "a b": true, "app-7": true, "app-": false, "billing": false} {
		if got := s.Takes(name); got != want {
			t.Errorf("%q: got %t, want %t", name, got, want)
		}
	}
	if _, faults := SelectGroups([]string{"//", "/[/"}); len(faults) != 2 {
		t.Errorf("got faults %v, want two", faults)
	}
}
