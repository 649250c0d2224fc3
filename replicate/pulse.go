package replicate

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// pulseWithin is how long a loop may be silent that has something to do every
// second or so. Each of its requests ends within the session timeout, so that no
// cluster, however slow, makes it silent for that long.
const pulseWithin = time.Minute

// pulse is what the loops of a route say of themselves, so that a process whose
// loops hang can be told from one that waits for a cluster.
type pulse struct {
	mu  sync.Mutex           // guards what follows
	due map[string]time.Time // by loop: when it is to be heard of again at the latest
}

func newPulse() *pulse { return &pulse{due: map[string]time.Time{}} }

// expect is called by a loop in each turn, with when it will call again at the latest.
func (p *pulse) expect(loop string, within time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due[loop] = time.Now().Add(within)
}

// ended is called by a loop that ends or does something that may take any time.
func (p *pulse) ended(loop string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.due, loop)
}

// late names the loops that should have been heard of.
func (p *pulse) late(now time.Time) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var loops []string
	for loop, due := range p.due {
		if now.After(due) {
			loops = append(loops, loop)
		}
	}
	slices.Sort(loops)
	return loops
}

// Alive returns an error that names the loops that hang: those which join
// clusters, look at topics, keep the membership in the fleet and tell it what
// this process does. It also goes through the state of every partition, so it
// does not return at all when something keeps a lock for ever. Clusters that
// cannot be reached are no reason: waiting for them is work.
func (m *Mirror) Alive() error {
	now := time.Now()
	var late []string
	for _, r := range m.routes {
		r.status(now)
		for _, loop := range r.pulse.late(now) {
			late = append(late, fmt.Sprintf("%s of route %s", loop, r.config.Name))
		}
	}
	if len(late) > 0 {
		return fmt.Errorf("not heard of in time: %s", strings.Join(late, ", "))
	}
	return nil
}
