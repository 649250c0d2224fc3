package verify

import (
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kfake"
)

// onFakeClock runs a test between two clusters without sockets, on a clock that
// goes on when everybody waits: waiting takes no time, and a slow machine changes
// nothing of what comes first.
func onFakeClock(t *testing.T, do func(t *testing.T, src, dst *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		open := func(id string, port int) *cluster {
			return dialCluster(t, id, network.DialContext, kfake.NumBrokers(1), kfake.Ports(port), kfake.ListenFn(network.Listen))
		}
		do(t, open("west", 9092), open("east", 9093))
	})
}
