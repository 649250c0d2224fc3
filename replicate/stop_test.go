package replicate

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/monitor"
)

// TestStopsInTime stops while one of the clusters answers no more: Run returns
// all the same, although answers are outstanding that will never come.
func TestStopsInTime(t *testing.T) {
	for _, side := range []string{"west", "east"} {
		t.Run(side, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(1, "orders"))
			c := p.config(t, "topics: [orders]")
			produce(t, p.west, "orders", 0, "a", 10)
			f := &freezer{addr: p.west.ListenAddrs()[0]}
			if side == "east" {
				f.addr = p.east.ListenAddrs()[0]
			}
			m, stop := startDialing(t, c, f.dial)
			values(t, p.east, "west.orders", 0, 10)
			waitState(t, m, "orders", monitor.CaughtUp)
			f.on.Store(true)
			produce(t, p.west, "orders", 0, "b", 10)
			waitFor(t, func() string {
				switch {
				case f.lost.Load() == 0:
					return "nothing was lost on the frozen network"
				case side == "east" && m.routes[0].flying() == 0:
					return "no batch is on its way to the frozen target"
				}
				return ""
			})
			stop()
		})
	}
}
