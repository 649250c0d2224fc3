package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	"mirror/monitor"
)

// Two processes of one fleet, here even with the same host name: `mirror status`
// tells the same partitions, owners and totals at either; then one is killed, and
// the other tells that it has everything.
func TestFleetStatus(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 2, 4)
	s.startLoad(4, 2000, 0)
	first, second := newDaemon(t, "first", s.config), newDaemon(t, "second", s.config)
	first.start()
	second.start()
	s.waitMembers(2)
	s.waitMore(first, 0, 1000)
	s.stopLoad()
	s.waitCopied(first)
	eventually(t, "both to tell the same", func() error {
		one, err := fleetOf(first)
		if err != nil {
			return err
		}
		two, err := fleetOf(second)
		if err != nil {
			return err
		}
		switch {
		case len(one.owners) != 8 || fmt.Sprint(one.owners) != fmt.Sprint(two.owners):
			return fmt.Errorf("owners are %v at one and %v at the other", one.owners, two.owners)
		case one.processes != 2 || two.processes != 2 || len(one.names) != 2:
			return fmt.Errorf("%d processes at one and %d at the other, of which %v own partitions", one.processes, two.processes, one.names)
		case one.records != two.records || one.records == 0 || one.records > s.copied():
			// What a process was sure of only after it asked the target, it has not counted.
			return fmt.Errorf("%d records at one and %d at the other, and the target has %d", one.records, two.records, s.copied())
		case one.lag != 0 || two.lag != 0:
			return fmt.Errorf("%d records behind at one and %d at the other", one.lag, two.lag)
		}
		return nil
	})
	second.kill()
	eventually(t, "the other to have everything", func() error {
		one, err := fleetOf(first)
		if err != nil {
			return err
		}
		if one.processes != 1 || len(one.names) != 1 || one.state != monitor.CaughtUp {
			return fmt.Errorf("%d processes, owners %v, %s", one.processes, one.owners, one.state)
		}
		return nil
	})
	s.finish(first)
}

// fleetSeen is a route as one process tells it.
type fleetSeen struct {
	owners       map[string]string // by partition
	names        map[string]bool
	processes    int
	records, lag int64
	state        monitor.State
}

func fleetOf(d *daemon) (fleetSeen, error) {
	d.t.Helper()
	d.alive()
	var s monitor.Status
	out, code := d.run("status", "-o", "json")
	if code != 0 {
		return fleetSeen{}, fmt.Errorf("mirror status: exit code %d", code)
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return fleetSeen{}, err
	}
	r := s.Routes[0]
	seen := fleetSeen{owners: map[string]string{}, names: map[string]bool{}, processes: len(r.Processes), records: r.RecordsTotal, lag: r.LagRecords, state: r.State}
	for _, topic := range r.Topics {
		for _, p := range topic.Partitions {
			if p.Owner == "" || p.State != monitor.CaughtUp {
				return seen, fmt.Errorf("%s/%d of %q is %s: %s", topic.Source, p.Partition, p.Owner, p.State, p.Reason)
			}
			seen.owners[fmt.Sprintf("%s/%d", topic.Source, p.Partition)] = p.Owner
			seen.names[p.Owner] = true
		}
	}
	return seen, nil
}
