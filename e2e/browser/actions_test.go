package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// run starts the mirror and gives the browser its token, until stop is called.
func (s *setting) run(actions bool) (stop func()) {
	s.t.Helper()
	token := filepath.Join(s.dir, "token")
	s.must(os.WriteFile(token, []byte("open-sesame"), 0o600))
	stop = s.start("open-sesame", func(listen, history string) string {
		return strings.Replace(s.world.Config(listen, history), "web:\n", fmt.Sprintf("web:\n  token_file: %s\n  actions: %v\n", token, actions), 1)
	})
	s.wait("every route copies", func(st status) bool {
		return len(st.Routes) == 3 && len(st.Routes[0].Topics) >= 10
	})
	return stop
}

// start runs a mirror with a token, which the browser is given, or without, until
// stop is called.
func (s *setting) start(token string, config func(listen, history string) string) (stop func()) {
	s.t.Helper()
	t := s.t
	var err error
	s.listen, err = FreeAddress()
	s.must(err)
	s.mirror, err = StartGuardedMirror(s.ctx, s.binary, s.dir, s.listen, token, config)
	s.must(err)
	if token != "" {
		// The browser remembers what it was given and sends it with every request.
		s.must(chromedp.Do(s.tab, chromedp.Navigate("http://ada:"+token+"@"+s.listen+"/healthz"), chromedp.Navigate("http://ada:"+token+"@"+s.listen+"/")))
	}
	return func() {
		if err := s.mirror.Stop(); err != nil {
			t.Error(err)
		}
	}
}

// press clicks a button, by what is written on it.
func (s *setting) press(within, text string) {
	s.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll(%q)].find((b) => b.textContent === %q && b.offsetParent)`, within+" button", text)
	s.until(find)
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](find+".click()")))
}

// post is the code that the mirror answers a script of the page with.
func (s *setting) post(headers string) int {
	s.t.Helper()
	code, err := chromedp.Run(s.tab, chromedp.Evaluate[int](fmt.Sprintf(
		`fetch("/api/v1/actions/pause", {method: "POST", body: '{"route":"dc1-to-dc2"}', headers: %s}).then((a) => a.status)`, headers), chromedp.EvalAwaitPromise))
	s.must(err)
	return code
}

// TestActions pauses, resumes and limits by the page's buttons, as a person would.
// Where actions are off there are none.
func TestActions(t *testing.T) {
	s := newBrowsedWorld(t)
	const headers = `{"Content-Type": "application/json", "X-Mirror-Action": "1"}`
	t.Run("off", func(t *testing.T) {
		defer s.run(false)()
		for _, hash := range []string{"#/route/dc1-to-dc2", "#/route/dc1-to-dc2/topic/orders"} {
			s.open(hash)
			s.until(`document.querySelector(".lead .chip.caught_up")`)
			if buttons := ask[[]string](s, `[...document.querySelectorAll(".lead button")].filter((b) => b.offsetParent).map((b) => b.textContent)`); len(buttons) != 0 {
				t.Errorf("%s has the buttons %q", hash, buttons)
			}
		}
		if code := s.post(headers); code != 404 {
			t.Errorf("an action is answered with %d", code)
		}
	})
	defer s.run(true)()
	s.world.Start(s.ctx)
	t.Run("pause", s.pausesAndResumes)
	t.Run("rate", s.limits)
	if code := s.post(`{"Content-Type": "application/json"}`); code != 403 {
		t.Errorf("an action without the header is answered with %d", code)
	}
}

func (s *setting) pausesAndResumes(t *testing.T) {
	for _, c := range []struct{ hash, topic string }{{"#/route/dc1-to-dc2/topic/orders", "orders"}, {"#/route/dc1-to-dc2", ""}} {
		s.open(c.hash)
		s.press(".lead", "Pause …")
		s.until(`document.querySelector("dialog[open]").textContent.includes("The source's retention goes on")`)
		s.press("dialog", "Cancel")
		s.until(`!document.querySelector("dialog")`)
		s.press(".lead", "Pause …")
		s.must(chromedp.Do(s.tab, chromedp.SendKeys(chromedp.CSS("dialog [name=reason]"), "brokers move")))
		s.press("dialog", "Pause")
		s.until(`document.querySelector(".lead .chip.paused") && document.querySelector(".reason").textContent.includes("paused by ada@127.0.0.1 at ")`)
		s.until(`document.querySelector(".reason").textContent.endsWith("(brokers move)")`)
		s.until(`document.querySelector(".event-list").textContent.includes("(brokers move)")`)
		s.wait("the mirror says that it is paused", func(st status) bool {
			for _, topic := range st.Routes[0].Topics {
				if topic.Source == "orders" && topic.State != "paused" {
					return false
				}
			}
			return c.topic != "" || st.Routes[0].State == "paused"
		})
		s.press(".lead", "Resume …")
		s.press("dialog", "Resume")
		s.until(`document.querySelector(".lead .chip.copying, .lead .chip.caught_up") && document.querySelector(".reason").hidden`)
	}
}

func (s *setting) limits(t *testing.T) {
	s.open("#/route/dc1-to-dc2")
	s.press(".lead", "Rate …")
	s.must(chromedp.Do(s.tab, chromedp.SendKeys(chromedp.CSS("dialog [name=rate]"), "fast")))
	s.press("dialog", "Limit")
	s.until(`document.querySelector("dialog .trouble").textContent.includes('"fast" is no rate')`)
	s.must(chromedp.Do(s.tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("dialog [name=rate]").value = ""`),
		chromedp.SendKeys(chromedp.CSS("dialog [name=rate]"), "50MB")))
	s.press("dialog", "Limit")
	s.until(`!document.querySelector("dialog") && document.querySelector(".said").textContent.startsWith("route dc1-to-dc2 may copy 47.7 MiB per second, set by ada@127.0.0.1")`)
	s.until(`document.querySelector("#tile-throughput .under").textContent.endsWith("at most 50 MB/s")`)
	var st struct {
		Routes []struct {
			Limit struct {
				BytesPerSecond int64 `json:"bytes_per_second"`
				ByOperator     bool  `json:"by_operator"`
			}
		}
	}
	s.must(s.mirror.Get(s.ctx, "status", &st))
	if l := st.Routes[0].Limit; l.BytesPerSecond != 50_000_000 || !l.ByOperator {
		t.Errorf("the limit is %+v", l)
	}
}
