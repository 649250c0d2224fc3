package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// A fleet of three is restarted under load as a StatefulSet restarts its pods: the last one first, each ended by SIGTERM and
// started again under its own host name, and the next only when it is ready and has its share. Then one is replaced as a
// Deployment does it, by a new name before the old one stops, and one is killed and stays away. Every record is copied once,
// and lanes are spread evenly again after each step.
//
// How long partitions rested is logged, for docs/operating.md; nothing is judged by it. That the lanes of a killed process move
// within 15 s is judged in replicate, on a clock of its own.
func TestRollingRestart(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 2, 16)
	s.startLoad(16, 3200, 0)
	var pods []*daemon
	for i := range 3 {
		pods = append(pods, s.startPod(i))
	}
	s.waitSpread(pods...)
	s.everyPartitionMoves(pods[0])
	watch := s.watchRests()
	s.waitMore(pods[0], s.copied(), 20_000)
	watch.report("before anything happened")

	for _, pod := range slices.Backward(pods) {
		began := time.Now()
		pod.stop()
		stopped := time.Since(began)
		pod.start()
		pod.waitReady()
		s.waitSpread(pods...)
		t.Logf("%s stopped in %.1f s, and had its share again %.1f s after SIGTERM", pod.name, stopped.Seconds(), time.Since(began).Seconds())
		s.everyPartitionMoves(pods[0])
		watch.report("while " + pod.name + " was restarted")
	}

	pods = append(pods, s.startPod(3))
	s.waitSpread(pods...)
	pods[0].stop()
	pods = pods[1:]
	s.waitSpread(pods...)
	s.everyPartitionMoves(pods[0])
	watch.report("while mirror-3 came and mirror-0 went")

	began := time.Now()
	pods[0].kill()
	pods = pods[1:]
	s.waitSpread(pods...)
	t.Logf("the lanes of a killed process had moved after %.1f s", time.Since(began).Seconds())
	s.everyPartitionMoves(pods[0])
	watch.report("while mirror-1 was killed")

	s.stopLoad()
	s.waitCopied(pods[0])
	if out, code := pods[0].run("verify", "--route", s.id); code != 0 || !strings.Contains(out, ": 0 differences") {
		t.Errorf("mirror verify: exit code %d\n%s", code, out)
	}
	s.finish(pods...)
}

// startPod starts one more process of the fleet, on a host of its own as far as it can tell.
func (s *scene) startPod(number int) *daemon {
	s.t.Helper()
	pod := newDaemon(s.t, fmt.Sprintf("mirror-%d", number), s.config)
	pod.host = pod.name
	pod.start()
	return pod
}

// waitSpread waits until the group has given all lanes to these processes alone, each as many as the others or one less.
func (s *scene) waitSpread(fleet ...*daemon) {
	s.t.Helper()
	group := "__mirror_" + s.id
	eventually(s.t, fmt.Sprintf("the lanes of %s to be spread over %d processes", group, len(fleet)), func() error {
		for _, d := range fleet {
			d.alive()
		}
		described, err := kadm.NewClient(s.dst).DescribeGroups(context.Background(), group)
		if err != nil {
			return err
		}
		var shares []int
		var names, want []string
		lanes := 0
		for _, m := range described[group].Members {
			if assigned, ok := m.Assigned.AsConsumer(); ok {
				for _, topic := range assigned.Topics {
					shares = append(shares, len(topic.Partitions))
					lanes += len(topic.Partitions)
				}
			}
			if m.InstanceID != nil {
				names = append(names, *m.InstanceID)
			}
		}
		for _, d := range fleet {
			want = append(want, d.host)
		}
		slices.Sort(names)
		if described[group].State != "Stable" || !slices.Equal(names, want) || len(shares) != len(fleet) || lanes != 16 || slices.Max(shares)-slices.Min(shares) > 1 {
			return fmt.Errorf("%s, %v have %v lanes", described[group].State, names, shares)
		}
		return nil
	})
}

// waitReady waits until /readyz says so, as the probe of a pod does.
func (d *daemon) waitReady() {
	d.t.Helper()
	eventually(d.t, d.name+" to be ready", func() error {
		d.alive()
		if _, err := d.status(); err != nil { // it does not listen yet
			return err
		}
		if !d.ready() {
			return errors.New("it is not")
		}
		return nil
	})
}
