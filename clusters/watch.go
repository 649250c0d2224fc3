package clusters

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"mirror/config"
)

// Watch looks at all clusters of a configuration. It is safe for concurrent use.
type Watch struct {
	interval time.Duration
	watchers []*watcher // by name
}

// New builds everything without connecting.
func New(cfg *config.Config, log *slog.Logger) (*Watch, error) {
	w := &Watch{interval: cfg.Monitor.Interval}
	for _, name := range slices.Sorted(maps.Keys(cfg.Clusters)) {
		one, err := newWatcher(cfg.Clusters[name], "mirror-"+cfg.Name+"-monitor", &cfg.Monitor, log)
		if err != nil {
			w.Close()
			return nil, fmt.Errorf("cluster %s: %w", name, err)
		}
		w.watchers = append(w.watchers, one)
	}
	return w, nil
}

// Close lets go of a Watch that is never run.
func (w *Watch) Close() {
	for _, one := range w.watchers {
		if one.client != nil {
			one.client.Close()
		}
	}
}

// Run looks at the clusters until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	var watching sync.WaitGroup
	for _, one := range w.watchers {
		if one.client != nil {
			watching.Go(func() { one.run(ctx) })
		}
	}
	watching.Wait()
}

// Interval is the time between two looks at a cluster.
func (w *Watch) Interval() time.Duration { return w.interval }

// Summaries describes all clusters, by name.
func (w *Watch) Summaries() []Summary {
	all := make([]Summary, 0, len(w.watchers))
	for _, one := range w.watchers {
		all = append(all, one.summary())
	}
	return all
}

// Find returns what is known of a cluster; false when the configuration has none of
// this name.
func (w *Watch) Find(name string) (View, bool) {
	for _, one := range w.watchers {
		if one.cluster.Name == name {
			last, _, _ := one.present()
			return View{one, last}, true
		}
	}
	return View{}, false
}
