package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// rests measures for how long each copied partition did not grow, seen from outside: by its end on the target.
type rests struct {
	t *testing.T

	mu    sync.Mutex // guards the rest
	parts map[seenKey]*growth
}

// growth is what is known of one partition.
type growth struct {
	end     int64
	at      time.Time     // when it was first seen to end there
	longest time.Duration // without growth, since the last report
}

// watchRests looks every 20 ms until the test ends.
func (s *scene) watchRests() *rests {
	w := &rests{t: s.t, parts: map[seenKey]*growth{}}
	var targets []string
	for _, target := range s.topics {
		targets = append(targets, target)
	}
	client := kadm.NewClient(clientOf(s.t, s.config.east))
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for ctx.Err() == nil {
			<-ticker.C
			if ends, err := client.ListEndOffsets(ctx, targets...); err == nil {
				w.look(ends, time.Now())
			}
		}
	})
	s.t.Cleanup(func() { cancel(); watching.Wait() })
	return w
}

func (w *rests) look(ends kadm.ListedOffsets, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ends.Each(func(o kadm.ListedOffset) {
		key := seenKey{o.Topic, o.Partition}
		before, seen := w.parts[key]
		switch {
		case o.Err != nil:
		case !seen:
			w.parts[key] = &growth{end: o.Offset, at: now}
		case o.Offset > before.end:
			before.longest = max(before.longest, now.Sub(before.at))
			before.end, before.at = o.Offset, now
		}
	})
}

// report logs the longest rest of each partition since the last report.
func (w *rests) report(when string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var longest []time.Duration
	for _, p := range w.parts {
		longest = append(longest, p.longest)
		p.longest = 0
	}
	slices.Sort(longest)
	var list []string
	for _, d := range longest {
		list = append(list, fmt.Sprintf("%.2f", d.Seconds()))
	}
	w.t.Logf("%s partitions rested for at most %s s", when, strings.Join(list, " "))
}
