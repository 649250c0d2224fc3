package web

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"mirror/config/logkey"
	"mirror/replicate"
)

// Actor does what operators ask for through the page. The error is a
// *replicate.RefusedError when it makes no sense.
type Actor interface {
	Act(ctx context.Context, a replicate.Action) (said string, err error)
}

const (
	pathActions = "/api/v1/actions/"
	// actionHeader must come with every action. No form and no link can set it, and
	// a script of another origin only after asking, which is never allowed.
	actionHeader = "X-Mirror-Action"
	// maxActionBytes is generous for a route, a topic and a reason.
	maxActionBytes = 4 << 10
	maxWords       = 200 // characters of a name or a reason that are kept
)

// actions are the endpoints that change something. They are there only with
// web.actions. Browsers send passwords and certificates by themselves, so that
// these alone prove nothing about who wrote the request: it must come from this
// origin, too, and be one that only a script can make.
type actions struct {
	actor Actor
	log   *slog.Logger
}

// wish is the body of a request.
type wish struct {
	Route  string `json:"route"`
	Topic  string `json:"topic"`  // pause, resume: empty is the whole route
	Rate   string `json:"rate"`   // rate: a size per second, off, or file
	Reason string `json:"reason"` // for those who see it
}

// handlers are the endpoints by path; none without an Actor.
func (a actions) handlers() map[string]http.HandlerFunc {
	all := make(map[string]http.HandlerFunc)
	if a.actor == nil {
		return all
	}
	for _, verb := range []replicate.Verb{replicate.VerbPause, replicate.VerbResume, replicate.VerbRate} {
		all[pathActions+string(verb)] = func(w http.ResponseWriter, r *http.Request) { a.handle(w, r, verb) }
	}
	return all
}

func (a actions) handle(w http.ResponseWriter, r *http.Request, verb replicate.Verb) {
	if code, why := refusal(r); code != 0 {
		if code == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodPost)
		}
		a.log.Warn("an action was refused", logkey.Verb, string(verb), logkey.Address, r.RemoteAddr, logkey.Why, why)
		http.Error(w, why, code)
		return
	}
	asked, code, err := readWish(w, r)
	if err != nil {
		http.Error(w, err.Error(), code)
		return
	}
	action := replicate.Action{Verb: verb, Route: asked.Route, Topic: asked.Topic, By: who(r), Reason: words(asked.Reason)}
	if verb == replicate.VerbRate {
		if action.BytesPerSecond, err = replicate.ParseRate(asked.Rate); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	said, err := a.actor.Act(r.Context(), action)
	switch {
	case errors.As(err, new(*replicate.RefusedError)):
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		writeJSON(w, struct {
			Said string `json:"said"`
		}{said})
	}
}

// refusal says why a request may not change anything, with the code to answer; 0
// when it may. That its sender holds the token was checked before.
func refusal(r *http.Request) (code int, why string) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, "only POST is answered"
	case !sameOrigin(r):
		return http.StatusForbidden, "actions are only taken from this server's own page"
	case r.Header.Get(actionHeader) == "":
		return http.StatusForbidden, "the header " + actionHeader + " is missing"
	case err != nil || kind != "application/json":
		return http.StatusUnsupportedMediaType, "the body must be JSON, with Content-Type: application/json"
	}
	return 0, ""
}

// sameOrigin refuses what a browser says comes from another page. Who says
// nothing is no browser, and has typed the token.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	origin, err := url.Parse(origins[0])
	// A proxy may have taken the TLS off, so the scheme is not compared.
	return len(origins) == 1 && err == nil && origin.Host != "" && strings.EqualFold(origin.Host, r.Host)
}

// readWish reads the body strictly: a misspelled field must not be taken for one
// that was left out.
func readWish(w http.ResponseWriter, r *http.Request) (asked wish, code int, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxActionBytes))
	if errors.As(err, new(*http.MaxBytesError)) {
		return asked, http.StatusRequestEntityTooLarge, errors.New("the request's body is too large")
	}
	if err != nil {
		return asked, http.StatusBadRequest, errors.New("the request's body did not arrive")
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return asked, http.StatusBadRequest, fmt.Errorf("the body must be one JSON object with route, topic, rate and reason: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return asked, http.StatusBadRequest, errors.New("the body must be one JSON object and nothing else")
	}
	return asked, 0, nil
}

// who names the sender for those who see what was done: the certificate's or the
// given name, and the address.
func who(r *http.Request) string {
	name, _, _ := r.BasicAuth()
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		name = certified(r.TLS.VerifiedChains[0][0])
	}
	if name = words(name); name == "" {
		name = "somebody"
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return name + "@" + host
}

// certified is the name in a certificate: many have none but the alternative ones.
func certified(c *x509.Certificate) string {
	names := append([]string{c.Subject.CommonName}, c.EmailAddresses...)
	for _, uri := range c.URIs {
		names = append(names, uri.String())
	}
	for _, name := range append(names, c.DNSNames...) {
		if words(name) != "" {
			return name
		}
	}
	return "the owner of certificate " + c.SerialNumber.String()
}

// words makes one short line of what somebody has typed.
func words(text string) string {
	line := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)))
	return string(line[:min(len(line), maxWords)])
}
