package replicate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPulse(t *testing.T) {
	p := newPulse()
	p.expect("discovery", time.Minute)
	p.expect("heartbeats", time.Hour)
	p.expect("beats", time.Second)
	p.ended("beats")
	now := time.Now()
	if late := p.late(now); late != nil {
		t.Errorf("at once: got %v, want none", late)
	}
	if late, want := p.late(now.Add(2*time.Minute)), []string{"discovery"}; !slices.Equal(late, want) {
		t.Errorf("after two minutes: got %v, want %v", late, want)
	}
	if late, want := p.late(now.Add(2*time.Hour)), []string{"discovery", "heartbeats"}; !slices.Equal(late, want) {
		t.Errorf("after two hours: got %v, want %v", late, want)
	}
}

// watched returns the loops that a pulse knows of: all are late in the far future.
func (p *pulse) watched() []string { return p.late(time.Now().Add(24 * time.Hour)) }

func waitLoops(t *testing.T, r *route, want ...string) {
	t.Helper()
	waitFor(t, func() string {
		if got := r.pulse.watched(); !slices.Equal(got, want) {
			return fmt.Sprintf("watched are %v, want %v", got, want)
		}
		return ""
	})
}

// A mirror that copies has all its loops watched; one that hangs is named, and
// one that has stopped has none left.
func TestAlive(t *testing.T) {
	m, stop := startMirror(t, newPair(t).config(t, `topics: ["/.*/"]`), "one")
	r := m.routes[0]
	waitLoops(t, r, "beats", "discovery", "heartbeats")
	if err := m.Alive(); err != nil {
		t.Errorf("got %v, want none", err)
	}
	r.pulse.expect("hanging", -time.Second)
	if err := m.Alive(); err == nil || !strings.Contains(err.Error(), "hanging of route west-to-east") {
		t.Errorf("got %v, want the loop that hangs", err)
	}
	r.pulse.ended("hanging")
	stop()
	if left := r.pulse.watched(); left != nil {
		t.Errorf("after the end: got %v, want none", left)
	}
}

// While a cluster cannot be reached, the process waits and is alive.
func TestAliveWhileConnecting(t *testing.T) {
	p := newPair(t)
	c := p.config(t, "topics: [orders]")
	p.west.Close()
	m, stop := startMirror(t, c, "one")
	defer stop()
	waitLoops(t, m.routes[0], "connecting")
	if err := m.Alive(); err != nil {
		t.Errorf("got %v, want none", err)
	}
}
