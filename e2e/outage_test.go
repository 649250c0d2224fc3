package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"mirror/e2e/brokers"
	"mirror/monitor"
)

// A cluster that cannot be reached, at the start or later, makes the route wait and say so; the process stays, is not ready,
// and goes on by itself once the cluster is back.
func TestOutage(t *testing.T) {
	_, east := sharedPair(t)
	west := startCluster(t, brokers.Options{})
	s := newScene(t, west, east, 1, 2)
	s.backlog(2, 1000, 0)
	down := func() {
		t.Helper()
		if err := west.Kill(1); err != nil {
			t.Fatal(err)
		}
	}
	up := func() {
		t.Helper()
		if err := west.Restart(1); err != nil {
			t.Fatal(err)
		}
		if err := west.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	down()
	d := startDaemon(t, s.config)
	d.waitReason(west.Addresses(brokers.Plain)[0])
	if d.ready() {
		t.Error("ready although the source cannot be reached")
	}
	up()
	s.waitCopied(d)
	d.waitState(monitor.CaughtUp)
	if !d.ready() {
		t.Error("not ready although everything is copied")
	}
	down()
	d.waitReason(west.Addresses(brokers.Plain)[0])
	up()
	s.backlog(2, 1000, 0)
	s.finish(d)
}

// waitReason waits until the daemon is not ready or says of a route, topic or partition that it waits or has stopped, in
// words that name all of these.
func (d *daemon) waitReason(words ...string) {
	d.t.Helper()
	eventually(d.t, fmt.Sprintf("a reason with %q", words), func() error {
		d.alive()
		s, err := d.status()
		if err != nil {
			return err
		}
		var said []string
		for _, r := range s.Routes {
			if r.State == monitor.Waiting || r.State == monitor.Stopped {
				said = append(said, string(r.State)+": "+reasons(r))
			}
		}
		all := strings.Join(said, "; ")
		for _, word := range words {
			if !strings.Contains(all, word) {
				return fmt.Errorf("it says %q", all)
			}
		}
		return nil
	})
}

// ready is what /readyz says.
func (d *daemon) ready() bool {
	d.t.Helper()
	resp, err := http.Get("http://" + d.listen + "/readyz")
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close() // only the code matters
	return resp.StatusCode == http.StatusOK
}
