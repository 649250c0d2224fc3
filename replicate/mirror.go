package replicate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"mirror/config"
	"mirror/kafka"
	"mirror/monitor"
)

// Options are what a Mirror needs besides its configuration.
type Options struct {
	Log      *slog.Logger      // nil: none
	Registry *monitor.Registry // nil: an own one
	// Process names this process in the fleet, in logs and in the status. It is
	// also the static group membership: a restart under the same name has its
	// lanes back at once. Empty: the host name.
	Process string
	URL     string // where other processes' users find this process's page
	// Dial makes TCP connections; nil: the operating system's.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Mirror is one process: all routes of its configuration, sharing one budget of
// memory.
type Mirror struct {
	config   *config.Config
	log      *slog.Logger
	registry *monitor.Registry
	process  string
	url      string
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	budget   *kafka.MemoryBudget
	pool     *kafka.Pool
	routes   []*route
	asked    *askedGroups
}

// New builds everything without connecting; it returns every fault of the
// configuration that can be found so.
func New(cfg *config.Config, o Options) (*Mirror, error) {
	m := &Mirror{config: cfg, log: o.Log, registry: o.Registry, process: o.Process, url: o.URL, dial: o.Dial,
		budget: kafka.NewBudget(cfg.Limits.Memory), pool: kafka.NewPool(), asked: newAskedGroups()}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if m.registry == nil {
		m.registry = monitor.NewRegistry()
	}
	if m.process == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("learn the host name: %w", err)
		}
		m.process = host
	}
	var errs []error
	for _, rc := range cfg.Routes {
		r, err := newRoute(m, rc)
		if err != nil {
			errs = append(errs, fmt.Errorf("route %s: %w", rc.Name, err))
			continue
		}
		m.routes = append(m.routes, r)
	}
	if err := errors.Join(errs...); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Close lets go of a Mirror that is never run.
func (m *Mirror) Close() {
	for _, r := range m.routes {
		r.close()
	}
}

// Run copies until ctx ends, then drains: it waits for the answers to what was
// sent, writes clean checkpoints and leaves the fleet. It returns within ten
// seconds of ctx's end. Without routes there is nothing to do but to wait for it.
func (m *Mirror) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, r := range m.routes {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r.run(ctx)
		}()
	}
	if len(m.routes) == 0 {
		<-ctx.Done()
	}
	wg.Wait()
	return nil
}

// Status is what is happening now.
func (m *Mirror) Status() monitor.Status {
	return m.statusOf(m.routes)
}

// statusOf is the status of some routes, in their order.
func (m *Mirror) statusOf(routes []*route) monitor.Status {
	s := monitor.Status{Mirror: m.config.Name, Origin: monitor.FromProcess, Routes: []monitor.RouteStatus{}}
	now := time.Now()
	for _, r := range routes {
		s.Routes = append(s.Routes, r.status(now))
	}
	return s
}

// watching returns the routes that are only watched, or the others.
func (m *Mirror) watching(only bool) (routes []*route) {
	for _, r := range m.routes {
		if r.config.Watch == only {
			routes = append(routes, r)
		}
	}
	return routes
}

// Partitions is how many partitions the routes have, whoever copies them.
func (m *Mirror) Partitions() (n int) {
	for _, r := range m.routes {
		r.mu.Lock()
		plan := r.plan
		r.mu.Unlock()
		if plan == nil {
			continue
		}
		for i := range plan.Topics {
			if source := plan.Topics[i].Source; source != nil {
				n += len(source.Partitions)
			}
		}
	}
	return n
}

// Share is the status for the metrics of this process: the lag of partitions that
// others copy is left out, so that sums over the processes of a fleet count each
// partition once; and so are routes that are only watched.
func (m *Mirror) Share() monitor.Status {
	routes := m.watching(false)
	s := m.statusOf(routes)
	for i := range s.Routes {
		r := &s.Routes[i]
		self := routes[i].lanes.process()
		for k := range r.Topics {
			for n := range r.Topics[k].Partitions {
				if p := &r.Topics[k].Partitions[n]; p.Owner != self && !p.Left {
					p.LagRecords, p.LagSeconds, p.RetentionSeconds = -1, nil, nil
				}
			}
		}
		r.RollUp()
	}
	return s
}

// Watched is the status of the routes that are only watched, which have no share in
// the metrics.
func (m *Mirror) Watched() monitor.Status {
	return m.statusOf(m.watching(true))
}

// Ready says whether all routes do their work, and if not, why.
func (m *Mirror) Ready() (bool, []string) {
	var why []string
	for _, r := range m.routes {
		if reason := r.notReady(); reason != "" {
			why = append(why, fmt.Sprintf("route %s: %s", r.config.Name, reason))
		}
	}
	return len(why) == 0, why
}

// fetchShare bounds what one Fetch may ask for: all connections together ask
// for at most half of the budget.
func (m *Mirror) fetchShare() int {
	n := 0
	for _, r := range m.routes {
		n += r.fetchers.count()
	}
	return int(max(m.budget.Total()/2/int64(max(n, 1)), 64<<10))
}
