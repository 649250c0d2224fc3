package web

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxBodyBytes is generous for requests that have no body.
const maxBodyBytes = 16 << 10

const (
	pathHealth  = "/healthz"
	pathReady   = "/readyz"
	pathStatus  = "/api/v1/status"
	pathSeries  = "/api/v1/series"
	pathHistory = "/api/v1/history"
	pathEvents  = "/api/v1/events"
	pathLosses  = "/api/v1/losses"
	pathStream  = "/api/v1/stream"

	pathClusters = "/api/v1/clusters" // and all below it
	pathGroups   = "/api/v1/groups"

	pathMetrics = "/metrics"
)

// isProbe names the paths that need neither token nor name.
func isProbe(path string) bool { return path == pathHealth || path == pathReady }

// newHandler routes exact paths, and those that begin with pathClusters. There is
// no pattern, so nothing cleans a path, redirects to one, or makes a file name of
// one.
func newHandler(o Options, h *hub) (http.Handler, error) {
	metrics, err := newMetricsHandler(o)
	if err != nil {
		return nil, err
	}
	hosts := newHostList(o.Web)
	page, err := newPage()
	if err != nil {
		return nil, err
	}
	routes := map[string]http.HandlerFunc{
		pathHealth:  handleHealth,
		pathReady:   func(w http.ResponseWriter, r *http.Request) { handleReady(w, o.Source, hosts.allowed(r)) },
		pathStatus:  func(w http.ResponseWriter, r *http.Request) { handleStatus(w, r, o.Source, o.Sampler) },
		pathEvents:  func(w http.ResponseWriter, r *http.Request) { handleEvents(w, r, h.ring) },
		pathLosses:  func(w http.ResponseWriter, _ *http.Request) { handleLosses(w, h) },
		pathStream:  func(w http.ResponseWriter, r *http.Request) { handleStream(w, r, h) },
		pathMetrics: metrics.ServeHTTP,
	}
	if o.History != nil {
		routes[pathSeries] = func(w http.ResponseWriter, _ *http.Request) { handleSeries(w, o.History) }
		routes[pathHistory] = func(w http.ResponseWriter, r *http.Request) { handleHistory(w, r, o.History, o.Sampler.Interval()) }
	}
	if o.Groups != nil {
		routes[pathGroups] = func(w http.ResponseWriter, r *http.Request) { handleGroup(w, r, o.Groups) }
	}
	for path, serve := range page {
		routes[path] = serve
	}
	acts := actions{o.Actor, o.Log}.handlers()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if act, ok := acts[r.URL.Path]; ok {
			act(w, r)
			return
		}
		if tooLarge(w, r) {
			http.Error(w, "the request's body is too large", http.StatusRequestEntityTooLarge)
			return
		}
		route, ok := routes[r.URL.Path]
		if !ok && o.Clusters != nil && isClusters(r.URL.Path) {
			route, ok = func(w http.ResponseWriter, r *http.Request) { handleClusters(w, r, o.Clusters, o.Source) }, true
		}
		if !ok {
			http.Error(w, "there is nothing here", http.StatusNotFound)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are answered", http.StatusMethodNotAllowed)
			return
		}
		route(w, r)
	}), nil
}

// tooLarge reads the body away, up to its limit: without a length in the header
// there is no other way to know.
func tooLarge(w http.ResponseWriter, r *http.Request) bool {
	if r.ContentLength > maxBodyBytes {
		w.Header().Set("Connection", "close")
		return true
	}
	_, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBodyBytes))
	var over *http.MaxBytesError
	return errors.As(err, &over)
}

// handleHealth answers as long as the process can answer anything: a mirror that
// waits for a cluster is alive, and restarting it would not help.
func handleHealth(w http.ResponseWriter, _ *http.Request) {
	writeText(w, http.StatusOK, "alive\n")
}

// handleReady tells why the mirror is not ready, except to those who asked under
// a foreign name: the reasons name clusters and topics.
func handleReady(w http.ResponseWriter, source Source, tellReasons bool) {
	ready, reasons := source.Ready()
	switch {
	case ready:
		writeText(w, http.StatusOK, "ready\n")
	case tellReasons && len(reasons) > 0:
		writeText(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n")+"\n")
	default:
		writeText(w, http.StatusServiceUnavailable, "not ready\n")
	}
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text)
}
