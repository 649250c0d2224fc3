package clusters

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/config/logkey"
	"mirror/kafka"
)

// watcher looks at one cluster.
type watcher struct {
	cluster *config.Cluster
	monitor *config.Monitor
	log     *slog.Logger
	client  *kgo.Client // nil when clusters are not looked at
	past    *past       // only the goroutine of run uses it
	configs *configCache

	mu     sync.Mutex // guards what follows
	state  State
	reason string
	last   *snapshot // of the last look that succeeded; nil: there was none
}

func newWatcher(c *config.Cluster, clientID string, m *config.Monitor, log *slog.Logger) (*watcher, error) {
	w := &watcher{cluster: c, monitor: m, log: log.With(logkey.Cluster, c.Name), past: newPast(), state: Off}
	if !m.Enabled {
		return w, nil
	}
	client, err := kafka.NewClient(c, clientID)
	if err != nil {
		return nil, err
	}
	w.client, w.state, w.configs = client, Starting, newConfigCache()
	return w, nil
}

// run looks at once, soon again, since rates need two looks, and then once per
// interval until ctx ends.
func (w *watcher) run(ctx context.Context) {
	defer w.client.Close()
	told := make(map[string]bool)
	for looks := 1; ; looks++ {
		w.look(ctx, told)
		select {
		case <-ctx.Done():
			return
		case <-time.After(nextLook(looks, w.monitor.Interval, rand.Float64())):
		}
	}
}

// nextLook is how long to wait after so many looks. Processes of a fleet that were
// started together come apart after the second one, by a chance from 0 to 1, so
// that the brokers are not asked by all of them at the same moment.
func nextLook(looks int, interval time.Duration, chance float64) time.Duration {
	switch looks {
	case 1:
		return min(interval, secondLook)
	case 2:
		return interval/2 + time.Duration(chance*float64(interval/2))
	}
	return interval
}

// look takes one look. told are the notes that the log has already.
func (w *watcher) look(ctx context.Context, told map[string]bool) {
	a, err := ask(ctx, w.client, w.cluster, w.monitor)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		reason := kafka.Explain(err, w.cluster, "look at it")
		if w.set(Unreachable, reason, nil) != Unreachable {
			w.log.Warn("the cluster cannot be looked at; its numbers are unknown until it answers", logkey.Reason, reason)
		}
		return
	}
	s := newSnapshot(w.cluster.Name, a, w.past, w.monitor)
	if w.set(OK, "", s) == Unreachable {
		w.log.Info("the cluster can be looked at again")
	}
	for _, note := range s.summary.Notes {
		kind := strings.Map(withoutDigits, note) // a number that changes is no news
		if !told[kind] && len(told) < maxTold {
			told[kind] = true
			w.log.Info("not everything of the cluster can be shown", logkey.Reason, note)
		}
	}
}

func withoutDigits(r rune) rune {
	if r >= '0' && r <= '9' {
		return -1
	}
	return r
}

// set returns the state before.
func (w *watcher) set(state State, reason string, s *snapshot) State {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.state
	w.state, w.reason = state, reason
	if s != nil {
		w.last = s
	}
	return before
}

// present is the last snapshot, and the state as it is now; nil when there was no
// look that succeeded.
func (w *watcher) present() (last *snapshot, state State, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last, w.state, w.reason
}

// summary describes the cluster as of the last look.
func (w *watcher) summary() Summary {
	last, state, reason := w.present()
	s := Summary{Name: w.cluster.Name, Notes: []string{}}
	if last != nil {
		s = last.summary
	}
	s.State, s.Reason, s.Principal = state, reason, kafka.Principal(w.cluster)
	if state == Off {
		s.Notes = []string{"clusters are not looked at: monitor.enabled is false in the configuration"}
	}
	return s
}
