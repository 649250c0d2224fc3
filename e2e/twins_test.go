package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Two processes with the same config share the lanes; one is frozen for longer than its session, the other takes over, the
// frozen one wakes up and finds out: list equality.
func TestTwins(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 2, 8)
	s.backlog(8, 5000, 0)
	s.startLoad(8, 2000, 0)
	first, second := newDaemon(t, "first", s.config), newDaemon(t, "second", s.config)
	first.start()
	s.waitMore(first, 0, 500)
	second.start()
	s.waitMembers(2)
	s.waitMore(first, s.copied(), 1000)
	rounds := 1
	if long() {
		rounds = 4
	}
	for i := range rounds {
		frozen, other := first, second
		if i%2 == 1 {
			frozen, other = second, first
		}
		frozen.freeze()
		s.waitMembers(1)
		s.everyPartitionMoves(other)
		frozen.thaw()
		s.waitMembers(2)
		s.waitMore(other, s.copied(), 1000)
	}
	s.stopLoad()
	s.finish(first, second)
}

// Two processes, one killed while the other goes on: the same.
func TestTwinKilled(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 2, 4)
	s.startLoad(4, 2000, 0)
	first, second := newDaemon(t, "first", s.config), newDaemon(t, "second", s.config)
	first.start()
	second.start()
	s.waitMembers(2)
	s.waitMore(first, 0, 1000)
	first.kill()
	s.waitMembers(1)
	s.everyPartitionMoves(second)
	first.start()
	s.waitMembers(2)
	s.stopLoad()
	s.finish(first, second)
}

// waitMembers waits until the route's group has as many members, and each has lanes.
func (s *scene) waitMembers(want int) {
	s.t.Helper()
	group := "__mirror_" + s.id
	eventually(s.t, fmt.Sprintf("%d members of %s", want, group), func() error {
		described, err := kadm.NewClient(s.dst).DescribeGroups(context.Background(), group)
		if err != nil {
			return err
		}
		g := described[group]
		if g.Err != nil {
			return g.Err
		}
		withLanes := 0
		for _, m := range g.Members {
			if c, ok := m.Assigned.AsConsumer(); ok && len(c.Topics) > 0 {
				withLanes++
			}
		}
		if g.State != "Stable" || len(g.Members) != want || withLanes != want {
			return fmt.Errorf("%s with %d members, %d with lanes", g.State, len(g.Members), withLanes)
		}
		return nil
	})
}

// everyPartitionMoves waits until every copy has more records than it had at the call.
func (s *scene) everyPartitionMoves(d *daemon) {
	s.t.Helper()
	for _, target := range s.topics {
		before := ends(s.dst, target)
		eventually(s.t, "every partition of "+target+" to move", func() error {
			d.alive()
			now := ends(s.dst, target)
			for partition, end := range before {
				if now[partition] <= end {
					return fmt.Errorf("partition %d is still at %d", partition, end)
				}
			}
			return nil
		})
	}
}
