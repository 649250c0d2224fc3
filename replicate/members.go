package replicate

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"mirror/offsets"
)

const (
	// silentAfter is how long a process may say nothing about itself before the
	// others doubt that it is there. The group finds out sooner and gives its
	// lanes away, so this shows only where nobody can take them.
	silentAfter = 25 * time.Second
	// freeFor is how long a lane may belong to nobody before that is trouble: a
	// hand-over takes moments, a new assignment of the group some seconds.
	freeFor = 10 * time.Second
)

// members is what the processes of a fleet say about themselves in the
// checkpoint topic. It serves the status only: what a process may copy is
// decided by the group.
type members struct {
	silentAfter, freeFor time.Duration // immutable

	mu     sync.Mutex // guards what follows
	claims []string   // by lane: who claimed it last, empty for nobody
	free   []time.Time
	said   map[string]member // by process
}

// member is the last word of a process. It is as old as it was heard, by our own
// clock: clocks of two hosts can differ by more than silentAfter.
type member struct {
	offsets.Owner
	heard time.Time
}

func newMembers(lanes int, now time.Time) *members {
	m := &members{silentAfter: silentAfter, freeFor: freeFor, claims: make([]string, lanes), free: make([]time.Time, lanes), said: map[string]member{}}
	for i := range m.free {
		m.free[i] = now
	}
	return m
}

// begin counts from now on how long lanes are free: before, nothing was replayed.
func (m *members) begin(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.free {
		m.free[i] = now
	}
}

// hear takes a record that was read from a lane. Records of one lane come in
// their order; those of different lanes do not.
func (m *members) hear(lane int32, o offsets.Owner, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Contains(o.Lanes, lane) {
		if before := m.claims[lane]; before != o.Process {
			m.take(lane, before)
		}
		m.claims[lane] = o.Process
	}
	if o.Time.Before(m.said[o.Process].Time) {
		return
	}
	for _, gone := range m.said[o.Process].Lanes {
		if !slices.Contains(o.Lanes, gone) {
			m.release(gone, now)
		}
	}
	m.said[o.Process] = member{o, now}
}

// forget takes a tombstone: the process has given the lane back.
func (m *members) forget(lane int32, process string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.claims[lane] == process {
		m.claims[lane] = ""
		m.release(lane, now)
	}
	m.take(lane, process)
	if last, ok := m.said[process]; ok && len(last.Lanes) == 0 {
		delete(m.said, process) // it stops, or will say that it stands by
	}
}

// take removes a lane from those that a process said it has.
func (m *members) take(lane int32, process string) {
	if last, ok := m.said[process]; ok {
		last.Lanes = slices.DeleteFunc(slices.Clone(last.Lanes), func(l int32) bool { return l == lane })
		m.said[process] = last
	}
}

// release notes since when a lane may be free.
func (m *members) release(lane int32, now time.Time) {
	if int(lane) < len(m.free) && lane >= 0 {
		m.free[lane] = now
	}
}

// owner is who has a lane, as far as anybody has said, and false when nobody has.
//
// A claim alone does not prove it: the claim of a process that lost a lane
// without giving it back stays until the next owner's. Nor does the list of lanes
// that a process wrote down just when it lost one.
func (m *members) owner(lane int32) (member, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last, ok := m.said[m.claims[lane]]; ok && slices.Contains(last.Lanes, lane) {
		return last, true
	}
	var owner member
	for _, last := range m.said {
		if slices.Contains(last.Lanes, lane) && last.heard.After(owner.heard) {
			owner = last
		}
	}
	return owner, owner.Process != ""
}

// freeSince says since when nobody has claimed a lane.
func (m *members) freeSince(lane int32) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.free[lane]
}

// silent reports whether a process has not been heard of for too long.
func (m *members) silent(who member, now time.Time) bool {
	return now.Sub(who.heard) > m.silentAfter
}

// others lists the processes besides self that are there, and those that are
// silent but whose lanes nobody has taken, by name.
func (m *members) others(self string, now time.Time) []member {
	m.mu.Lock()
	var list []member
	for name, last := range m.said {
		if name != self {
			list = append(list, last)
		}
	}
	m.mu.Unlock()
	list = slices.DeleteFunc(list, func(who member) bool { return m.silent(who, now) && !m.missed(who) })
	slices.SortFunc(list, func(a, b member) int { return cmp.Compare(a.Process, b.Process) })
	return list
}

// missed reports whether a lane still counts as the process's.
func (m *members) missed(who member) bool {
	return slices.ContainsFunc(who.Lanes, func(lane int32) bool {
		if lane < 0 || int(lane) >= len(m.claims) {
			return false
		}
		owner, ok := m.owner(lane)
		return ok && owner.Process == who.Process
	})
}
