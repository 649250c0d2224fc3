package web

import (
	"bytes"
	"encoding/json"
	"math"
	"time"

	"mirror/clusters"
	"mirror/monitor"
)

// routeView is a route on the page.
type routeView struct {
	Name             string                `json:"name"`
	From             string                `json:"from"`
	To               string                `json:"to"`
	Watched          bool                  `json:"watched"` // other mirrors copy it
	State            monitor.State         `json:"state"`
	Reason           string                `json:"reason"`
	LagRecords       int64                 `json:"lag_records"`
	LagSeconds       *float64              `json:"lag_seconds"`
	RecordsPerSecond float64               `json:"records_per_second"` // of the whole fleet
	BytesPerSecond   float64               `json:"bytes_per_second"`
	LatencyP99       *float64              `json:"latency_p99_seconds"` // of this process, like what follows
	CatchUpSeconds   *float64              `json:"catch_up_seconds"`
	Losses           int64                 `json:"losses"`
	Limit            monitor.RateLimit     `json:"limit"`
	Pauses           []monitor.PauseStatus `json:"pauses"`
	LastVerify       *monitor.VerifyStatus `json:"last_verify"`
	Topics           int                   `json:"topics"`
	Partitions       int                   `json:"partitions"`
	Troubled         int                   `json:"troubled"` // topics that wait or are stopped
	Resting          int                   `json:"resting"`  // topics that are paused

	Processes []monitor.ProcessStatus `json:"processes"` // this one first
}

// topicView is a topic on the page; its partitions are asked for when somebody
// looks at it.
type topicView struct {
	Route            string        `json:"route"`
	Source           string        `json:"source"`
	Target           string        `json:"target"`
	State            monitor.State `json:"state"`
	Reason           string        `json:"reason"` // of the worst partition
	Partitions       int           `json:"partitions"`
	LagRecords       int64         `json:"lag_records"` // -1: unknown
	LagSeconds       *float64      `json:"lag_seconds"`
	RecordsPerSecond *float64      `json:"records_per_second"`
	BytesPerSecond   *float64      `json:"bytes_per_second"`
	SourceEnd        int64         `json:"source_end"` // sum over the partitions; -1: unknown
}

// recentView is what went wrong within the last hour.
type recentView struct {
	Losses   int `json:"losses"`
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
}

// view is everything the page's overview shows, encoded once for all who look.
type view struct {
	head   headView
	order  []topicKey
	topics map[topicKey][]byte // encoded topicViews
}

// headView is what every message repeats: it is small.
type headView struct {
	Mirror   string      `json:"mirror"`
	Version  string      `json:"version"`
	Time     time.Time   `json:"time"`
	Interval float64     `json:"interval_seconds"` // between two measurements of rates
	Actions  bool        `json:"actions"`          // the page may change something
	Routes   []routeView `json:"routes"`
	// Clusters is how the clusters are, for a page that has nothing else to tell.
	Clusters clustersView `json:"clusters"`
	Recent   recentView   `json:"recent"`
	Events   int64        `json:"events"` // ID of the newest event
}

// clustersView counts the clusters that are looked at.
type clustersView struct {
	Looked          int `json:"looked"`
	Starting        int `json:"starting"`
	Unreachable     int `json:"unreachable"`
	Offline         int `json:"offline"`          // partitions without a leader
	UnderReplicated int `json:"under_replicated"` // partitions with a replica out of sync
}

func newClustersView(watch *clusters.Watch) (v clustersView) {
	if watch == nil {
		return v
	}
	for _, c := range watch.Summaries() {
		switch c.State {
		case clusters.Off:
			continue
		case clusters.Starting:
			v.Starting++
		case clusters.Unreachable:
			v.Unreachable++
		}
		v.Looked++
		v.Offline += c.Offline
		v.UnderReplicated += c.UnderReplicated
	}
	return v
}

// topicKey is a row; a source topic can be there twice in a route, once as a
// refusal of its other target.
type topicKey struct{ route, source, target string }

// newView makes a view of a status and the rates of the last snapshot.
func newView(status *monitor.Status, rates *rates, head headView) *view {
	v := &view{head: head, topics: make(map[topicKey][]byte)}
	v.head.Mirror = status.Mirror
	v.head.Routes = make([]routeView, 0, len(status.Routes))
	for i := range status.Routes {
		r := &status.Routes[i]
		row := routeView{Name: r.Name, From: r.From, To: r.To, Watched: r.Watched, State: r.State, Reason: r.Reason, LagRecords: r.LagRecords,
			LagSeconds: rounded(r.LagSeconds), Losses: r.Losses, Topics: len(r.Topics), Resting: r.Resting(),
			Limit: r.Limit, Pauses: append([]monitor.PauseStatus{}, r.Pauses...), LastVerify: r.LastVerify,
			RecordsPerSecond: math.Round(r.RecordsPerSecond), BytesPerSecond: math.Round(r.BytesPerSecond), Processes: append([]monitor.ProcessStatus{}, r.Processes...)}
		at := rates.of(r.Name, "")
		row.LatencyP99, row.CatchUpSeconds = at.latency, at.catchUp
		for k := range r.Topics {
			t := newTopicView(r.Name, &r.Topics[k], rates)
			row.Partitions += t.Partitions
			if t.State.Troubled() {
				row.Troubled++
			}
			v.add(t)
		}
		v.head.Routes = append(v.head.Routes, row)
	}
	return v
}

func (v *view) add(t topicView) {
	encoded, err := json.Marshal(t)
	if err != nil {
		return // a number that JSON does not know; none is made here
	}
	key := topicKey{t.Route, t.Source, t.Target}
	if _, twice := v.topics[key]; !twice {
		v.order = append(v.order, key)
	}
	v.topics[key] = encoded
}

func newTopicView(route string, t *monitor.TopicStatus, rates *rates) topicView {
	at := rates.of(route, t.Source)
	records, seconds := t.Lag()
	v := topicView{Route: route, Source: t.Source, Target: t.Target, State: t.State, LagRecords: records, LagSeconds: rounded(seconds),
		SourceEnd: -1, RecordsPerSecond: at.records, BytesPerSecond: at.bytes}
	for i := range t.Partitions {
		p := &t.Partitions[i]
		if p.Partition >= 0 {
			v.Partitions++
		}
		if p.SourceEnd >= 0 {
			v.SourceEnd = max(v.SourceEnd, 0) + p.SourceEnd
		}
		if v.Reason == "" && p.State == t.State {
			v.Reason = p.Reason
		}
	}
	return v
}

// rounded keeps digits that nobody reads from making every row a change.
func rounded(v *float64) *float64 {
	if v == nil {
		return nil
	}
	r := math.Round(*v*10) / 10
	return &r
}

// snapshot is the message to who has just come.
func (v *view) snapshot() ([]byte, error) {
	return v.message("snapshot", v.order, nil)
}

// since is the message to who knows the view before.
func (v *view) since(before *view) ([]byte, error) {
	var changed []topicKey
	for _, key := range v.order {
		if !bytes.Equal(before.topics[key], v.topics[key]) {
			changed = append(changed, key)
		}
	}
	var gone [][3]string
	for _, key := range before.order {
		if _, there := v.topics[key]; !there {
			gone = append(gone, [3]string{key.route, key.source, key.target})
		}
	}
	return v.message("delta", changed, gone)
}

// message frames a server-sent event. The rows are JSON already, and most of it,
// so they are put in as they are.
func (v *view) message(event string, rows []topicKey, gone [][3]string) ([]byte, error) {
	head, err := json.Marshal(struct {
		headView
		Gone [][3]string `json:"gone,omitempty"`
	}{v.head, gone})
	if err != nil {
		return nil, err
	}
	size := len(head) + 64
	for _, key := range rows {
		size += len(v.topics[key]) + 1
	}
	b := append(make([]byte, 0, size), "event: "+event+"\ndata: "...)
	b = append(b, head[:len(head)-1]...)
	b = append(b, `,"topics":[`...)
	for i, key := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, v.topics[key]...)
	}
	return append(b, "]}\n\n"...), nil
}
