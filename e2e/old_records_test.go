package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
)

// forgetful are the settings of a target that forgets producers whose last record is more than 3 s old, looking every second.
var forgetful = map[string]string{
	"producer.id.expiration.ms":                "3000",
	"producer.id.expiration.check.interval.ms": "1000",
}

// Records that are two days old: the target forgets the producer within a second of each batch, so that nothing but the
// mirror's own care prevents repeats when it is killed. One owner at a time: still equal.
func TestOldRecords(t *testing.T) {
	west, _ := sharedPair(t)
	east := startCluster(t, brokers.Options{Properties: forgetful})
	s := newScene(t, west, east, 2, 3)
	s.backlog(3, 20_000, 48*time.Hour)
	s.startLoad(3, 2000, 48*time.Hour)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	killAtRandom(s, d, kills())
	s.stopLoad()
	s.finish(d)
}

// The same with the target broker killed under the mirror: acks are lost, and the restarted broker knows no producer.
func TestOldRecordsBrokerKilled(t *testing.T) {
	west, _ := sharedPair(t)
	east := startCluster(t, brokers.Options{Properties: forgetful})
	s := newScene(t, west, east, 2, 3)
	s.backlog(3, 40_000, 48*time.Hour)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	times := 3
	if long() {
		times = 8
	}
	for range times {
		s.waitMore(d, s.copied(), min(10_000, s.left(s.copied())/4))
		if err := east.Kill(1); err != nil {
			t.Fatal(err)
		}
		if err := east.Restart(1); err != nil {
			t.Fatal(err)
		}
		if err := east.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("killed with %d records copied", s.copied())
	}
	s.finish(d)
}

// The same with leaders that move in good order, as in a rolling restart, while windows are full: of the batches on their way
// some are answered "not the leader" and some are taken, and the new leader may not know the producer any more.
func TestOldRecordsLeadersMove(t *testing.T) {
	west, _ := sharedPair(t)
	east := startCluster(t, brokers.Options{Nodes: 3, Properties: forgetful})
	s := newScene(t, west, east, 2, 3, `topic_defaults: {replication_factor: 3, config: {min.insync.replicas: "2"}}`)
	s.backlog(3, 60_000, 48*time.Hour)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	s.waitMore(d, 0, 1)
	moves := 5
	if long() {
		moves = 20
	}
	for i := range moves {
		s.waitMore(d, s.copied(), min(3000, s.left(s.copied())/4))
		moveLeaders(t, s.dst, int32(i), s.copyNames()...)
		t.Logf("moved with %d records copied", s.copied())
	}
	s.finish(d)
}

// moveLeaders gives every partition another order of its three replicas and has the first one elected.
func moveLeaders(t *testing.T, client *kgo.Client, turn int32, topics ...string) {
	t.Helper()
	admin := kadm.NewClient(client)
	var order kadm.AlterPartitionAssignmentsReq
	elect := kadm.TopicsSet{}
	details, err := admin.ListTopics(t.Context(), topics...)
	if err != nil {
		t.Fatal(err)
	}
	leader := func(p int32) int32 { return (turn+p)%3 + 1 }
	for _, topic := range topics {
		for p := range details[topic].Partitions {
			first := leader(p)
			order.Assign(topic, p, []int32{first, first%3 + 1, (first+1)%3 + 1})
			elect.Add(topic, p)
		}
	}
	if answers, err := admin.AlterPartitionAssignments(t.Context(), order); err != nil || answers.Error() != nil {
		t.Fatal(err, answers.Error())
	}
	eventually(t, "leaders to move", func() error {
		if _, err := admin.ElectLeaders(t.Context(), kadm.ElectPreferredReplica, elect); err != nil {
			return err
		}
		details, err := admin.ListTopics(t.Context(), topics...)
		if err != nil {
			return err
		}
		for _, topic := range topics {
			for p, detail := range details[topic].Partitions {
				if detail.Leader != leader(p) {
					return fmt.Errorf("%s/%d is led by %d, not %d", topic, p, detail.Leader, leader(p))
				}
			}
		}
		return nil
	})
}
