package replicate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/config"
	"mirror/monitor"
	"mirror/offsets"
)

// startMember runs one of several processes, with beats that tests can wait for,
// in a network of its own, until the test ends.
func startMember(t *testing.T, c *config.Config, process string, b *breaker) *Mirror {
	t.Helper()
	m := newMirror(t, c, Options{Process: process, URL: "http://" + process, Dial: b.dial})
	r := m.routes[0]
	r.beatEvery, r.lanes.members.silentAfter, r.fleet.session = 50*time.Millisecond, 2*time.Second, 6*time.Second
	running(t, m)
	return m
}

// owners counts the partitions of a status by their owner, and returns those
// that are not as wanted.
func owners(s monitor.Status, want monitor.State) (counts map[string]int, wrong []string) {
	counts = map[string]int{}
	for _, topic := range s.Routes[0].Topics {
		for _, p := range topic.Partitions {
			counts[p.Owner]++
			if p.State != want {
				wrong = append(wrong, fmt.Sprintf("%s/%d of %q is %s: %s", topic.Source, p.Partition, p.Owner, p.State, p.Reason))
			}
		}
	}
	return counts, wrong
}

// TestFleetStatus asks two processes for the same fleet: both tell the same
// partitions, owners, positions and sums. One dies: its partitions wait, with the
// reason, until the other has taken them.
func TestFleetStatus(t *testing.T) {
	const partitions, each = 12, 50
	p := newPair(t, kfake.SeedTopics(partitions, "orders"))
	c := p.config(t, "topics: [orders]", "refresh: 200ms")
	first := startMember(t, c, "p1", &breaker{})
	waitState(t, first, "orders", monitor.CaughtUp)
	b := &breaker{addr: p.east.ListenAddrs()[0]}
	second := startMember(t, c, "p2", b)
	both := []*Mirror{first, second}
	waitFor(t, func() string {
		for _, m := range both {
			if counts, _ := owners(m.Status(), ""); counts["p1"] == 0 || counts["p2"] == 0 || counts[""] > 0 {
				return fmt.Sprintf("partitions by owner: %v", counts)
			}
		}
		return ""
	})
	for i := range partitions {
		produce(t, p.west, "orders", int32(i), "a", each)
	}
	waitFor(t, func() string {
		for _, m := range both {
			m.routes[0].lookAtOthers(t.Context()) // its time has come
			s := m.Status()
			counts, wrong := owners(s, monitor.CaughtUp)
			r := s.Routes[0]
			switch {
			case len(wrong) > 0:
				return strings.Join(wrong, "; ")
			case counts["p1"]+counts["p2"] != partitions:
				return fmt.Sprintf("partitions by owner: %v", counts)
			case r.RecordsTotal != partitions*each || r.LagRecords != 0 || r.LagSeconds == nil || *r.LagSeconds != 0 || r.State != monitor.CaughtUp:
				return fmt.Sprintf("%d records, %d behind, %s, want %d, none and caught up", r.RecordsTotal, r.LagRecords, r.State, partitions*each)
			case len(r.Processes) != 2 || len(r.Processes[0].Lanes)+len(r.Processes[1].Lanes) != c.Routes[0].Lanes:
				return fmt.Sprintf("processes %+v", r.Processes)
			}
		}
		return ""
	})
	one, two := first.Status().Routes[0], second.Status().Routes[0]
	for i, p := range one.Topics[0].Partitions {
		if q := two.Topics[0].Partitions[i]; p.Owner != q.Owner || p.SourceOffset != each || q.SourceOffset != each || p.TargetOffset != each || q.TargetOffset != each || p.SourceEnd != q.SourceEnd || p.Lane != q.Lane {
			t.Errorf("orders/%d is %+v at one and %+v at the other", i, p, q)
		}
	}
	if one.Processes[1].Process != "p2" || one.Processes[1].URL != "http://p2" || two.Processes[1].Process != "p1" {
		t.Errorf("the other process is %+v at one and %+v at the other", one.Processes[1], two.Processes[1])
	}
	if lag, shares := one.LagRecords, first.Share().Routes[0].LagRecords+second.Share().Routes[0].LagRecords; lag != shares {
		t.Errorf("the fleet is %d records behind, and the sum of what its processes measure is %d", lag, shares)
	}
	for _, p := range first.Share().Routes[0].Topics[0].Partitions {
		if ours := p.Owner == "p1"; ours != (p.LagSeconds != nil) || ours != (p.LagRecords >= 0) {
			t.Errorf("orders/%d of %s has a lag of %d records in the metrics of p1", p.Partition, p.Owner, p.LagRecords)
		}
	}

	b.cut()
	waited := false
	waitFor(t, func() string {
		first.routes[0].lookAtOthers(t.Context())
		s := first.Status()
		for _, p := range s.Routes[0].Topics[0].Partitions {
			if p.State == monitor.Waiting && p.Owner == "p2" && strings.Contains(p.Reason, "p2, which has its lane") {
				waited = true
			}
		}
		counts, wrong := owners(s, monitor.CaughtUp)
		if counts["p1"] != partitions || len(wrong) > 0 || len(s.Routes[0].Processes) != 1 {
			return fmt.Sprintf("partitions by owner: %v; processes %+v; %s", counts, s.Routes[0].Processes, strings.Join(wrong, "; "))
		}
		return ""
	})
	if !waited {
		t.Error("partitions of a process that nobody hears of were not shown as waiting")
	}
}

// TestFleetTellsTroubles passes on what only the owner of a partition knows.
func TestFleetTellsTroubles(t *testing.T) {
	now := time.Now()
	lag := 40.0
	who := member{Owner: offsets.Owner{Process: "p2", Partitions: []offsets.OwnedPartition{
		{Topic: "orders", Partition: 1, State: "stopped", Reason: "record too large"},
		{Topic: "orders", Partition: 2, State: "copying", LagSeconds: &lag},
	}}, heard: now.Add(-5 * time.Second)}
	tests := []struct {
		name  string
		topic string
		have  monitor.PartitionStatus
		want  monitor.State
		lag   float64 // -1 unknown
	}{
		{"in trouble", "orders", monitor.PartitionStatus{Partition: 1, State: monitor.Copying}, monitor.Stopped, -1},
		{"far behind", "orders", monitor.PartitionStatus{Partition: 2, State: monitor.Copying}, monitor.Copying, 45},
		{"caught up since", "orders", monitor.PartitionStatus{Partition: 2, State: monitor.CaughtUp, LagSeconds: new(float64)}, monitor.CaughtUp, 0},
		{"not named", "orders", monitor.PartitionStatus{Partition: 3, State: monitor.Copying}, monitor.Copying, -1},
		{"of another topic", "clicks", monitor.PartitionStatus{Partition: 1, State: monitor.Copying}, monitor.Copying, -1},
	}
	for _, test := range tests {
		got := test.have
		fromOwner(&got, test.topic, who, now)
		if got.State != test.want || (got.LagSeconds == nil) != (test.lag < 0) || got.LagSeconds != nil && *got.LagSeconds != test.lag {
			t.Errorf("%s: got %+v", test.name, got)
		}
		if got.State.Troubled() && got.Reason == "" {
			t.Errorf("%s: no reason", test.name)
		}
	}
}

// TestOwnerRecordIsBounded names the worst partitions only, and counts the rest.
func TestOwnerRecordIsBounded(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	m, err := New(p.config(t, "topics: [orders]"), Options{Log: testLog(t), Process: "p1"})
	if err != nil {
		t.Fatal(err)
	}
	r := m.routes[0]
	defer r.close()
	for i := range 3 * maxNamed {
		part := &partition{route: r, topic: "orders", number: int32(i), phase: phaseWaiting, reason: strings.Repeat("why ", 1000)}
		if i == 2*maxNamed {
			part.phase = phaseStopped
		}
		r.list = append(r.list, part)
	}
	o := r.ownerRecord()
	if len(o.Partitions) != maxNamed || o.More != 2*maxNamed {
		t.Errorf("%d partitions named and %d left out, want %d and %d", len(o.Partitions), o.More, maxNamed, 2*maxNamed)
	}
	if first := o.Partitions[0]; first.State != string(monitor.Stopped) || len(first.Reason) != maxReason {
		t.Errorf("the first is %s with a reason of %d bytes, want the worst and %d", first.State, len(first.Reason), maxReason)
	}
	if size := len(offsets.EncodeValue(o)); size > 16<<10 {
		t.Errorf("the record has %d bytes", size)
	}
}
