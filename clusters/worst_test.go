package clusters

import (
	"fmt"
	"testing"
)

func TestDiskUsed(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	for _, test := range []struct {
		total, usable *int64
		want          string
	}{
		{n(1000), n(150), "0.85"},
		{n(1000), n(0), "1"},
		{n(1000), n(1000), "0"},
		{nil, n(1), "unknown"}, {n(1), nil, "unknown"}, {nil, nil, "unknown"}, // before KIP-827
		{n(0), n(0), "unknown"}, {n(-1), n(-1), "unknown"}, {n(10), n(11), "unknown"}, {n(10), n(-1), "unknown"},
	} {
		got := "unknown"
		if used := (&LogDir{Total: test.total, Usable: test.usable}).used(); used != nil {
			got = fmt.Sprint(*used)
		}
		if got != test.want {
			t.Errorf("%v of %v: got %s, want %s", test.usable, test.total, got, test.want)
		}
	}
}

func TestLongestLag(t *testing.T) {
	lag := func(seconds float64) *group { return &group{Group: Group{LagSeconds: &seconds}} }
	if got := longestLag([]*group{{}}); got != nil {
		t.Errorf("got %v of nothing known", *got)
	}
	if got := longestLag([]*group{lag(2), {}, lag(7), lag(3)}); got == nil || *got != 7 {
		t.Errorf("got %v, want 7", got)
	}
}
