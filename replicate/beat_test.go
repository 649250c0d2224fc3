package replicate

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"short", 5, "short"},
		{"longer", 5, "longe"},
		{"zürich", 2, "z"},
		{"zürich", 3, "zü"},
		{"→→", 5, "→"},
		{"→", 2, ""},
	} {
		if got := clip(c.text, c.n); got != c.want {
			t.Errorf("clip %q to %d bytes: got %q, want %q", c.text, c.n, got, c.want)
		}
	}
	for n := range 40 {
		if got := clip(strings.Repeat("a€ö😀", 5), n); len(got) > n || !utf8.ValidString(got) {
			t.Errorf("%d bytes: got %q", n, got)
		}
	}
}
