package replicate

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// movedWithin is how soon the lanes of a killed process are with others: the group's
// session timeout of 10 s, and time to share them anew.
const movedWithin = 15 * time.Second

// The lanes of a process that is gone without a word are with the other one within 15
// seconds, on a clock that no slow machine holds up.
func TestLanesOfAKilledProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		open := func(id string, port int, opts ...kfake.Opt) *kfake.Cluster {
			c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1), kfake.ClusterID(id), kfake.Ports(port), kfake.ListenFn(network.Listen))...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			return c
		}
		p := &pair{open("west-cluster", 9092, kfake.SeedTopics(8, "orders")), open("east-cluster", 9093, kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))}
		cfg := p.config(t, "topics: [orders]")
		cable := &breaker{through: network.DialContext}
		killed := newMirror(t, cfg, Options{Process: "p1", Dial: cable.dial})
		defer running(t, killed)()
		left := newMirror(t, cfg, Options{Process: "p2", Dial: network.DialContext})
		defer running(t, left)()

		lanes := func(m *Mirror) (n int) {
			all := m.routes[0].lanes
			for lane := range all.state {
				if all.isReady(int32(lane)) {
					n++
				}
			}
			return n
		}
		wait := func(what string, condition func() bool) {
			t.Helper()
			for end := time.Now().Add(5 * time.Minute); !condition(); time.Sleep(100 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("wait until %s: one has %d lanes, the other %d", what, lanes(killed), lanes(left))
				}
			}
		}
		wait("both have lanes", func() bool { return lanes(killed) > 0 && lanes(left) > 0 })
		all := lanes(killed) + lanes(left)
		began := time.Now()
		cable.cut()
		wait("the other has all lanes", func() bool { return lanes(left) == all })
		took := time.Since(began)
		t.Logf("%d lanes had moved after %v", all, took)
		if took > movedWithin {
			t.Errorf("the lanes of a killed process had moved after %v, want at most %v", took, movedWithin)
		}
		if n := lanes(killed); n != 0 {
			t.Errorf("who is cut off still believes to have %d lanes", n)
		}
	})
}
