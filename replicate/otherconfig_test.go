package replicate

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"mirror/monitor"
	"mirror/offsets"
)

// Two processes of one fleet with different files: each status says so of the other.
func TestOtherConfig(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(4, "orders"))
	first := startMember(t, p.config(t, "topics: [orders]", "refresh: 200ms"), "p1", &breaker{})
	waitState(t, first, "orders", monitor.CaughtUp)
	alike := startMember(t, p.config(t, "topics: [orders]", "refresh: 300ms"), "p2", &breaker{})
	other := startMember(t, p.config(t, "topics: [orders]", "refresh: 200ms", "on_loss: stop"), "p3", &breaker{})
	wants := map[*Mirror]map[string]bool{
		first: {"p1": false, "p2": false, "p3": true},
		alike: {"p1": false, "p2": false, "p3": true},
		other: {"p1": true, "p2": true, "p3": false},
	}
	waitFor(t, func() string {
		for m, want := range wants {
			got := map[string]bool{}
			for _, p := range m.Status().Routes[0].Processes {
				got[p.Process] = p.OtherConfig
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				return fmt.Sprintf("got %v, want %v", got, want)
			}
		}
		return ""
	})
}

// The log says it once for each configuration of a process, and when it is over.
func TestOtherConfigIsLogged(t *testing.T) {
	p := newPair(t, kfake.SeedTopics(1, "orders"))
	r := newMirror(t, p.config(t, "topics: [orders]"), Options{Process: "p1"}).routes[0]
	t.Cleanup(r.close)
	var log bytes.Buffer
	r.log = slog.New(slog.NewTextHandler(&log, nil))
	now, told := r.lanes.members.free[0], map[string]string{}
	for i, step := range []struct{ config, want string }{
		{r.digest, ""}, {"", ""}, {"other", "another configuration"}, {"other", ""}, {"third", "another configuration"}, {r.digest, "the same configuration now"}, {r.digest, ""},
	} {
		log.Reset()
		r.lanes.members.hear(0, offsets.Owner{Process: "p2", Lanes: []int32{0}, Time: now, Config: step.config}, now)
		r.tellOtherConfigs(told, now)
		if got := log.String(); (got == "") != (step.want == "") || !strings.Contains(got, step.want) {
			t.Errorf("step %d: the log says %q, want %q", i, got, step.want)
		}
	}
}
