package browser

import (
	"strings"
	"testing"
)

// TestClustersAlone looks at the top bar of a mirror without routes, while one of its
// clusters is down and after it is back.
func TestClustersAlone(t *testing.T) {
	s := newBrowsedWorld(t)
	defer s.start("", func(listen, history string) string {
		before, after, _ := strings.Cut(s.world.Config(listen, history), "routes:\n")
		_, after, _ = strings.Cut(after, "monitor:")
		return before + "monitor:" + after
	})()
	s.open("#/")
	chip := func(state, text string, alarm bool) {
		t.Helper()
		s.until(`(() => { const c = document.getElementById("overall"); return !c.hidden && c.classList.contains("` + state + `") && c.textContent === "` + text + `"; })()`)
		if title := ask[string](s, `document.title`); strings.HasPrefix(title, "(!) ") != alarm {
			t.Errorf("%s: the title is %q", text, title)
		}
	}
	chip("caught_up", "3 clusters healthy", false)
	s.world.CloseCluster()
	chip("stopped", "1 of 3 clusters unreachable", true)
	s.must(s.world.ReopenCluster())
	chip("caught_up", "3 clusters healthy", false)
	// It is the same on every page.
	s.open("#/cluster/dc3")
	chip("caught_up", "3 clusters healthy", false)
}
