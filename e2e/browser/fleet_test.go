package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// onHost is a program that runs the binary with another host name, which is how two
// processes of a fleet on one machine have names of their own.
func (s *setting) onHost(name, dir string) string {
	s.t.Helper()
	file := filepath.Join(dir, "mirror-on-"+name)
	s.must(os.WriteFile(file, fmt.Appendf(nil, `#!/bin/sh
[ "$(id -u)" = 0 ] || user="--user --map-root-user"
exec unshare --uts $user sh -c 'hostname %s && exec "$0" "$@"' %s "$@"
`, name, s.binary), 0o700))
	return file
}

// TestFleet looks at the pages of two processes that share the work. Each shows the
// whole fleet as it is now, and the history of what it copies itself.
func TestFleet(t *testing.T) {
	s := newBrowsedWorld(t)
	s.must(chromedp.Do(s.tab, Size(1400, 1000, "light")))
	fleet := make(map[string]*Mirror)
	for _, name := range []string{"alpha", "beta"} {
		listen, err := FreeAddress()
		s.must(err)
		dir := t.TempDir()
		fleet[name], err = StartMirror(s.ctx, s.onHost(name, dir), dir, listen, s.world.Config)
		s.must(err)
	}
	killed := false
	t.Cleanup(func() {
		s.must(fleet["alpha"].Stop())
		if !killed {
			s.must(fleet["beta"].Stop())
		}
	})
	s.must(s.world.Start(s.ctx))
	owned := make(map[string][]int64) // partitions of orders by process
	for name, m := range fleet {
		s.mirror = m
		s.wait(name+" knows that both copy", func(st status) bool {
			owners := ownersOf(st)
			if len(owners) == 2 && len(owners[name]) > 0 {
				owned[name] = owners[name]
				return true
			}
			return false
		})
	}
	if len(owned["alpha"])+len(owned["beta"]) != 6 {
		t.Fatalf("the partitions of orders are with %v", owned)
	}
	for name, m := range fleet {
		s.mirror = m
		t.Run("history of "+name, func(t *testing.T) { s.ownHistory(t, name, owned) })
	}
	s.world.Quiet()
	for _, m := range fleet {
		s.mirror = m
		s.waitCopied(0)
	}
	for name, m := range fleet {
		s.mirror = m
		t.Run("numbers at "+name, s.numbers)
		t.Run("as the other says", func(t *testing.T) { s.likeThe(t, fleet[map[string]string{"alpha": "beta", "beta": "alpha"}[name]]) })
	}
	s.mirror = fleet["alpha"]
	s.open("#/route/dc1-to-dc2")
	s.until(`page.processes.rows.length === 2 && page.processes.rows[0].textContent.startsWith("alpha") && page.processes.rows[1].textContent.startsWith("beta")`)
	killed = true
	s.must(fleet["beta"].Kill())
	s.wait("alpha copies everything", func(st status) bool { return len(ownersOf(st)["alpha"]) == 6 })
	s.until(`page.processes.rows.length === 1 || page.fleet.hidden`)
}

// ownersOf are the partitions of orders in the first route by who copies them.
func ownersOf(st status) map[string][]int64 {
	owners := make(map[string][]int64)
	for _, topic := range st.Routes[0].Topics {
		for _, p := range topic.Partitions {
			if topic.Source == "orders" && p.Owner != "" {
				owners[p.Owner] = append(owners[p.Owner], p.Partition)
			}
		}
	}
	return owners
}

// ownHistory: a process records the partitions that it copies, and says of the others
// that somebody else does.
func (s *setting) ownHistory(t *testing.T, name string, owned map[string][]int64) {
	s.t = t
	recorded := func() (partitions []int64) {
		var told struct{ Series []string }
		s.must(s.mirror.Get(s.ctx, "series", &told))
		for n := range int64(6) {
			if slices.Contains(told.Series, fmt.Sprintf("dc1-to-dc2/orders/%d/lag_records", n)) {
				partitions = append(partitions, n)
			}
		}
		return partitions
	}
	for deadline := time.Now().Add(patience); !slices.Equal(recorded(), owned[name]); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s records the partitions %v of orders, and copies %v", name, recorded(), owned[name])
		}
	}
	for who, partitions := range owned {
		s.open(fmt.Sprintf("#/route/dc1-to-dc2/topic/orders/partition/%d", partitions[0]))
		says := `title === ""`
		if who != name {
			says = `title.includes("another process records its history")`
		}
		s.until(`page.feed.graphs.length > 0 && [...document.querySelectorAll(".graph .live-only")].every(({title}) => ` + says + `) && page.feed.graphs.every((g) => g.data)`)
	}
}
