package monitor

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// SamplerOptions say what is looked at, and how often. Registry and Status are
// needed.
type SamplerOptions struct {
	Registry   *Registry
	Status     func() Status // must answer from memory
	Watched    func() Status // the routes that are only watched; nil: none
	Interval   time.Duration // between two snapshots; 0: ten seconds
	Partitions bool          // make series of single partitions, too
	// Clusters tells what is known of the clusters themselves; nil: nothing. It
	// must answer from memory, each subject once.
	Clusters func() []Observed
	// Parts tells the same of the partitions of clusters, and of where groups stand.
	Parts func() []Part
}

// Sampler takes one snapshot of the whole mirror per interval and hands it to
// whoever wants it: the sinks, the history, the page. It is also what /metrics is
// made of; a scrape reads the counters anew and takes the rates of the last
// snapshot. It runs in the goroutine of Run alone.
type Sampler struct {
	options SamplerOptions
	metrics []metric
	latest  atomic.Pointer[Sample]

	mu          sync.Mutex // guards what follows
	subscribers []func(Sample)
	sources     []func(now time.Time) []Point
	trails      map[Labels]*trail // one for each scope of the last snapshot
	counted     counted           // at the last snapshot
}

// defaultInterval is the resolution of the finest history.
const defaultInterval = 10 * time.Second

// NewSampler returns a Sampler that has not taken a snapshot yet.
func NewSampler(o SamplerOptions) *Sampler {
	if o.Interval <= 0 {
		o.Interval = defaultInterval
	}
	return &Sampler{options: o, metrics: metrics(), trails: make(map[Labels]*trail)}
}

// Interval is the time between two snapshots.
func (s *Sampler) Interval() time.Duration { return s.options.Interval }

// Subscribe lets f have each Sample from the next one on. The snapshots wait for
// f, so it must not block.
func (s *Sampler) Subscribe(f func(Sample)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers = append(s.subscribers, f)
}

// AddSource adds points of another kind to each Sample. f must answer from memory.
func (s *Sampler) AddSource(f func(now time.Time) []Point) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources = append(s.sources, f)
}

// Latest returns the last Sample; its Time is zero before the first one.
func (s *Sampler) Latest() Sample {
	if latest := s.latest.Load(); latest != nil {
		return *latest
	}
	return Sample{}
}

// Run takes a snapshot at once and then one per interval until ctx ends.
func (s *Sampler) Run(ctx context.Context) {
	ticker := time.NewTicker(s.options.Interval)
	defer ticker.Stop()
	for {
		s.Take(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Take takes one snapshot and hands it on. Run does it; tests may.
func (s *Sampler) Take(now time.Time) Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	sample := Sample{Time: now, Points: make([]Point, 0, len(s.Latest().Points))} // mostly as many as before
	all, status, counts := s.look()
	found := counted{now, counts}
	sample.Partitions = partitionSamples(&status, found, s.counted)
	s.counted = found
	if s.options.Parts != nil {
		sample.Parts = s.options.Parts()
	}
	for _, scope := range all {
		if scope.figures != nil { // they have their rates
			sample.Points = s.appendPoints(sample.Points, scope)
			continue
		}
		s.measure(scope, now)
		sample.Points = s.appendPoints(sample.Points, scope)
	}
	sample.Watched = s.watched(now)
	maps.DeleteFunc(s.trails, func(_ Labels, t *trail) bool { return t.seen != now })
	for _, source := range s.sources {
		sample.Points = append(sample.Points, source(now)...)
	}
	s.latest.Store(&sample)
	for _, f := range s.subscribers {
		f(sample)
	}
	return sample
}

// measure fills in the pace of a scope that has none of its own.
func (s *Sampler) measure(scope *scope, now time.Time) {
	t := s.trails[scope.labels]
	if t == nil {
		t = &trail{}
		s.trails[scope.labels] = t
	}
	t.note(scope, now)
	scope.pace = t.pace
}

// present is how things are now, with the pace of the last snapshot.
func (s *Sampler) present() []*scope {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, _, _ := s.look()
	for _, scope := range all {
		if t := s.trails[scope.labels]; t != nil {
			scope.pace = t.pace
		}
	}
	return all
}

// look reads counters and status and puts them together, and lets go of the
// counters of topics that the status does not name any more.
func (s *Sampler) look() ([]*scope, Status, map[topicKey]*topicCounts) {
	status, counts := s.options.Status(), s.options.Registry.counts()
	all := scopes(counts, &status, s.options.Partitions)
	for i := range status.Routes {
		r := &status.Routes[i]
		named := make(map[string]bool, len(r.Topics))
		for _, t := range r.Topics {
			named[t.Source] = true
		}
		if len(named) > 0 { // a route that is just starting names none
			s.options.Registry.forget(r.Name, named)
		}
	}
	if s.options.Clusters != nil {
		all = append(all, observedScopes(s.options.Clusters())...)
	}
	return all, status, counts
}

// quantiles of durations that go into samples.
var quantiles = []struct {
	fraction float64
	name     string
}{{0.5, "0.5"}, {0.99, "0.99"}}

func appendQuantiles(points []Point, name string, labels Labels, d *Durations) []Point {
	for _, q := range quantiles {
		if seconds, ok := d.quantile(q.fraction); ok {
			points = append(points, Point{Series{name, labels.With("quantile", q.name)}, seconds})
		}
	}
	return points
}

// appendPoints adds what the table reads from one scope.
func (s *Sampler) appendPoints(points []Point, of *scope) []Point {
	for i := range s.metrics {
		m := &s.metrics[i]
		if m.where == scrapeOnly || !m.at(of.level) {
			continue
		}
		name := m.fullName(of.level)
		if m.durations != nil {
			if of.pace.timings != nil {
				points = appendQuantiles(points, name, of.labels, m.durations(of.pace.timings))
			}
			continue
		}
		m.read(of, func(value float64, extra ...string) {
			labels := of.labels
			if m.extra != "" {
				labels = labels.With(m.extra, extra[0])
			}
			points = append(points, Point{Series{name, labels}, value})
		})
	}
	return points
}
