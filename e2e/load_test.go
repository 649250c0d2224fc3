package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
	"mirror/e2e/workload"
)

// scene is a load on some source topics and the config of a route that copies them.
type scene struct {
	copies
	id     string
	config configOf
	writer *workload.Writer
	load   *workload.Load
	seen   map[seenKey]int64 // ends of the copies
}

// newScene creates topics on west, with as many replicas as it has nodes, and a route that copies them to east. Names of
// copies are the default ones.
func newScene(t *testing.T, west, east *brokers.Cluster, topics int, partitions int32, lines ...string) *scene {
	t.Helper()
	id := unique("load")
	s := &scene{
		copies: copies{t: t, src: clientOf(t, west), dst: clientOf(t, east), topics: make(map[string]string), committed: true},
		id:     id,
		seen:   make(map[seenKey]int64),
		writer: &workload.Writer{Run: uint64(time.Now().UnixNano())},
		config: configOf{west: west, east: east, routes: []route{{name: id, topics: []string{"/" + id + `\..*/`}, lines: lines}}},
	}
	for i := range topics {
		s.addTopic(fmt.Sprintf("t%d", i), partitions, int16(len(west.Nodes())))
	}
	return s
}

// addTopic creates one more topic that the route takes.
func (s *scene) addTopic(name string, partitions int32, replicas int16) string {
	s.t.Helper()
	topic := s.id + "." + name
	configs := map[string]string{}
	if replicas >= 3 {
		configs["min.insync.replicas"] = "2"
	}
	createTopic(s.t, s.src, topic, partitions, replicas, configs)
	s.topics[topic] = "west." + topic
	return topic
}

// startLoad writes small records to all topics until stopLoad. They seem to be as old as age.
func (s *scene) startLoad(partitions int32, perSecond int, age time.Duration) {
	var targets []workload.Target
	for topic := range s.topics {
		targets = append(targets, workload.Target{Topic: topic, Partitions: partitions})
	}
	s.startLoadOn(targets, perSecond, age)
}

func (s *scene) startLoadOn(targets []workload.Target, perSecond int, age time.Duration) {
	client := clientOf(s.t, s.config.west, kgo.ProducerLinger(5*time.Millisecond), kgo.UnknownTopicRetries(-1)) // not all brokers need to know it yet
	shapes := []workload.Shape{workload.Small, workload.Small, workload.NoKey, workload.NoValue, workload.Small}
	s.load = workload.StartLoad(client, s.writer, targets, shapes, perSecond, age)
	s.t.Cleanup(func() { _ = s.load.Stop() }) // a test that failed half way has said why
}

// backlog writes n small records to each partition in batches of about forty, so that the mirror has thousands of batches
// waiting and its windows are full. They seem to be as old as age.
func (s *scene) backlog(partitions int32, n int, age time.Duration) {
	s.t.Helper()
	client := clientOf(s.t, s.config.west, kgo.UnknownTopicRetries(-1), kgo.ProducerLinger(100*time.Millisecond), kgo.ProducerBatchMaxBytes(8<<10),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedRecords(50_000))
	for topic := range s.topics {
		for i := range n * int(partitions) {
			r := s.writer.Next(topic, int32(i)%partitions, workload.Small)
			*r.Timestamp -= age.Milliseconds()
			client.Produce(context.Background(), workload.Kgo(r), func(_ *kgo.Record, err error) {
				if err != nil {
					s.t.Errorf("write backlog: %v", err)
				}
			})
		}
	}
	if err := client.Flush(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) stopLoad() {
	s.t.Helper()
	if err := s.load.Stop(); err != nil {
		s.t.Fatal(err)
	}
	if s.load.Acked() == 0 {
		s.t.Fatal("the load wrote nothing: the test shows nothing")
	}
}

// copied is how many records the copies are known to hold; a partition without a leader is as it was last seen.
func (s *scene) copied() int64 {
	var sum int64
	for _, target := range s.topics {
		for partition, end := range ends(s.dst, target) {
			s.seen[seenKey{target, partition}] = end
		}
	}
	for _, end := range s.seen {
		sum += end
	}
	return sum
}

type seenKey struct {
	topic     string
	partition int32
}

// waitMore waits until the copies have n records more than before.
func (s *scene) waitMore(d *daemon, before, n int64) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%d more records", n), func() error {
		d.alive()
		if now := s.copied(); now < before+n {
			return fmt.Errorf("%d of %d", now-before, n)
		}
		return nil
	})
}

// finish waits until everything is copied, expects no loss, stops the daemons and judges.
func (s *scene) finish(daemons ...*daemon) {
	s.t.Helper()
	s.waitCopied(daemons[0])
	for _, d := range daemons {
		if n := d.losses(); n != 0 {
			s.t.Errorf("%s: losses: got %d entries, want none", d.name, n)
		}
	}
	for _, d := range daemons {
		d.stop()
	}
	s.judge()
}

// inSync waits until every partition of the cluster, internal topics included, has all its replicas in sync.
func inSync(t *testing.T, client *kgo.Client, replicas int) {
	t.Helper()
	eventually(t, "all replicas to be in sync", func() error {
		details, err := kadm.NewClient(client).ListTopicsWithInternal(context.Background())
		if err == nil {
			err = details.Error()
		}
		if err != nil {
			return err
		}
		for _, topic := range details {
			for _, p := range topic.Partitions {
				if len(p.ISR) < replicas || p.Leader < 0 {
					return fmt.Errorf("%s/%d has %d of %d", topic.Topic, p.Partition, len(p.ISR), replicas)
				}
			}
		}
		return nil
	})
}
