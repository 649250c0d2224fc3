package e2e

import (
	"fmt"
	"testing"

	"mirror/e2e/brokers"
)

// A source of three nodes in three racks: the mirror in rack b reads from node 2 alone, whoever leads, as the brokers' own
// logs of requests tell. When that node dies it reads from the leaders, and nothing is lost or repeated.
func TestNearestReplica(t *testing.T) {
	_, east := sharedPair(t)
	west := startCluster(t, brokers.Options{Nodes: 3, Racks: []string{"a", "b", "c"}})
	s := newScene(t, west, east, 1, 3)
	s.config.westLines = append(s.config.westLines, "rack: b")
	inSync(t, s.src, 3)
	s.startLoad(3, 500, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	s.everyPartitionMoves(d)
	if err := west.LogRequests(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	fetches := func(node int32) int {
		t.Helper()
		n, err := west.Requests(node, "FETCH", `"clientId":"mirror-e2e"`, `"rackId":"b"`)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	eventually(t, "node 2 to answer the mirror's fetches", func() error {
		if n := fetches(2); n < 50 {
			return fmt.Errorf("%d fetches", n)
		}
		return nil
	})
	for _, other := range []int32{1, 3} {
		if n := fetches(other); n > 5 {
			t.Errorf("node %d, in another rack, answered %d fetches", other, n)
		}
	}
	if err := west.LogRequests(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := west.Kill(2); err != nil {
		t.Fatal(err)
	}
	s.everyPartitionMoves(d)
	s.stopLoad()
	s.finish(d)
}
