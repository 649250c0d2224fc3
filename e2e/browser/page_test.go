package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/twmb/franz-go/pkg/kadm"
)

// setting is a mirror in a world with trouble, and a browser.
type setting struct {
	t      *testing.T
	world  *World
	mirror *Mirror
	tab    context.Context
	ctx    context.Context
	listen string
	binary string
	dir    string
}

func newSetting(t *testing.T) *setting {
	t.Helper()
	s := newBrowsedWorld(t)
	var err error
	s.listen, err = FreeAddress()
	s.must(err)
	s.mirror, err = StartMirror(s.ctx, s.binary, s.dir, s.listen, s.world.Config)
	s.must(err)
	t.Cleanup(func() {
		if err := s.mirror.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newBrowsedWorld is a setting whose mirror the test starts by itself.
func newBrowsedWorld(t *testing.T) *setting {
	t.Helper()
	s := &setting{t: t, ctx: t.Context(), dir: t.TempDir()}
	s.needsChromium()
	var err error
	s.world, err = NewWorld(s.ctx)
	s.must(err)
	t.Cleanup(s.world.Close)
	s.binary, err = Build(s.ctx, s.dir)
	s.must(err)
	tab, stop, err := StartChromium(context.WithoutCancel(s.ctx))
	s.must(err)
	t.Cleanup(stop)
	s.tab = tab
	return s
}

// needsChromium skips the test on a machine without one, unless it has to run.
func (s *setting) needsChromium() {
	s.t.Helper()
	_, err := FindChromium()
	switch {
	case err != nil && os.Getenv("MIRROR_E2E_REQUIRED") != "":
		s.t.Fatal(err)
	case err != nil:
		s.t.Skip(err)
	}
}

func (s *setting) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// open opens a page of the mirror anew.
func (s *setting) open(hash string) {
	s.t.Helper()
	s.must(chromedp.Do(s.tab, chromedp.Navigate("about:blank"), chromedp.Navigate(s.mirror.URL+"/"+hash)))
	s.until(`document.querySelector("#link.live") && document.querySelector(".page")`)
}

func (s *setting) until(expression string) {
	s.t.Helper()
	s.must(Until(s.tab, expression))
}

// ask evaluates an expression that gives JSON.
func ask[T any](s *setting, expression string) (value T) {
	s.t.Helper()
	text, err := chromedp.Run(s.tab, chromedp.Evaluate[string]("JSON.stringify("+expression+")"))
	s.must(err)
	s.must(json.Unmarshal([]byte(text), &value))
	return value
}

// status is what the API says, as far as tests compare it.
type status struct {
	Routes []struct {
		Name       string
		State      string
		LagRecords int64 `json:"lag_records"`
		Losses     int64
		Topics     []struct {
			Source, Target, State string
			Partitions            []struct {
				Partition    int64
				State        string
				Reason       string
				Owner        string
				SourceOffset int64 `json:"source_offset"`
				TargetOffset int64 `json:"target_offset"`
				SourceEnd    int64 `json:"source_end"`
				LagRecords   int64 `json:"lag_records"`
			}
		}
	}
}

// knowsEnds says whether the ends of what comes from dc1 are the present ones: a
// mirror asks for them now and then.
func (st status) knowsEnds(ends kadm.ListedOffsets) bool {
	for _, route := range []int{0, 2} {
		for _, topic := range st.Routes[route].Topics {
			for _, p := range topic.Partitions {
				if end, _ := ends.Lookup(topic.Source, int32(p.Partition)); p.SourceEnd != end.Offset {
					return false
				}
			}
		}
	}
	return true
}

// waitCopied waits until all is copied, up to the end that the cluster tells, but for
// so many records of the first route.
func (s *setting) waitCopied(but int64) {
	s.t.Helper()
	s.wait("all is copied, up to the end that the cluster tells", func(st status) bool {
		ends, err := s.world.Admin().ListEndOffsets(s.ctx)
		s.must(err)
		return st.knowsEnds(ends) && st.Routes[0].LagRecords == but && st.Routes[1].LagRecords == 0 && st.Routes[2].LagRecords == 0
	})
}

// eachWindow chooses each window by its key, and waits until every graph of the page,
// g, spans it and is as the condition says. The year stays chosen.
func (s *setting) eachWindow(condition string) {
	s.t.Helper()
	for i, seconds := range []int64{3600, 7200, 14400, 86400, 604800, 31 * 86400, 365 * 86400} {
		s.must(chromedp.Do(s.tab, chromedp.KeyEvent(fmt.Sprint(i+1))))
		s.until(fmt.Sprintf(`page.feed.graphs.length && page.feed.graphs.every((g) => g.data && g.data.rows[0].avg.length * g.data.step === %d && %s)`, seconds, condition))
	}
}

func (s *setting) status() (st status) {
	s.t.Helper()
	s.must(s.mirror.Get(s.ctx, "status", &st))
	return st
}

// wait waits for a condition of the mirror itself.
func (s *setting) wait(what string, condition func(status) bool) {
	s.t.Helper()
	for deadline := time.Now().Add(2 * patience); !condition(s.status()); {
		if time.Now().After(deadline) {
			st := s.status()
			for _, r := range st.Routes {
				s.t.Logf("%s is %s with lag %d and %d losses", r.Name, r.State, r.LagRecords, r.Losses)
			}
			s.t.Fatalf("wait until %s: it never was", what)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// whole writes a number as the page does.
func whole(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// TestPage goes through the page as a person would. Its parts share one world,
// since a world takes seconds to make.
func TestPage(t *testing.T) {
	s := newSetting(t)
	s.must(chromedp.Do(s.tab, Size(1400, 1000, "light")))
	s.wait("every route copies", func(st status) bool {
		return len(st.Routes) == 3 && len(st.Routes[0].Topics) >= 10 && len(st.Routes[1].Topics) == 1 && len(st.Routes[2].Topics) == 3
	})
	s.must(s.world.Start(s.ctx))
	s.must(s.world.StopPartition(s.ctx))
	s.must(s.world.Lose(s.ctx))
	lost := time.Now()
	s.wait("a partition is stopped and records are lost", func(st status) bool {
		if st.Routes[0].Losses == 0 && time.Since(lost) > 10*time.Second {
			s.must(s.world.Lose(s.ctx))
			lost = time.Now()
		}
		return st.Routes[0].State == "stopped" && st.Routes[0].Losses > 0
	})
	s.open("#/")
	t.Run("live", s.live)
	t.Run("graphs", s.graphs)
	t.Run("a stopped consumer", s.stoppedConsumer)
	s.world.Quiet()
	s.waitCopied(1) // the record at which a partition is stopped
	t.Run("numbers", s.numbers)
	t.Run("tiles", s.tiles)
	t.Run("worst first", s.worstFirst)
	t.Run("events and losses", s.eventsAndLosses)
	t.Run("pages", s.pages)
	t.Run("partitions", s.partitions)
	t.Run("cluster numbers", s.clusterNumbers)
	t.Run("cluster pages", s.clusterPages)
	t.Run("odd names", s.oddNames)
	t.Run("themes", s.themes)
	t.Run("widths", s.widths)
	t.Run("keys", s.keys)
	t.Run("policy", s.policy)
	t.Run("many topics", s.manyTopics)
	t.Run("many topics of a cluster", s.manyClusterTopics)
	t.Run("without room", s.withoutRoom)
	t.Run("restart", s.restart)
	t.Run("unreachable", s.unreachable)
}

// The numbers move by themselves.
func (s *setting) live(t *testing.T) {
	s.t = t
	s.until(`/[1-9]/.test(document.querySelector("#tile-throughput b").textContent)`)
	before := ask[string](s, `store.head.time`)
	s.until(fmt.Sprintf(`store.head.time > %q`, before))
	s.overviewTiles(t)
}

// Every graph has points, and each window asks for its own.
func (s *setting) graphs(t *testing.T) {
	s.t = t
	s.until(`[...document.querySelectorAll(".graph")].every((g) => /\d/.test(g.querySelector(".legend").textContent))`)
	for _, w := range []struct {
		name string
		span int64 // seconds
	}{{"1h", 3600}, {"2h", 7200}, {"4h", 14400}, {"day", 86400}, {"week", 604800}, {"month", 31 * 86400}, {"year", 365 * 86400}} {
		s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(
			`[...document.querySelectorAll("#windows button")].find((b) => b.textContent === %q).click()`, w.name))))
		s.until(fmt.Sprintf(`page.feed.graphs.length === 3 && page.feed.graphs.every((g) => g.data && g.data.rows.every((r) => r.avg.length * g.data.step === %d) && g.area)`, w.span))
		// What is drawn is what the API answers.
		type line struct {
			Key  string
			Last []float64
		}
		shown := ask[line](s, `((g) => ({Key: g.o.series[0].key, Last: g.data.rows[0].max.filter((v) => v !== null)}))(page.feed.graphs[0])`)
		var told struct {
			Series []struct{ Max []*float64 }
		}
		s.must(s.mirror.Get(s.ctx, "history?window="+w.name+"&series="+shown.Key, &told))
		found := false
		for _, v := range told.Series[0].Max {
			found = found || v != nil && len(shown.Last) > 0 && *v >= shown.Last[0]
		}
		if !found {
			t.Errorf("%s: the graph shows %v, the API says otherwise", w.name, shown)
		}
		if got := ask[string](s, `document.querySelector("#windows [aria-pressed=true]").textContent`); got != w.name {
			t.Errorf("the button of %s is pressed, want %s", got, w.name)
		}
	}
	// One cursor for all graphs.
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#windows button").click()`)))
	s.until(`page.feed.graphs.every((g) => g.data && g.data.step === 10 && g.area)`)
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`moveCursor(page.feed.graphs[0].area.to - 15000)`)))
	s.until(`new Set([...document.querySelectorAll(".graph .when")].map((e) => e.textContent)).size === 1 && /^\d\d:/.test(document.querySelector(".graph .when").textContent)`)
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`moveCursor(null)`)))
}

// What the page shows is what the API says.
func (s *setting) numbers(t *testing.T) {
	s.t = t
	st := s.status()
	for _, route := range st.Routes {
		s.open("#/route/" + route.Name)
		s.until(fmt.Sprintf(`document.querySelector("#tile-lag .under").textContent.startsWith(%q)`, whole(route.LagRecords)+" record"))
		s.until(fmt.Sprintf(`document.querySelector("#tile-losses b").textContent === %q`, whole(route.Losses)))
		if got := ask[string](s, `document.querySelector(".lead .chip").textContent`); got != strings.ReplaceAll(route.State, "_", " ") {
			t.Errorf("%s: state %q, want %q", route.Name, got, route.State)
		}
	}
	for _, topic := range st.Routes[2].Topics {
		s.open("#/route/" + st.Routes[2].Name + "/topic/" + topic.Source)
		s.until(fmt.Sprintf(`document.querySelectorAll("tbody tr").length === %d`, len(topic.Partitions)))
		rows := ask[[][]string](s, `[...document.querySelectorAll("tbody tr")].map((r) => [...r.cells].map((c) => c.textContent))`)
		for i, p := range topic.Partitions {
			want := []string{fmt.Sprint(p.Partition), "caught up", "0 s", "0", whole(p.SourceOffset), whole(p.SourceEnd), whole(p.TargetOffset)}
			if got := rows[i][:len(want)]; strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("%s: the page shows %v, the API says %v", topic.Source, got, want)
			}
		}
	}
}

func (s *setting) worstFirst(t *testing.T) {
	s.t = t
	s.open("#/")
	s.until(`document.querySelectorAll(".rows .row").length > 5`)
	first := ask[[]string](s, `[...document.querySelectorAll(".topics .rows .row")].sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top).map((r) => r.querySelector("a").textContent + " " + r.querySelector(".chip").textContent)`)
	if first[0] != "archive stopped" {
		t.Errorf("the first rows are %q", first)
	}
	s.must(chromedp.Do(s.tab, chromedp.SendKeys(chromedp.CSS(".topics .filter"), "CLICKS dc3")))
	s.until(`document.querySelectorAll(".topics .rows .row").length === 2 && document.querySelector(".topics .count").textContent.startsWith("2 of ")`)
	s.must(chromedp.Do(s.tab, chromedp.SendKeys(chromedp.CSS(".topics .filter"), "nothing")))
	s.until(`document.querySelector(".topics .empty").textContent.includes("No topic matches")`)
}

func (s *setting) eventsAndLosses(t *testing.T) {
	s.t = t
	s.open("#/")
	s.until(`[...document.querySelectorAll(".event-list li.error")].some((e) => e.textContent.includes("archive-0 is stopped"))`)
	s.until(`[...document.querySelectorAll(".event-list li.error")].some((e) => e.textContent.includes("are lost"))`)
	var losses struct {
		Losses []struct {
			Topic    string
			From, To int64
		}
		Total int
	}
	s.must(s.mirror.Get(s.ctx, "losses", &losses))
	s.until(fmt.Sprintf(`document.querySelectorAll(".losses tbody tr").length === %d`, losses.Total))
	row := ask[[]string](s, `[...document.querySelector(".losses tbody tr").cells].map((c) => c.textContent)`)
	if l := losses.Losses[0]; row[2] != l.Topic || row[4] != whole(l.From) || row[5] != whole(l.To-1) {
		t.Errorf("the page shows %q, the API says %+v", row, l)
	}
	s.until(fmt.Sprintf(`document.querySelector("#tile-trouble b").textContent.startsWith("%d loss")`, losses.Total))
}

// Pages are reached by their links, and say what to do where there is nothing.
func (s *setting) pages(t *testing.T) {
	s.t = t
	s.open("#/")
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`document.querySelector(".map a[href='#/route/dc1-to-dc2']").dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}))`)))
	s.until(`location.hash === "#/route/dc1-to-dc2" && document.querySelectorAll(".graph").length === 7`)
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".rows a")].find((a) => a.textContent === "archive").click()`)))
	s.until(`document.querySelector("h1").textContent === "archive" && document.querySelector(".reason").textContent.includes("max.message.bytes 1500")`)
	s.until(`document.querySelector("tbody a")`)
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("tbody a").click()`)))
	s.until(`document.querySelector("h1").textContent === "partition 0" && document.querySelector("#tile-behind b").textContent === "1"`)
	s.open("#/graph/lag/route/dc1-to-dc3/topic/orders")
	s.until(`document.querySelector(".large canvas") && /\d/.test(document.querySelector(".legend b").textContent)`)
	for hash, says := range map[string]string{
		"#/route/gone": "There is no route gone", "#/route/dc1-to-dc2/topic/gone": "has no topic gone",
		"#/nothing": "no such page", "#/route/dc1-to-dc2/topic/%3Cimg%20src=x%3E": "<img src=x>",
	} {
		s.open(hash)
		s.until(fmt.Sprintf(`document.querySelector("main").textContent.includes(%q) && document.querySelector(".empty-page a")`, says))
	}
	if ask[int](s, `document.querySelectorAll("main img").length`) != 0 {
		t.Error("a name became markup")
	}
}

// A partition's graphs have points and the seven windows, on its page and large; a
// large graph says why a partition stands still.
func (s *setting) partitions(t *testing.T) {
	s.t = t
	s.open("#/route/dc1-to-dc2/topic/orders/partition/1")
	s.until(`page.feed.graphs.length === 4 && page.feed.graphs.every((g) => g.data && g.data.rows[0].recorded && g.area)`)
	s.until(`document.querySelector(".aside").hidden && !document.querySelector(".live-only").textContent`)
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".graph h2 a")].find((a) => a.textContent.startsWith("Records")).click()`)))
	s.until(`location.hash === "#/graph/records/route/dc1-to-dc2/topic/orders/partition/1" && document.querySelectorAll(".crumbs a").length === 4`)
	s.eachWindow("g.data.rows[0].recorded && g.area")
	// What is drawn is what the API answers, and what was copied.
	most := ask[float64](s, `Math.max(...page.feed.graphs[0].data.rows[0].max.filter((v) => v !== null))`)
	var told struct{ Series []struct{ Max []*float64 } }
	s.must(s.mirror.Get(s.ctx, "history?window=year&series=dc1-to-dc2/orders/1/records_per_second", &told))
	if last := told.Series[0].Max[len(told.Series[0].Max)-1]; last == nil || most <= 0 || *last < most {
		t.Errorf("the graph shows up to %v, the API says %v", most, last)
	}
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("1"), chromedp.KeyEvent("\x1b")))
	s.until(`page instanceof PartitionPage`)
	s.open("#/graph/behind/route/dc1-to-dc2/topic/archive/partition/0")
	s.until(`document.querySelector(".reason:not([hidden])").textContent.includes("max.message.bytes 1500") && document.querySelector(".legend b").textContent === "1"`)
	for hash, says := range map[string]string{
		"#/route/dc1-to-dc2/topic/orders/partition/6": "has no partition 6", "#/graph/lag/route/dc1-to-dc2/topic/orders/partition/6": "has no partition 6",
		"#/graph/lag/route/gone": "There is no route gone", "#/graph/lag/route/dc1-to-dc2/topic/gone": "has no topic gone",
		"#/graph/latency/route/dc1-to-dc2/topic/orders/partition/0": "no such page", "#/graph/lag/route/dc1-to-dc2/topic/orders/partition/x": "no such page",
	} {
		s.open(hash)
		s.until(fmt.Sprintf(`document.querySelector("main").textContent.includes(%q) && document.querySelector(".empty-page a")`, says))
	}
}

// Where the history has no room, the graphs of a topic and of a partition show what
// the browser sees, say why and what to do, and go on when one is opened large.
func (s *setting) withoutRoom(t *testing.T) {
	s.t = t
	for _, hash := range []string{"/route/dc1-to-dc2/topic/many.0999", "/route/dc1-to-dc2/topic/many.0999/partition/0"} {
		s.open("#" + hash)
		s.until(`[...document.querySelectorAll(".graph .live-only")].every((e) => e.textContent === "live only" && e.title.includes("web.history.series")) && page.feed.graphs.find((g) => g.o.title === "Lag in records").area`)
		before := ask[int](s, `page.feed.graphs.find((g) => g.o.title === "Lag in records").live.seen.length`)
		s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`location.hash = "#/graph/behind%s"`, hash))))
		s.until(fmt.Sprintf(`page instanceof GraphPage && page.feed.graphs[0].live.seen.length >= %d && page.feed.graphs[0].area`, before))
		s.until(`document.querySelector(".large .reason:not([hidden])").textContent.includes("room for 1,500 series") && document.querySelector(".legend b").textContent === "0"`)
	}
	s.open("#/route/dc1-to-dc2/topic/many.0999/partition/0")
	s.until(`document.querySelector(".aside:not([hidden])").textContent.includes("web.history.series in the configuration gives more")`)
}

func (s *setting) themes(t *testing.T) {
	s.t = t
	background := func() string { return ask[string](s, `getComputedStyle(document.body).backgroundColor`) }
	s.open("#/")
	light := background()
	s.must(chromedp.Do(s.tab, Size(1400, 1000, "dark")))
	dark := background()
	if light == dark {
		t.Errorf("the page is %s whatever the system says", light)
	}
	click := chromedp.Evaluate[chromedp.Void](`document.getElementById("theme").click()`)
	s.must(chromedp.Do(s.tab, click))
	if got := background(); got != light {
		t.Errorf("light was chosen: got %s, want %s", got, light)
	}
	s.open("#/") // it is remembered
	if got := background(); got != light {
		t.Errorf("after reloading: got %s, want %s", got, light)
	}
	s.must(chromedp.Do(s.tab, Size(1400, 1000, "light"), click))
	if got := background(); got != dark {
		t.Errorf("dark was chosen: got %s, want %s", got, dark)
	}
	// Every text is easy to read in both.
	for range 2 {
		if bad := ask[[]string](s, contrast); len(bad) > 0 {
			t.Errorf("hard to read: %q", bad)
		}
		s.must(chromedp.Do(s.tab, click, click)) // to light
	}
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`settings.theme = "system"; applyTheme()`)))
}

// contrast lists texts whose contrast with what is behind them is below 4.5 to 1,
// the bound of WCAG's level AA.
const contrast = `(() => {
  const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return {rgb: m.slice(0, 3), a: m.length > 3 ? m[3] : 1}; };
  const light = (rgb) => { const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a > 0.99) return c.rgb; } return [255, 255, 255]; };
  const bad = new Set();
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility()) continue;
    const svg = e instanceof SVGElement;
    const a = light(parse(svg ? getComputedStyle(e).fill : getComputedStyle(e).color).rgb), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.add(e.className.baseVal ?? e.className + " " + e.textContent.slice(0, 30) + " " + ratio.toFixed(1));
  }
  return [...bad];
})()`

// Nothing is wider than the window, and no texts of the map overlap, on a phone
// and on a desk.
func (s *setting) widths(t *testing.T) {
	s.t = t
	for _, width := range []int64{360, 400, 768, 1024, 1400, 2200} {
		s.must(chromedp.Do(s.tab, Size(width, 900, "light")))
		for _, hash := range []string{"#/", "#/route/dc1-to-dc2", "#/route/dc1-to-dc2/topic/archive", "#/route/dc1-to-dc2/topic/archive/partition/0", "#/graph/throughput", "#/graph/lag/route/dc1-to-dc2/topic/archive/partition/0",
			"#/cluster/dc1", "#/cluster/dc1/broker/0", "#/cluster/dc1/topic/orders", "#/cluster/dc1/group/search%2Findexer", "#/graph/group-lag/cluster/dc1/group/billing"} {
			s.open(hash)
			s.until(`document.querySelector(".graph canvas").width > 0`)
			if over := ask[int64](s, `document.documentElement.scrollWidth`); over > width {
				t.Errorf("%s at %d px is %d px wide", hash, width, over)
			}
			if bad := ask[[]string](s, overlaps); len(bad) > 0 {
				t.Errorf("%s at %d px: overlapping %q", hash, width, bad)
			}
		}
	}
	s.must(chromedp.Do(s.tab, Size(1400, 1000, "light")))
}

// overlaps lists texts of the map that touch each other or an arrow, and numbers
// that are cut off.
const overlaps = `(() => {
  const bad = [], texts = [...document.querySelectorAll(".map text")], shafts = [...document.querySelectorAll(".map .shaft")];
  const touch = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  texts.forEach((t, i) => {
    const box = t.getBoundingClientRect();
    for (const o of texts.slice(i + 1)) if (touch(box, o.getBoundingClientRect())) bad.push(t.textContent + " and " + o.textContent);
    for (const o of shafts) if (touch(box, o.getBoundingClientRect())) bad.push(t.textContent + " and an arrow");
  });
  for (const b of document.querySelectorAll(".tile b")) if (b.scrollWidth > b.clientWidth + 1) bad.push("cut off: " + b.textContent);
  return bad;
})()`

func (s *setting) keys(t *testing.T) {
	s.t = t
	s.open("#/")
	s.until(`document.querySelectorAll(".rows .row").length > 5`)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("4")))
	s.until(`document.querySelector("#windows [aria-pressed=true]").textContent === "day"`)
	// The theme, and the cursor of a graph.
	background := `getComputedStyle(document.body).backgroundColor`
	before := ask[string](s, background)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("t"), chromedp.KeyEvent("t"))) // light, dark
	s.until(fmt.Sprintf(`%s !== %q`, background, before))
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("t"), chromedp.KeyEvent("1")))
	s.until(fmt.Sprintf(`%s === %q && page.feed.graphs[0].area`, background, before))
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`document.querySelector(".plot-box").focus()`), chromedp.KeyEvent(kb.End)))
	s.until(`cursor.time === page.feed.graphs[0].area.to`)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowLeft)))
	s.until(`cursor.time < page.feed.graphs[0].area.to && [...document.querySelectorAll(".graph .when")].every((e) => /\d/.test(e.textContent))`)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent(kb.Home)))
	s.until(`cursor.time === page.feed.graphs[0].area.from`)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("/")))
	s.until(`document.activeElement.matches(".topics .filter")`)
	// A key that is sent like this leaves its character, which a real one does not.
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`document.activeElement.value = ""`), chromedp.KeyEvent("arch")))
	s.until(`document.querySelectorAll(".topics .rows .row").length === 1`)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("\x1b")))
	s.until(`document.querySelectorAll(".topics .rows .row").length > 5 && !document.activeElement.matches(".filter")`)
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`document.querySelector(".scroller").focus()`), chromedp.KeyEvent(kb.ArrowDown)))
	s.until(`document.activeElement.matches(".rows a")`)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("\r")))
	s.until(`location.hash === "#/route/dc1-to-dc2/topic/archive"`)
	s.must(chromedp.Do(s.tab, chromedp.KeyEvent("\x1b")))
	s.until(`location.hash === "#/route/dc1-to-dc2"`)
	// Also what was made this instant, before there is data or a first frame.
	if bad := ask[[]string](s, `(() => { visit(); return `+unnamed+`; })()`); len(bad) > 0 {
		t.Errorf("without a name for screen readers: %q", bad)
	}
}

// unnamed lists what can have the focus and has no name for screen readers.
const unnamed = `[...document.querySelectorAll("a, button, input, [tabindex]")].filter((e) => e.tabIndex >= 0 && !(e.textContent.trim() || e.getAttribute("aria-label") || e.title)).map((e) => e.outerHTML.slice(0, 80))`

// The policy holds: what is not ours is not loaded and not run.
func (s *setting) policy(t *testing.T) {
	s.t = t
	s.open("#/")
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`
		window.refused = [];
		document.addEventListener("securitypolicyviolation", (e) => refused.push(e.effectiveDirective));
		document.body.append(Object.assign(document.createElement("script"), {textContent: "window.ran = true"}));
		document.body.append(Object.assign(document.createElement("img"), {src: "http://127.0.0.2:9/x.png"}));`)))
	s.until(`refused.some((d) => d.startsWith("script-src")) && refused.some((d) => d.startsWith("img-src"))`)
	if ask[bool](s, `window.ran === true`) {
		t.Error("an inline script ran")
	}
	outside := ask[[]string](s, `performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith(location.origin) && !n.includes("127.0.0.2"))`)
	if len(outside) > 0 {
		t.Errorf("loaded from elsewhere: %q", outside)
	}
}

// A thousand topics are a few rows in the document wherever one scrolls, so that
// a frame costs the same as with thirty. How long it takes depends on the machine.
func (s *setting) manyTopics(t *testing.T) {
	s.t = t
	s.must(s.world.AddTopics("many", 1000))
	s.wait("a thousand topics are copied", func(st status) bool { return len(st.Routes[0].Topics) > 1000 })
	s.open("#/")
	s.until(`page.table.list.length > 1000`)
	type scrolled struct {
		Rows int
		Half float64
		Last string
	}
	got := ask[scrolled](s, `(() => {
	  const t = page.table, out = {Rows: 0, Half: 0, Last: ""}, took = [];
	  for (let y = 0; y < t.scroller.scrollHeight; y += 331) {
	    t.scroller.scrollTop = y;
	    const began = performance.now();
	    t.draw();
	    t.scroller.getBoundingClientRect();
	    took.push(performance.now() - began);
	    out.Rows = Math.max(out.Rows, document.querySelectorAll(".topics .rows .row").length);
	  }
	  took.sort((a, b) => a - b);
	  out.Half = took[Math.floor(took.length / 2)];
	  t.scroller.scrollTop = t.scroller.scrollHeight;
	  t.draw();
	  out.Last = t.list[t.list.length - 1].source;
	  return out;
	})()`)
	if got.Rows > 60 {
		t.Errorf("%d rows are in the document", got.Rows)
	}
	t.Logf("half of the frames took less than %.1f ms", got.Half)
	s.until(fmt.Sprintf(`[...document.querySelectorAll(".rows a")].some((a) => a.textContent === %q)`, got.Last))
}

// A mirror that is killed and comes back: the page says so and finds it again, and the
// graphs go on where they were.
func (s *setting) restart(t *testing.T) {
	s.t = t
	s.open("#/")
	s.until(`page.feed.graphs[0].data && page.feed.graphs[0].area`)
	s.must(s.mirror.Kill())
	s.until(`document.getElementById("banner").textContent.startsWith("Connection lost, trying again")`)
	before := ask[int](s, `page.feed.graphs[0].data.rows[0].avg.filter((v) => v !== null).length`)
	var err error
	s.mirror, err = StartMirror(s.ctx, s.binary, s.dir, s.listen, s.world.Config)
	s.must(err)
	s.until(`document.querySelector("#link.live") && document.getElementById("banner").hidden`)
	s.until(`[...document.querySelectorAll(".event-list li")].some((e) => e.textContent.includes("this process started"))`)
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`page.feed.refresh()`)))
	s.until(fmt.Sprintf(`page.feed.graphs[0].data.rows[0].avg.filter((v) => v !== null).length >= %d`, before))
}
