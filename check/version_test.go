package check

import "testing"

func TestVersionOf(t *testing.T) {
	for _, c := range []struct {
		guess     string
		describes bool // takes DescribeProducers
		want      string
	}{
		{"v4.0", true, "4.0"},
		{"at least v4.3", true, "at least 4.3"},
		{"v2.8", true, "2.8"},
		{"v2.7", false, "2.7"},
		{"between v1.0 and v1.1", false, "between 1.0 and 1.1"},
		{"between v1.0 and v1.1", true, unrecognised},
		{"between v2.7 and v2.8", true, "between 2.7 and 2.8"},
		{"not even v0.8.0", true, unrecognised},
		{"unknown custom version", true, unrecognised},
	} {
		if got := versionOf(c.guess, c.describes); got != c.want {
			t.Errorf("%s, %v: got %q, want %q", c.guess, c.describes, got, c.want)
		}
	}
}
