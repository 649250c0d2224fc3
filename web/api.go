package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"mirror/monitor"
	"mirror/monitor/events"
	"mirror/monitor/history"
)

const (
	// maxAsked is how many series one request may ask for.
	maxAsked = 40
	// maxListed is how many losses one answer lists.
	maxListed = 1000
)

// writeJSON answers with a document.
func writeJSON(w http.ResponseWriter, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		http.Error(w, "the answer cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, '\n')) // the client may be gone: there is nobody to tell
}

// handleStatus answers the whole status, or of one route or topic: a page that
// shows one topic need not carry thousands.
func handleStatus(w http.ResponseWriter, r *http.Request, source Source, sampler *monitor.Sampler) {
	status := source.Status()
	route, topic := r.URL.Query().Get("route"), r.URL.Query().Get("topic")
	if route != "" {
		status.Routes = slices.DeleteFunc(status.Routes, func(s monitor.RouteStatus) bool { return s.Name != route })
	}
	if topic != "" {
		for i := range status.Routes {
			topics := &status.Routes[i].Topics
			*topics = slices.DeleteFunc(*topics, func(t monitor.TopicStatus) bool { return t.Source != topic })
		}
	}
	addRates(&status, sampler.Latest().Partitions)
	writeJSON(w, status)
}

func handleEvents(w http.ResponseWriter, r *http.Request, ring *events.Ring) {
	after := int64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			http.Error(w, "after must be the id of an event", http.StatusBadRequest)
			return
		}
	}
	writeJSON(w, struct {
		Events []events.Event `json:"events"` // the newest first
	}{append([]events.Event{}, ring.After(after)...)})
}

func handleLosses(w http.ResponseWriter, h *hub) {
	all := h.lossEntries()
	writeJSON(w, struct {
		Losses []monitor.Loss `json:"losses"` // the newest first
		Total  int            `json:"total"`
	}{append([]monitor.Loss{}, all[:min(len(all), maxListed)]...), len(all)})
}

// handleSeries lists what is recorded. What is not in it is shown live only.
func handleSeries(w http.ResponseWriter, h *history.History) {
	writeJSON(w, struct {
		Series   []string `json:"series"`
		Room     int      `json:"room"`      // how many series can be recorded
		InMemory bool     `json:"in_memory"` // ends with the process
	}{append([]string{}, h.Keys()...), h.Capacity(), h.Memory() > 0})
}

// handleHistory answers /api/v1/history?window=4h&series=KEY&series=KEY, where a
// key is route/metric, route/topic/metric, route/topic/partition/metric, or the same
// with cluster:NAME and what is in it.
func handleHistory(w http.ResponseWriter, r *http.Request, h *history.History, interval time.Duration) {
	query := r.URL.Query()
	window, ok := history.FindWindow(query.Get("window"))
	if !ok {
		var names []string
		for _, w := range history.Windows() {
			names = append(names, w.Name)
		}
		http.Error(w, "window must be one of "+strings.Join(names, ", "), http.StatusBadRequest)
		return
	}
	keys := query["series"]
	if len(keys) == 0 || len(keys) > maxAsked {
		http.Error(w, fmt.Sprintf("name 1 to %d series; /api/v1/series lists them", maxAsked), http.StatusBadRequest)
		return
	}
	span := h.Query(time.Now(), window, keys)
	b := fmt.Appendf(nil, `{"window":%q,"start":%d,"step_seconds":%d,"interval_seconds":%g,"room":%d,"free":%d,"in_memory":%t,"series":[`,
		window.Name, span.Start.Unix(), int(span.Step.Seconds()), interval.Seconds(), h.Capacity(), h.Free(), h.Memory() > 0)
	for i, s := range span.Series {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendSeries(b, s)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(b, "]}\n"...))
}

// appendSeries writes one series as JSON. Thousands of numbers by hand take a
// tenth of the time that reflection does.
func appendSeries(b []byte, s history.Points) []byte {
	key, err := json.Marshal(s.Key)
	if err != nil {
		key = []byte(`""`)
	}
	b = fmt.Appendf(b, `{"series":%s,"recorded":%t`, key, s.Recorded)
	for _, column := range []struct {
		name string
		of   func(history.Point) float32
	}{
		{"min", func(p history.Point) float32 { return p.Min }},
		{"avg", func(p history.Point) float32 { return p.Avg }},
		{"max", func(p history.Point) float32 { return p.Max }},
	} {
		b = fmt.Appendf(b, `,%q:[`, column.name)
		for i, p := range s.Points {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendNumber(b, column.of(p))
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// appendNumber writes null for what is not known. A number keeps all digits that a
// float32 has.
func appendNumber(b []byte, v float32) []byte {
	f := float64(v)
	if f-f != 0 { // NaN or infinite
		return append(b, "null"...)
	}
	if f == float64(int64(f)) && f > -1e15 && f < 1e15 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 32)
}
