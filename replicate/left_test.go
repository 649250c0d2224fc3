package replicate

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/monitor"
)

// TestLagWhileNobodyCanBeMember takes the target away for longer than the session:
// the lanes are lost, and the lag is told by who had them last, in records and in
// seconds, also in the metrics. Back again, it is as before.
func TestLagWhileNobodyCanBeMember(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(2, "orders"))
	b := &breaker{addr: p.east.ListenAddrs()[0]}
	m := startMember(t, p.config(t, "topics: [orders]", "refresh: 200ms"), "p1", b)
	produce(t, p.west, "orders", 0, "a", 10)
	values(t, p.east, "west.orders", 0, 10)
	waitState(t, m, "orders", monitor.CaughtUp)
	b.cut()
	produce(t, p.west, "orders", 0, "b", 7)
	var before float64
	waitFor(t, func() string {
		s, share := m.Status().Routes[0], m.Share().Routes[0]
		if len(s.Processes) != 1 || len(s.Processes[0].Lanes) > 0 {
			return fmt.Sprintf("the lanes are not lost: %+v", s.Processes)
		}
		if s.LagRecords != 7 || share.LagRecords != 7 || share.LagSeconds == nil || *share.LagSeconds <= 0 || s.State != monitor.Waiting {
			return fmt.Sprintf("it is %s, %d records behind, in the metrics %d and %v s", s.State, s.LagRecords, share.LagRecords, share.LagSeconds)
		}
		before = *share.LagSeconds
		return ""
	})
	waitFor(t, func() string {
		if share := m.Share().Routes[0]; share.LagSeconds == nil || *share.LagSeconds <= before+1 {
			return fmt.Sprintf("the lag does not grow from %v s: %v", before, share.LagSeconds)
		}
		return ""
	})
	b.mend()
	values(t, p.east, "west.orders", 0, 17)
	waitState(t, m, "orders", monitor.CaughtUp)
	if lag := m.Share().Routes[0].LagRecords; lag != 0 {
		t.Errorf("it is %d records behind at the end", lag)
	}
}
