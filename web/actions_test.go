package web

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mirror/config"
	"mirror/replicate"
)

// actor notes what it is asked for.
type actor struct {
	err error

	mu    sync.Mutex
	asked []replicate.Action
}

func (a *actor) Act(_ context.Context, asked replicate.Action) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, asked)
	return "done", a.err
}

// take returns what was asked for since the last time.
func (a *actor) take() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []string
	for _, asked := range a.asked {
		rate := ""
		if asked.Verb == replicate.VerbRate {
			rate = " file"
			if asked.BytesPerSecond != nil {
				rate = fmt.Sprint(" ", *asked.BytesPerSecond)
			}
		}
		all = append(all, fmt.Sprintf("%s %s/%s%s by %s: %s", asked.Verb, asked.Route, asked.Topic, rate, asked.By, asked.Reason))
	}
	a.asked = nil
	return strings.Join(all, "; ")
}

// startActing serves with actions and the token "sesame".
func startActing(t *testing.T, a *actor) string {
	t.Helper()
	o := options(config.Web{Listen: "127.0.0.1:0", TokenFile: writeFile(t, "token", "sesame"), Actions: true}, fakeSource{ready: true})
	o.Actor = a
	return serveOptions(t, o)
}

// act sends what the page's own script would send, but for a change.
func act(t *testing.T, url, path, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	response, got := ask(t, http.MethodPost, url+pathActions+path, func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.SetBasicAuth("ada", "sesame")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(actionHeader, "1")
		r.Header.Set("Origin", url)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if change != nil {
			change(r)
		}
	})
	checkStrictHeaders(t, response)
	for _, header := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods"} {
		if value := response.Header.Get(header); value != "" {
			t.Errorf("%s: %s", header, value)
		}
	}
	return response.StatusCode, got
}

func TestActions(t *testing.T) {
	a := &actor{}
	url := startActing(t, a)
	const who = "ada@127.0.0.1"
	for _, c := range []struct {
		path, body, want string
	}{
		{"pause", `{"route":"r","reason":"the brokers move"}`, "pause r/ by " + who + ": the brokers move"},
		{"pause", `{"route":"r","topic":"orders"}`, "pause r/orders by " + who + ": "},
		{"resume", `{"route":"r","topic":"orders"}`, "resume r/orders by " + who + ": "},
		{"rate", `{"route":"r","rate":"10MiB"}`, "rate r/ 10485760 by " + who + ": "},
		{"rate", `{"route":"r","rate":"off"}`, "rate r/ 0 by " + who + ": "},
		{"rate", `{"route":"r","rate":"file"}`, "rate r/ file by " + who + ": "},
		{"pause", `{"route":"r","reason":"two\nlines\u001b[31m"}`, "pause r/ by " + who + ": two lines [31m"},
		{"pause", `{"route":"r","reason":"` + strings.Repeat("ü", 1000) + `"}`, "pause r/ by " + who + ": " + strings.Repeat("ü", maxWords)},
	} {
		code, got := act(t, url, c.path, c.body, nil)
		var document struct{ Said string }
		if err := json.Unmarshal([]byte(got), &document); err != nil || code != 200 || document.Said != "done" {
			t.Errorf("%s %s: got %d, %q, %v", c.path, c.body, code, got, err)
		}
		if asked := a.take(); asked != c.want {
			t.Errorf("%s %s: asked for %q, want %q", c.path, c.body, asked, c.want)
		}
	}
	// A program without an origin, with the token as bearer.
	code, _ := act(t, url, "pause", `{"route":"r"}`, func(r *http.Request) {
		r.Header = http.Header{"Authorization": {"Bearer sesame"}, "Content-Type": {"application/json; charset=utf-8"}, actionHeader: {"1"}}
	})
	if asked := a.take(); code != 200 || asked != "pause r/ by somebody@127.0.0.1: " {
		t.Errorf("a program: got %d, %q", code, asked)
	}
}

// TestActionsRefused has one request for each way in that must be closed. A browser
// adds password and certificate by itself, also to what another page makes it send.
func TestActionsRefused(t *testing.T) {
	a := &actor{}
	url := startActing(t, a)
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	remove := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }
	const fine = `{"route":"r"}`
	for _, c := range []struct {
		name, path, body string
		change           func(*http.Request)
		want             int
	}{
		{"no token", "pause", fine, remove("Authorization"), 401},
		{"wrong token", "pause", fine, set("Authorization", "Bearer sesam"), 401},
		{"only a cookie", "pause", fine, func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("Cookie", "token=sesame; session=sesame")
		}, 401},
		{"GET", "pause", fine, func(r *http.Request) { r.Method = "GET" }, 405},
		{"HEAD", "pause", "", func(r *http.Request) { r.Method = "HEAD" }, 405},
		{"PUT", "pause", fine, func(r *http.Request) { r.Method = "PUT" }, 405},
		{"a preflight of another page", "pause", "", func(r *http.Request) {
			r.Method = "OPTIONS"
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Access-Control-Request-Method", "POST")
			r.Header.Set("Access-Control-Request-Headers", actionHeader)
		}, 405},
		{"another origin", "pause", fine, set("Origin", "https://evil.example"), 403},
		{"another port", "pause", fine, set("Origin", "http://127.0.0.1:1"), 403},
		{"no origin's", "pause", fine, set("Origin", "null"), 403},
		{"an empty origin", "pause", fine, set("Origin", ""), 403},
		{"two origins", "pause", fine, func(r *http.Request) { r.Header.Add("Origin", "https://evil.example") }, 403},
		{"another site", "pause", fine, set("Sec-Fetch-Site", "cross-site"), 403},
		{"another name of the site", "pause", fine, set("Sec-Fetch-Site", "same-site"), 403},
		{"typed as an address", "pause", fine, set("Sec-Fetch-Site", "none"), 403},
		{"another site without an origin", "pause", fine, func(r *http.Request) {
			r.Header.Del("Origin")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}, 403},
		{"a foreign name, as after DNS rebinding", "pause", fine, func(r *http.Request) {
			r.Host = "evil.example"
			r.Header.Set("Origin", "http://evil.example")
		}, 421},
		{"a form", "pause", "route=r", set("Content-Type", "application/x-www-form-urlencoded"), 415},
		{"JSON as plain text", "pause", fine, set("Content-Type", "text/plain"), 415},
		{"no content type", "pause", fine, remove("Content-Type"), 415},
		{"without the header", "pause", fine, remove(actionHeader), 403},
		{"a large body", "pause", `{"route":"` + strings.Repeat("r", maxActionBytes) + `"}`, nil, 413},
		{"a large body of unknown length", "pause", `{"route":"` + strings.Repeat("r", 1<<20) + `"}`, func(r *http.Request) { r.ContentLength = -1 }, 413},
		{"no body", "pause", "", nil, 400},
		{"no JSON", "pause", "pause everything", nil, 400},
		{"a list", "pause", `[{"route":"r"}]`, nil, 400},
		{"two objects", "pause", fine + fine, nil, 400},
		{"an unknown field", "pause", `{"route":"r","topics":["orders"]}`, nil, 400},
		{"a rate that is none", "rate", `{"route":"r","rate":"fast"}`, nil, 400},
		{"no rate", "rate", fine, nil, 400},
		{"a number for a rate", "rate", `{"route":"r","rate":5}`, nil, 400},
		{"a negative rate", "rate", `{"route":"r","rate":"-5"}`, nil, 400},
		{"an unknown action", "delete", fine, nil, 404},
		{"no action", "", fine, nil, 404},
		{"a path that means another", "pause/../rate", fine, nil, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, got := act(t, url, c.path, c.body, c.change)
			if code != c.want {
				t.Errorf("got %d, want %d: %s", code, c.want, got)
			}
			if strings.Contains(got, "sesame") {
				t.Errorf("the token comes back: %q", got)
			}
			if asked := a.take(); asked != "" {
				t.Errorf("it was done: %s", asked)
			}
		})
	}
}

func TestActionErrors(t *testing.T) {
	a := &actor{}
	url := startActing(t, a)
	for err, want := range map[error]int{
		&replicate.RefusedError{Why: "there is no route \"x\""}: 422,
		errors.New("cluster east cannot be reached"):            503,
	} {
		a.err = err
		if code, got := act(t, url, "pause", `{"route":"x"}`, nil); code != want || got != err.Error()+"\n" {
			t.Errorf("%v: got %d, %q", err, code, got)
		}
	}
}

// Where certificates are what proves who asks, no token is needed, and the name in
// the certificate is on record, whatever else a client says of itself.
func TestActionsWithCertificates(t *testing.T) {
	a, trusted, stranger, files := &actor{}, newAuthority(t), newAuthority(t), serverFiles(t)
	trusted.writeServer(t, files, "server", time.Now())
	o := options(config.Web{Listen: "127.0.0.1:0", TLS: &files, Actions: true}, fakeSource{ready: true})
	o.Actor = a
	url := serveOptions(t, o)
	for _, c := range []struct {
		name   string
		client *tls.Config
		origin string
		want   int
		asked  string
	}{
		{"a certificate", trusted.client(t, trusted, "ada"), url, 200, "pause r/ by ada@127.0.0.1: "},
		{"a certificate with no name but alternative ones", trusted.client(t, trusted, "", "ops.example.org"), url, 200, "pause r/ by ops.example.org@127.0.0.1: "},
		{"a certificate on another page", trusted.client(t, trusted, "ada"), "https://evil.example", 403, ""},
		{"no certificate", &tls.Config{RootCAs: trusted.pool()}, url, 401, ""},
		{"a stranger's certificate", stranger.client(t, trusted, "ada"), url, 0, ""}, // not even a connection
	} {
		request, err := http.NewRequest(http.MethodPost, url+pathActions+"pause", strings.NewReader(`{"route":"r"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("root", "guess")
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set(actionHeader, "1")
		request.Header.Set("Origin", c.origin)
		transport := &http.Transport{TLSClientConfig: c.client, DisableKeepAlives: true}
		got := 0
		if response, err := transport.RoundTrip(request); err == nil {
			got = response.StatusCode
			response.Body.Close()
		}
		if asked := a.take(); got != c.want || asked != c.asked {
			t.Errorf("%s: got %d, %q, want %d, %q", c.name, got, asked, c.want, c.asked)
		}
	}
}

// Without web.actions there is nothing, and the page knows that.
func TestActionsOff(t *testing.T) {
	a := &actor{}
	o := options(config.Web{Listen: "127.0.0.1:0", TokenFile: writeFile(t, "token", "sesame")}, fakeSource{ready: true})
	o.Actor = a
	url := serveOptions(t, o)
	for _, path := range []string{"pause", "resume", "rate"} {
		if code, got := act(t, url, path, `{"route":"r","rate":"off"}`, nil); code != 404 || a.take() != "" {
			t.Errorf("%s: got %d, %q", path, code, got)
		}
	}
	for _, on := range []bool{false, true} {
		o.Web.Actions = on
		server, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		snapshot, _, err := server.hub.join()
		if told := strings.Contains(string(snapshot), `"actions":true`); err != nil || told != on {
			t.Errorf("with web.actions %v the page is told %v, %v", on, told, err)
		}
	}
}

// Actions without proof of who asks are refused when the process starts.
func TestActionsNeedProof(t *testing.T) {
	o := options(config.Web{Listen: "127.0.0.1:0", Actions: true}, fakeSource{ready: true})
	o.Actor = &actor{}
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "web.token_file") {
		t.Errorf("got %v", err)
	}
}
