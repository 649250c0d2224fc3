package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirror/monitor"
)

const actionsToken = "open-sesame"

// act posts an action to a daemon as a script does, but for a change, and returns the code and what was said.
func (d *daemon) act(verb, body string, change func(*http.Request)) (int, string) {
	d.t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+d.listen+"/api/v1/actions/"+verb, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	request.SetBasicAuth("ada", actionsToken)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Mirror-Action", "1")
	if change != nil {
		change(request)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatalf("%s at %s: %v", verb, d.name, err)
	}
	defer response.Body.Close() // nothing is left to read or to lose
	said, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatalf("%s at %s: %v", verb, d.name, err)
	}
	return response.StatusCode, string(said)
}

// mustAct expects the action to be done.
func (d *daemon) mustAct(verb, body string) {
	d.t.Helper()
	if code, said := d.act(verb, body, nil); code != http.StatusOK {
		d.t.Fatalf("%s %s at %s: HTTP %d: %s", verb, body, d.name, code, said)
	}
}

// waitRoute waits until the route is as it should be at each of some processes.
func waitRoute(what string, is func(*monitor.RouteStatus) bool, at ...*daemon) {
	for _, d := range at {
		d.t.Helper()
		eventually(d.t, what+" at "+d.name, func() error {
			d.alive()
			s, err := d.status()
			if err != nil {
				return err
			}
			if r := &s.Routes[0]; !is(r) {
				return fmt.Errorf("it is %s, %d records behind, limit %+v, pauses %+v", r.State, r.LagRecords, r.Limit, r.Pauses)
			}
			return nil
		})
	}
}

// Two processes of a fleet obey what is posted to one of them under load: pause, resume and rate, also when they start
// again, by kill -9 or not. What comes without proof of who asks, or from elsewhere, changes nothing.
func TestActionsOfAFleet(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 2, 4)
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte(actionsToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	process := func(name string) *daemon {
		d := newDaemonFromText(t, name, func(listen string) string {
			s.config.listen = listen
			return s.config.text() + fmt.Sprintf("  token_file: %q\n  actions: true\n", tokenFile)
		})
		d.token = actionsToken
		return d
	}
	one, two := process("one"), process("two")
	one.start()
	two.start()
	s.waitMembers(2)
	s.startLoad(4, 1000, 0)
	s.waitMore(one, 0, 2000)

	route := fmt.Sprintf(`{"route":%q,"reason":"the test","rate":%%q}`, s.id)
	pause := fmt.Sprintf(`{"route":%q,"reason":"the test"}`, s.id)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		name, body string
		change     func(*http.Request)
		want       int
	}{
		{"without a token", pause, func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		{"with a wrong token", pause, header("Authorization", "Bearer open-sesam"), 401},
		{"from another origin", pause, header("Origin", "https://evil.example"), 403},
		{"from another site", pause, header("Sec-Fetch-Site", "cross-site"), 403},
		{"without the header of actions", pause, func(r *http.Request) { r.Header.Del("X-Mirror-Action") }, 403},
		{"by GET", pause, func(r *http.Request) { r.Method = http.MethodGet }, 405},
		{"too large", pause + strings.Repeat(" ", 5000), nil, 413},
		{"of a route that is not there", `{"route":"nowhere"}`, nil, 422},
	} {
		if code, said := one.act("pause", c.body, c.change); code != c.want || strings.Contains(said, actionsToken) {
			t.Errorf("%s: got HTTP %d, want %d: %s", c.name, code, c.want, said)
		}
	}
	s.waitMore(one, s.copied(), 1000) // nothing was done

	one.mustAct("pause", pause)
	rests := func(r *monitor.RouteStatus) bool {
		return r.State == monitor.Paused && len(r.Pauses) == 1 && strings.Contains(r.Reason, "the test") && strings.Contains(r.Reason, "ada@")
	}
	waitRoute("the route to rest", rests, one, two)
	at := s.copied()
	one.kill()
	one.start()
	two.stop()
	two.start()
	waitRoute("the route to rest after a start", rests, one, two)
	waitRoute("a lag", func(r *monitor.RouteStatus) bool { return r.LagRecords > 1000 }, one, two)
	if n := s.copied(); n != at {
		t.Errorf("%d records were copied while the route was paused", n-at)
	}
	two.mustAct("resume", pause)
	s.waitMore(one, at, 1000)

	two.mustAct("rate", fmt.Sprintf(route, "1KiB"))
	limited := func(r *monitor.RouteStatus) bool { return r.Limit.BytesPerSecond == 1024 && r.LagRecords > 5000 }
	waitRoute("the route to fall behind its limit", limited, one, two)
	two.kill()
	two.start()
	waitRoute("the limit after a start", limited, one, two)
	one.mustAct("rate", fmt.Sprintf(route, "off"))
	s.stopLoad()
	s.waitCopied(one)
	waitRoute("the end of the limit", func(r *monitor.RouteStatus) bool { return r.Limit.BytesPerSecond == 0 && r.State == monitor.CaughtUp }, one, two)
	if out := one.must("verify", "--route", s.id); !strings.Contains(out, "0 differences") {
		t.Errorf("mirror verify: %s", out)
	}
	s.finish(one, two)
}
