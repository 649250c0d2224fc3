package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestWatched looks at the page of a mirror that only watches what another one
// copies. Both have the same host name, as pods of two datacenters may.
func TestWatched(t *testing.T) {
	s := newBrowsedWorld(t)
	s.must(chromedp.Do(s.tab, Size(1400, 1000, "light")))
	listen, err := FreeAddress()
	s.must(err)
	dir := t.TempDir()
	copier, err := StartMirror(s.ctx, s.binary, dir, listen, s.world.Config)
	s.must(err)
	ended := false
	defer func() {
		if !ended {
			s.must(copier.Stop())
		}
	}()
	token := filepath.Join(s.dir, "token")
	s.must(os.WriteFile(token, []byte("open-sesame"), 0o600))
	defer s.start("open-sesame", func(listen, history string) string {
		config := strings.ReplaceAll(s.world.Config(listen, history), "{from: ", "{watch: true, from: ")
		return strings.Replace(config, "web:\n", fmt.Sprintf("web:\n  token_file: %s\n  actions: true\n", token), 1)
	})()
	s.wait("every route is copied", func(st status) bool {
		return len(st.Routes) == 3 && len(st.Routes[0].Topics) >= 10 && len(st.Routes[1].Topics) == 1 && len(st.Routes[2].Topics) == 3
	})
	s.must(s.world.Start(s.ctx))
	t.Run("route", s.watchedRoute)
	t.Run("history", s.watchedHistory)
	s.world.Quiet()
	s.waitCopied(0)
	t.Run("numbers", s.numbers)
	t.Run("as the copier says", func(t *testing.T) { s.likeThe(t, copier) })
	s.must(copier.Stop())
	ended = true
	s.open("#/route/dc1-to-dc2")
	s.until(`document.querySelector(".lead .chip.waiting") && page.fleet.hidden`)
}

// The page says that the route is only watched: no process is this one, and no
// button is there though actions are on.
func (s *setting) watchedRoute(t *testing.T) {
	s.t = t
	for _, hash := range []string{"#/route/dc1-to-dc2", "#/route/dc1-to-dc2/topic/orders"} {
		s.open(hash)
		s.until(`store.head.actions && document.querySelector(".lead .chip.caught_up, .lead .chip.copying")`)
		if buttons := ask[[]string](s, `[...document.querySelectorAll(".lead button")].filter((b) => b.checkVisibility()).map((b) => b.textContent)`); len(buttons) != 0 {
			t.Errorf("%s has the buttons %q", hash, buttons)
		}
	}
	s.open("#/route/dc1-to-dc2")
	s.until(`document.querySelector(".lead .ends").textContent === "dc1 → dc2 · other mirrors copy it, this one only watches"`)
	s.until(`!page.fleet.hidden && page.processes.rows.length === 1 && /[1-9]/.test(document.querySelector("#tile-throughput b").textContent)`)
	var told struct {
		Routes []struct {
			Processes []struct{ Process string }
		}
	}
	s.must(s.mirror.Get(s.ctx, "status?route=dc1-to-dc2", &told))
	row := ask[[]string](s, `[...page.processes.rows[0].cells].map((c) => c.textContent)`)
	if p := told.Routes[0].Processes; len(p) != 1 || row[0] != p[0].Process || !strings.HasSuffix(row[4], " ago") {
		t.Errorf("the page lists the process %q, the API says %v", row, p)
	}
}

// What others tell of the route has its graphs in all windows; what only who copies
// can measure has none. A topic says where its history is.
func (s *setting) watchedHistory(t *testing.T) {
	s.t = t
	s.open("#/route/dc1-to-dc2")
	titles := ask[[]string](s, `page.feed.graphs.map((g) => g.o.title)`)
	if want := "Throughput|Records|Lag in time|Lag in records|Time to catch up"; strings.Join(titles, "|") != want {
		t.Errorf("got the graphs %q, want %s", titles, want)
	}
	s.eachWindow("g.data.rows[0].recorded && g.area")
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("1")))
	s.until(`page.feed.graphs.slice(0, 2).every((g) => g.data.rows[0].max.some((v) => v > 0)) && page.feed.graphs.slice(2, 4).every((g) => g.data.rows[0].max.some(known))`)
	s.open("#/graph/records/route/dc1-to-dc2")
	s.until(`/[1-9]/.test(document.querySelector(".legend b").textContent) && document.querySelector(".meaning").textContent === "Records that the target acknowledged, told by those that copy."`)
	for _, hash := range []string{"#/route/dc1-to-dc2/topic/orders", "#/route/dc1-to-dc2/topic/orders/partition/1"} {
		s.open(hash)
		s.until(`[...document.querySelectorAll(".graph .live-only")].every((e) => e.title === "Live only: another process records its history.")`)
	}
}

// likeThe compares what is known here with what the process knows that copies.
func (s *setting) likeThe(t *testing.T, copier *Mirror) {
	s.t = t
	var theirs status
	s.must(copier.Get(s.ctx, "status", &theirs))
	ours := s.status()
	for i, route := range theirs.Routes {
		if len(ours.Routes[i].Topics) != len(route.Topics) {
			t.Fatalf("%s: %d topics are known, %d copied", route.Name, len(ours.Routes[i].Topics), len(route.Topics))
		}
		for k, topic := range route.Topics {
			for n, p := range topic.Partitions {
				if got := ours.Routes[i].Topics[k].Partitions[n]; got.SourceOffset != p.SourceOffset || got.TargetOffset != p.TargetOffset || got.SourceEnd != p.SourceEnd || got.State != p.State {
					t.Errorf("%s-%d of %s: who watches says %+v, who copies %+v", topic.Source, p.Partition, route.Name, got, p)
				}
			}
		}
	}
}
