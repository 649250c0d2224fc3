package web

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"mirror/clusters"
	"mirror/config/logkey"
	"mirror/monitor"
	"mirror/monitor/events"
)

const (
	// beat is how often the page hears what changed.
	beat = 2 * time.Second
	// maxStreams bounds who may listen; each is a goroutine and a connection.
	maxStreams = 32
	// backlog is how many messages may wait for a slow reader before it is
	// dropped. It connects again and begins with a snapshot.
	backlog = 4
	// recent is how far back the page counts losses and errors.
	recent = time.Hour
)

var (
	errTooManyStreams = errors.New("too many pages are open already")
	errStopping       = errors.New("this process is stopping")
)

// hub looks at the mirror once per beat, whoever watches: it keeps the events,
// and sends what changed to all streams, encoded once.
type hub struct {
	source  Source
	losses  func() []monitor.Loss
	sampler *monitor.Sampler
	watch   *clusters.Watch // nil: nobody looks at clusters
	version string
	actions bool
	log     *slog.Logger
	ring    *events.Ring

	// Only the goroutine of run touches these.
	watcher     *events.Watcher
	lossWatcher *events.LossWatcher
	entries     int64 // of the loss ledger, at the last look

	mu      sync.Mutex
	status  monitor.Status           // of the last beat; guarded by mu
	ledger  []monitor.Loss           // of the last beat, the newest first; guarded by mu
	rates   *rates                   // guarded by mu
	view    *view                    // nil while nobody watches; guarded by mu
	greet   []byte                   // snapshot of view, once made; guarded by mu
	streams map[chan []byte]struct{} // guarded by mu
	ended   bool                     // guarded by mu
}

func newHub(o Options) *hub {
	return &hub{source: o.Source, losses: o.Losses, sampler: o.Sampler, watch: o.Clusters, version: o.Version, actions: o.Actor != nil, log: o.Log, ring: &events.Ring{},
		watcher: events.NewWatcher(), lossWatcher: events.NewLossWatcher(), entries: -1,
		rates: newRates(monitor.Sample{}), streams: make(map[chan []byte]struct{})}
}

// run looks at once and then at every beat until ctx ends; then all streams end.
func (h *hub) run(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		h.look(time.Now())
		select {
		case <-ctx.Done():
			h.end()
			return
		case <-ticker.C:
		}
	}
}

// look takes in what happened and tells those who watch.
func (h *hub) look(now time.Time) {
	status := h.source.Status()
	entries := int64(0)
	for i := range status.Routes {
		entries += status.Routes[i].Losses
	}
	ledger := h.lossEntries()
	if h.losses != nil && entries != h.entries { // reading the ledger sorts it
		ledger = h.losses()
		h.entries = entries
		h.ring.Add(h.lossWatcher.Observe(ledger)...)
	}
	h.ring.Add(h.watcher.Observe(now, status)...)

	h.mu.Lock()
	defer h.mu.Unlock()
	h.status, h.ledger = status, ledger
	if latest := h.sampler.Latest(); !latest.Time.Equal(h.rates.sample.Time) {
		h.rates = newRates(latest)
	}
	before := h.view
	h.view, h.greet = nil, nil
	if len(h.streams) == 0 || before == nil {
		return
	}
	h.view = h.newView(now)
	message, err := h.view.since(before)
	if err != nil {
		h.log.Warn("the page cannot be told what changed", logkey.Err, err)
		return
	}
	h.broadcast(message)
}

// newView makes the view of the last status. h.mu must be held.
func (h *hub) newView(now time.Time) *view {
	since := now.Add(-recent)
	head := headView{Version: h.version, Actions: h.actions, Time: now.UTC().Truncate(time.Millisecond), Interval: h.sampler.Interval().Seconds(),
		Events: h.ring.Last(), Clusters: newClustersView(h.watch), Recent: recentView{Errors: h.ring.Count(since, events.Stop), Warnings: h.ring.Count(since, events.Wait)}}
	for _, l := range h.ledger {
		if l.Time.Before(since) {
			break
		}
		head.Recent.Losses++
	}
	return newView(&h.status, h.rates, head)
}

// broadcast drops streams that do not keep up. h.mu must be held.
func (h *hub) broadcast(message []byte) {
	for stream := range h.streams {
		select {
		case stream <- message:
		default:
			delete(h.streams, stream)
			close(stream)
		}
	}
}

// join returns the snapshot to begin with and what comes after it. The channel is
// closed when the stream is dropped or the process ends.
func (h *hub) join() (snapshot []byte, stream chan []byte, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ended:
		return nil, nil, errStopping
	case len(h.streams) >= maxStreams:
		return nil, nil, errTooManyStreams
	}
	if h.view == nil {
		h.view = h.newView(time.Now())
	}
	if h.greet == nil {
		if h.greet, err = h.view.snapshot(); err != nil {
			return nil, nil, err
		}
	}
	stream = make(chan []byte, backlog)
	h.streams[stream] = struct{}{}
	return h.greet, stream, nil
}

// leave ends a stream; it may have been dropped already.
func (h *hub) leave(stream chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, stream)
}

func (h *hub) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	for stream := range h.streams {
		delete(h.streams, stream)
		close(stream)
	}
}

// lossEntries returns the ledger as of the last beat.
func (h *hub) lossEntries() []monitor.Loss {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ledger
}
