package e2e

import (
	"math/rand/v2"
	"testing"
	"time"
)

// kill -9 at random moments with a backlog and under load, and a restart each time: no record is lost, repeated or out of
// order.
func TestKill(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 3, 3)
	s.backlog(3, 20_000, 0)
	s.startLoad(3, 3000, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	killAtRandom(s, d, kills())
	s.stopLoad()
	s.finish(d)
}

// kills is how often a test kills: 5 times, 20 in the long form.
func kills() int {
	if long() {
		return 20
	}
	return 5
}

// killAtRandom kills the daemon after a random number of records copied in this life, some of them right at the start, when
// it has not copied anything yet, and starts it again.
func killAtRandom(s *scene, d *daemon, times int) {
	s.t.Helper()
	for i := range times {
		before := s.copied()
		more := rand.Int64N(40_000)
		if i%4 == 3 {
			// A moment while it starts and recovers; the moment itself is what is random, nothing is waited for.
			time.Sleep(time.Duration(rand.Int64N(int64(600 * time.Millisecond))))
		} else {
			s.waitMore(d, before, min(more, s.left(before)))
		}
		d.kill()
		s.t.Logf("kill %d with %d records copied", i+1, s.copied())
		d.start()
	}
}

// left is how much of the backlog is not copied yet, and at least a little, which the load will bring.
func (s *scene) left(copied int64) int64 {
	var sources []string
	for source := range s.topics {
		sources = append(sources, source)
	}
	return max(1000, total(s.src, sources...)-copied)
}
