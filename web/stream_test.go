package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mirror/monitor"
)

// movingSource is a mirror whose status tests change.
type movingSource struct {
	mu     sync.Mutex
	status monitor.Status
}

func (s *movingSource) Ready() (bool, []string) { return true, nil }

func (s *movingSource) Status() monitor.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.status
	status.Routes = slices.Clone(status.Routes)
	for i := range status.Routes {
		r := &status.Routes[i]
		r.Topics = slices.Clone(r.Topics)
		for k := range r.Topics {
			r.Topics[k].Partitions = slices.Clone(r.Topics[k].Partitions)
		}
	}
	return status
}

func (s *movingSource) set(route monitor.RouteStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	route.Name = "r"
	route.RollUp()
	s.status = monitor.Status{Mirror: "m", Routes: []monitor.RouteStatus{route}}
}

func topics(n int, lag func(i int) int64) monitor.RouteStatus {
	var route monitor.RouteStatus
	for i := range n {
		seconds := float64(lag(i))
		route.Topics = append(route.Topics, monitor.TopicStatus{Source: fmt.Sprintf("t%04d", i), Target: fmt.Sprintf("west.t%04d", i),
			Partitions: []monitor.PartitionStatus{{State: monitor.Copying, SourceEnd: 100, LagRecords: lag(i), LagSeconds: &seconds}}})
	}
	return route
}

// message is what a stream sends, as far as tests look at it.
type message struct {
	event  string
	Mirror string      `json:"mirror"`
	Routes []routeView `json:"routes"`
	Topics []topicView `json:"topics"`
	Gone   [][3]string `json:"gone"`
	Events int64       `json:"events"`
}

func parseMessage(t *testing.T, text string) message {
	t.Helper()
	var m message
	for line := range strings.Lines(text) {
		if event, ok := strings.CutPrefix(line, "event: "); ok {
			m.event = strings.TrimSpace(event)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &m); err != nil {
				t.Fatal(err)
			}
		}
	}
	return m
}

// A stream begins with everything and goes on with what changed.
func TestStreamSendsWhatChanged(t *testing.T) {
	source := &movingSource{}
	source.set(topics(3, func(int) int64 { return 0 }))
	h := newHub(options(loopback(), source))
	h.look(time.Now())
	first, stream, err := h.join()
	if err != nil {
		t.Fatal(err)
	}
	snapshot := parseMessage(t, string(first))
	if snapshot.event != "snapshot" || snapshot.Mirror != "m" || len(snapshot.Topics) != 3 || snapshot.Routes[0].Topics != 3 || snapshot.Events != 1 {
		t.Fatalf("got %+v", snapshot)
	}
	source.set(topics(2, func(i int) int64 { return int64(i) * 7 }))
	h.look(time.Now())
	delta := parseMessage(t, string(<-stream))
	if delta.event != "delta" || len(delta.Topics) != 1 || delta.Topics[0].Source != "t0001" || delta.Topics[0].LagRecords != 7 || delta.Routes[0].LagRecords != 7 {
		t.Errorf("got %+v", delta)
	}
	if len(delta.Gone) != 1 || delta.Gone[0] != [3]string{"r", "t0002", "west.t0002"} {
		t.Errorf("gone: got %v", delta.Gone)
	}
	// Snapshot and changes together are what the next one gets as snapshot.
	second, other, err := h.join()
	if err != nil || len(parseMessage(t, string(second)).Topics) != 2 {
		t.Errorf("got %s, %v", second, err)
	}
	h.leave(other)
	h.end()
	if _, open := <-stream; open {
		t.Error("the stream is open after the end")
	}
	if _, _, err := h.join(); err != errStopping {
		t.Errorf("got %v", err)
	}
}

// Who does not read is dropped, and does not hold up the others.
func TestSlowStreamIsDropped(t *testing.T) {
	source := &movingSource{}
	source.set(topics(1, func(int) int64 { return 0 }))
	h := newHub(options(loopback(), source))
	h.look(time.Now())
	_, slow, err := h.join()
	if err != nil {
		t.Fatal(err)
	}
	_, quick, err := h.join()
	if err != nil {
		t.Fatal(err)
	}
	for range backlog + 1 {
		h.look(time.Now())
		if _, open := <-quick; !open {
			t.Fatal("the stream that reads was dropped")
		}
	}
	n := 0
	for range slow {
		n++
	}
	if n != backlog {
		t.Errorf("the slow stream got %d messages, want %d", n, backlog)
	}
}

func TestStreamOverHTTP(t *testing.T) {
	source := &movingSource{}
	source.set(topics(1, func(int) int64 { return 5 }))
	url := start(t, loopback(), source)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var open []io.Closer
	for n := range maxStreams + 1 {
		request, err := http.NewRequestWithContext(ctx, "GET", url+"/api/v1/stream", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := (&http.Transport{}).RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, response.Body)
		checkStrictHeaders(t, response)
		if n == maxStreams {
			if response.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("stream %d: got %d, want 503", n+1, response.StatusCode)
			}
			break
		}
		reader := bufio.NewReader(response.Body)
		line, err := reader.ReadString('\n')
		if err != nil || line != "retry: 2000\n" {
			t.Fatalf("got %q, %v", line, err)
		}
		if n == 0 { // it goes on for longer than a request may take to be read
			for _, want := range []string{"event: snapshot\n", "event: delta\n"} {
				for line != want {
					if line, err = reader.ReadString('\n'); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	for _, body := range open {
		body.Close()
	}
}

// Every beat, whoever watches or not.
func TestHubBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &movingSource{}
		source.set(topics(1, func(int) int64 { return 5 }))
		h := newHub(options(loopback(), source))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { h.run(ctx); close(done) }()
		synctest.Wait()
		bad := topics(1, func(int) int64 { return 5 })
		bad.Topics[0].Partitions[0].State, bad.Topics[0].Partitions[0].Reason = monitor.Stopped, "too large"
		source.set(bad)
		time.Sleep(beat)
		synctest.Wait()
		events := h.ring.After(0)
		if len(events) != 2 || events[0].Text != "t0000-0 is stopped: too large" {
			t.Errorf("got %+v", events)
		}
		cancel()
		<-done
	})
}

func TestLossesOnThePage(t *testing.T) {
	source := &movingSource{}
	route := topics(1, func(int) int64 { return 0 })
	route.Losses = 2
	source.set(route)
	now := time.Now()
	asked := 0
	o := options(loopback(), source)
	o.Losses = func() []monitor.Loss {
		asked++
		return []monitor.Loss{{Route: "r", Topic: "t0000", From: 1, To: 2, Cause: "retention", Time: now}, {Route: "r", Topic: "t0000", From: 0, To: 1, Cause: "retention", Time: now.Add(-2 * time.Hour)}}
	}
	h := newHub(o)
	h.look(now)
	h.look(now)
	if asked != 1 {
		t.Errorf("the ledger was read %d times though it did not change", asked)
	}
	if v := h.newView(now); v.head.Recent.Losses != 1 || v.head.Routes[0].Losses != 2 {
		t.Errorf("got %+v", v.head)
	}
	if got := len(h.lossEntries()); got != 2 {
		t.Errorf("got %d entries", got)
	}
}

// BenchmarkBeat is what the page costs the copying process every two seconds with
// a thousand topics that all move, beside the engine's own status.
// TestStreamTellsWhatIsWatched lets the page know which routes other mirrors copy.
func TestStreamTellsWhatIsWatched(t *testing.T) {
	source := &movingSource{}
	for _, want := range []bool{false, true} {
		route := topics(1, func(int) int64 { return 0 })
		route.Watched = want
		source.set(route)
		h := newHub(options(loopback(), source))
		h.look(time.Now())
		first, _, err := h.join()
		if err != nil {
			t.Fatal(err)
		}
		if got := parseMessage(t, string(first)).Routes[0].Watched; got != want {
			t.Errorf("watched: got %v, want %v in %s", got, want, first)
		}
		h.end()
	}
}

func BenchmarkBeat(b *testing.B) {
	source := &movingSource{}
	h := newHub(options(loopback(), source))
	n := int64(0)
	source.set(topics(1000, func(i int) int64 { return int64(i) }))
	h.look(time.Now())
	_, stream, err := h.join()
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for range stream {
		}
	}()
	for b.Loop() {
		b.StopTimer()
		n++
		source.set(topics(1000, func(i int) int64 { return n + int64(i) }))
		b.StartTimer()
		h.look(time.Now())
	}
	h.end()
}
