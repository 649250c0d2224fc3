package replicate

import (
	"sync"
	"time"
)

// left is what this process has lost without handing it over: while the target is
// down nobody can be a member of the fleet, and nobody copies. Whoever had a lane
// last goes on telling its lag until another process has it, or it would be missing
// in all metrics when it matters most.
type left struct {
	mu    sync.Mutex // guards what follows
	lanes map[int32]bool
	parts map[partID]leftPartition
}

// leftPartition is how far a partition was copied.
type leftPartition struct {
	upTo   position
	copied time.Time // all that was written to the source before is copied; zero: unknown
}

func newLeft() *left { return &left{lanes: map[int32]bool{}, parts: map[partID]leftPartition{}} }

// lose notes lanes and the partitions in them that were copied here.
func (l *left) lose(lanes []int32, parts []*partition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range lanes {
		l.lanes[n] = true
	}
	for _, p := range parts {
		p.mu.Lock()
		was := leftPartition{p.acked, p.caughtUpAt}
		if first := p.firstUncopied(); first.After(was.copied) {
			was.copied = first
		}
		p.mu.Unlock()
		l.parts[partID{p.topic, p.number}] = was
	}
}

// regain forgets them; they are ours again.
func (l *left) regain(lanes []int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range lanes {
		delete(l.lanes, n)
	}
	if len(l.lanes) == 0 {
		clear(l.parts)
	}
}

// look says whether a lane was lost, and how far a partition in it was copied.
func (l *left) look(lane int32, id partID) (was leftPartition, copied, lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.lanes[lane] {
		return leftPartition{}, false, false
	}
	was, copied = l.parts[id]
	return was, copied, true
}
