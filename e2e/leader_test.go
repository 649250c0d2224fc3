package e2e

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
)

// leaderKills is how often a leader is killed: 3 times, 10 in the long form.
func leaderKills() int {
	if long() {
		return 10
	}
	return 3
}

// The leader of a copied partition is killed with -9 under load, on a target of three nodes with replication: no record is
// lost or repeated, and nobody has to do anything.
func TestTargetLeaderKilled(t *testing.T) {
	west, _ := sharedPair(t)
	east := startCluster(t, brokers.Options{Nodes: 3})
	s := newScene(t, west, east, 2, 3, `topic_defaults: {replication_factor: 3, config: {min.insync.replicas: "2"}}`)
	s.startLoad(3, 2000, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	s.waitMore(d, 0, 1000)
	killLeaders(s, d, east, s.dst, s.copyNames())
	s.stopLoad()
	s.finish(d)
}

// The same on the source's side.
func TestSourceLeaderKilled(t *testing.T) {
	_, east := sharedPair(t)
	west := startCluster(t, brokers.Options{Nodes: 3})
	s := newScene(t, west, east, 2, 3)
	s.startLoad(3, 2000, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	s.waitMore(d, 0, 1000)
	var sources []string
	for source := range s.topics {
		sources = append(sources, source)
	}
	killLeaders(s, d, west, s.src, sources)
	s.stopLoad()
	s.finish(d)
}

func (s *scene) copyNames() []string {
	var names []string
	for _, target := range s.topics {
		names = append(names, target)
	}
	return names
}

// killLeaders kills the leader of a partition, waits until all partitions are copied again without it, starts it again and
// waits until it has caught up, again and again.
func killLeaders(s *scene, d *daemon, cluster *brokers.Cluster, client *kgo.Client, topics []string) {
	s.t.Helper()
	for i := range leaderKills() {
		inSync(s.t, client, 3)
		leader, err := cluster.Leader(s.t.Context(), topics[i%len(topics)], int32(i%3))
		if err != nil {
			s.t.Fatal(err)
		}
		if err := cluster.Kill(leader); err != nil {
			s.t.Fatal(err)
		}
		eventually(s.t, "another leader", func() error {
			now, err := cluster.Leader(s.t.Context(), topics[i%len(topics)], int32(i%3))
			if err == nil && now == leader {
				err = fmt.Errorf("node %d still leads", leader)
			}
			return err
		})
		s.everyPartitionMoves(d)
		if err := cluster.Restart(leader); err != nil {
			s.t.Fatal(err)
		}
		if err := cluster.WaitReady(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		inSync(s.t, client, 3)
	}
}
