package e2e

import (
	"testing"

	"mirror/e2e/brokers"
	"mirror/e2e/workload"
)

// oldest is the oldest version of Kafka that is tried here: it names topics in Fetch and Produce, where newer ones know ids.
const oldest = "3.0.2"

// Brokers of an older version on both sides, with the mirror killed now and then: the same promises hold.
func TestOlderBrokers(t *testing.T) {
	if !long() {
		t.Skipf("skipped %s: brokers of Kafka %s are only run with MIRROR_E2E_LONG=1", t.Name(), oldest)
	}
	west, east := startCluster(t, brokers.Options{Version: oldest}), startCluster(t, brokers.Options{Version: oldest})
	s := newScene(t, west, east, 3, 3)
	s.backlog(3, 5000, 0)
	produceTo(t, s.src, s.writer, s.id+".t0", 3, 10, workload.ManyHeaders)
	s.startLoad(3, 1000, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	killAtRandom(s, d, 5)
	s.stopLoad()
	s.finish(d)
}
