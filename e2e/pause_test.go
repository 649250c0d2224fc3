package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/e2e/truth"
	"mirror/e2e/workload"
	"mirror/monitor"
)

// must runs a command of the binary that has to end with 0.
func (d *daemon) must(args ...string) string {
	d.t.Helper()
	out, code := d.run(args...)
	if code != 0 {
		d.t.Fatalf("mirror %v: exit code %d", args, code)
	}
	return out
}

// A route is paused and resumed under load, with kill -9 before, during and after the pause: while it rests the target does
// not grow, and in the end nothing is lost or repeated. Then its checkpoint topic is deleted and rebuilt from the logs, and
// copying goes on with nothing lost and nothing repeated.
func TestPauseAndRebuild(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 2, 3)
	s.startLoad(3, 2000, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	for round := range 2 {
		s.waitMore(d, s.copied(), 2000)
		d.must("pause", "--yes", "--reason", "test")
		if round == 0 {
			d.kill()
			d.start()
		}
		d.waitState(monitor.Paused)
		at := s.copied()
		d.kill()
		d.start()
		d.waitState(monitor.Paused)
		eventually(t, "lag of a paused route", func() error {
			status, err := d.status()
			if err != nil || status.Routes[0].LagRecords < 1000 || !strings.Contains(status.Routes[0].Reason, "(test)") {
				return fmt.Errorf("%+v, %v", status.Routes[0].LagRecords, err)
			}
			return nil
		})
		if n := s.copied(); n != at {
			t.Fatalf("%d records were copied while the route was paused", n-at)
		}
		d.must("resume", "--yes")
		s.waitMore(d, at, 1000)
		d.kill()
		d.start()
	}
	d.kill()
	if _, err := kadm.NewClient(s.dst).DeleteTopic(context.Background(), "__mirror_"+s.id); err != nil {
		t.Fatal(err)
	}
	d.start()
	eventually(t, "the route to wait for its checkpoints", func() error {
		status, err := d.status()
		if err != nil {
			return err
		}
		if why := reasons(status.Routes[0]); !strings.Contains(why, "mirror checkpoints rebuild") {
			return errors.New(why)
		}
		return nil
	})
	if out := d.must("checkpoints", "rebuild", "--yes"); strings.Count(out, "records equal") == 0 {
		t.Errorf("nothing was rebuilt:\n%s", out)
	}
	s.stopLoad()
	s.finish(d)
}

// A topic is copied again from an offset as a new generation, while one of two processes is frozen: the other one takes it
// over, is killed and started again, and the frozen one wakes up. What is on the target is the first copy and behind it the
// second one, each whole and in order.
func TestReset(t *testing.T) {
	const first, from = 3000, 100
	west, east := sharedPair(t)
	s := newScene(t, west, east, 1, 2)
	s.backlog(2, first, 0)
	frozen, other := newDaemon(t, "frozen", s.config), newDaemon(t, "other", s.config)
	frozen.start()
	other.start()
	s.waitMembers(2)
	s.waitCopied(other)
	other.waitState(monitor.CaughtUp)
	topic := s.id + ".t0"
	reset := []string{"checkpoints", "reset", "--topic", topic, "--to", fmt.Sprint(from)}
	eventually(t, "the plan to warn, by the checkpoints on record", func() error {
		if out := other.must(append(reset, "--dry-run")...); !strings.Contains(out, "appear a second time") {
			return errors.New(out)
		}
		return nil
	})
	frozen.freeze()
	other.must(append(reset, "--yes")...)
	s.backlog(2, 500, 0)
	again := map[int32]int64{0: first + first - from + 500, 1: first + first - from + 500}
	copiedAgain := func() error { return behind(again, ends(s.dst, s.topics[topic])) }
	eventually(t, "the second copy", copiedAgain)
	other.kill()
	frozen.thaw()
	other.start()
	s.waitMembers(2)
	s.backlog(2, 500, 0)
	for partition := range again {
		again[partition] += 500
	}
	eventually(t, "what came after it", copiedAgain)
	frozen.stop()
	other.stop()
	to := logs(t, s.dst, s.topics[topic])
	for i, log := range logs(t, s.src, topic) {
		records, copies := log.Data(true), to[i].Data(false)
		if len(copies) < first {
			t.Fatalf("partition %d has %d records", i, len(copies))
		}
		if err := truth.Compare(records[:first], copies[:first], workload.Identity).Err(); err != nil {
			t.Errorf("partition %d, first copy: %v", i, err)
		}
		if err := truth.Compare(records[from:], copies[first:], workload.Identity).Err(); err != nil {
			t.Errorf("partition %d, second copy: %v", i, err)
		}
	}
}
