package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
	"mirror/e2e/truth"
	"mirror/e2e/workload"
)

// syncAll has a route carry over the positions of all groups whose names begin with its own.
func (s *scene) syncAll() {
	s.config.routes[0].lines = append(s.config.routes[0].lines, fmt.Sprintf(`sync: {groups: {include: ["/%s.*/"], interval: 1s}}`, s.id))
}

// movedPosition is what `mirror groups` tells of a position.
type movedPosition struct {
	Topic        string `json:"topic"`
	Partition    int32  `json:"partition"`
	SourceOffset int64  `json:"source_offset"`
	TargetOffset int64  `json:"target_offset"`
	Exact        bool   `json:"exact"`
	Repeats      int64  `json:"repeats"`
	NotCopied    int64  `json:"not_copied"`
	Committed    *int64 `json:"committed"`
	State        string `json:"state"`
}

// groups asks `mirror groups` by name of the group.
func (d *daemon) groups() (map[string][]movedPosition, error) {
	out, code := d.run("groups", "-o", "json")
	var document struct {
		Routes []struct {
			Groups []struct {
				Group     string          `json:"group"`
				Positions []movedPosition `json:"positions"`
			} `json:"groups"`
		} `json:"routes"`
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != 0 {
		return nil, fmt.Errorf("exit code %d, %v: %s", code, err, out)
	}
	all := map[string][]movedPosition{}
	for _, g := range document.Routes[0].Groups {
		all[g.Group] = g.Positions
	}
	return all, nil
}

// waitGroups waits until so many groups are seen with all positions in step, and nothing is still to be copied.
func (d *daemon) waitGroups(want int) map[string][]movedPosition {
	d.t.Helper()
	var all map[string][]movedPosition
	eventually(d.t, "positions to be in step", func() (err error) {
		d.alive()
		if all, err = d.groups(); err != nil {
			return err
		}
		if len(all) != want {
			return fmt.Errorf("%d groups are seen, want %d", len(all), want)
		}
		for group, positions := range all {
			for _, p := range positions {
				if p.State != "in_step" || p.NotCopied > 0 {
					return fmt.Errorf("group %s: %+v", group, p)
				}
			}
		}
		return nil
	})
	return all
}

// commitAt puts the position of a group in a partition.
func commitAt(t *testing.T, client *kgo.Client, group, topic string, partition int32, at int64) {
	t.Helper()
	var o kadm.Offsets
	o.AddOffset(topic, partition, at, -1)
	if err := kadm.NewClient(client).CommitAllOffsets(context.Background(), group, o); err != nil {
		t.Fatalf("commit %s at %s/%d: %v", group, topic, partition, err)
	}
}

// judgePosition checks with both logs that a reader who goes on at the translated place misses nothing and repeats no
// more than was said.
func judgePosition(t *testing.T, group string, p movedPosition, from, to *truth.Log) {
	t.Helper()
	if p.Committed == nil || *p.Committed != p.TargetOffset {
		t.Errorf("group %s: %+v: it is not where it should be", group, p)
		return
	}
	rest := map[string]bool{}
	for _, r := range to.Data(false) {
		if r.Offset >= *p.Committed {
			rest[workload.Identity(r)] = true
		}
	}
	var missed, repeated int64
	for _, r := range from.Data(true) {
		switch again := rest[workload.Identity(r)]; {
		case r.Offset >= p.SourceOffset && !again:
			missed++
		case r.Offset < p.SourceOffset && again:
			repeated++
		}
	}
	if missed > 0 || repeated > p.Repeats || p.Exact && repeated > 0 {
		t.Errorf("group %s: %+v: a reader on the target misses %d records and reads %d again", group, p, missed, repeated)
	}
}

// readGroup reads up to n records of topics as a member of a group, commits what it has read, and leaves. It says what it
// has read of each partition; fewer than n only when nothing more comes within some seconds.
func readGroup(t *testing.T, c *brokers.Cluster, group string, n int, topics []string, opts ...kgo.Opt) []*kgo.Record {
	t.Helper()
	client := clientOf(t, c, append([]kgo.Opt{kgo.ConsumerGroup(group), kgo.ConsumeTopics(topics...), kgo.DisableAutoCommit(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}, opts...)...)
	defer client.Close()
	var got []*kgo.Record
	for len(got) < n {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		fetches := client.PollRecords(ctx, n-len(got))
		cancel()
		records := fetches.Records()
		if len(records) == 0 {
			break
		}
		got = append(got, records...)
	}
	if err := client.CommitRecords(context.Background(), got...); err != nil {
		t.Fatal(err)
	}
	return got
}

// identities counts records by who they are.
func identities(records []*kgo.Record, into map[string]int) {
	for _, r := range records {
		plain := truth.Record{Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			plain.Headers = append(plain.Headers, truth.Header{Key: h.Key, Value: h.Value})
		}
		into[workload.Identity(plain)]++
	}
}

// Positions anywhere in the source, in batches, between transactions and aborted ones, and in the holes of compaction, are
// carried over while the mirror is killed: whoever goes on there misses nothing and repeats nothing.
func TestGroupPositions(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 1, 2)
	plain := s.id + ".t0"
	compacted := s.id + ".compacted"
	createTopic(t, s.src, compacted, 2, 1, map[string]string{
		"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.ms": "1000", "max.compaction.lag.ms": "1000",
	})
	s.topics[compacted] = "west." + compacted
	s.config.routes[0].lines = []string{`topic_defaults: {config: {min.compaction.lag.ms: "31536000000", max.compaction.lag.ms: "9223372036854775807"}}`}
	s.syncAll()
	var clients []*kgo.Client
	for i := range 3 {
		clients = append(clients, clientOf(t, west, kgo.TransactionalID(fmt.Sprintf("%s-%d", s.id, i))))
	}
	transactions := workload.StartTransactions(clients, s.writer, []workload.Target{{Topic: plain, Partitions: 2}})
	t.Cleanup(func() { _ = transactions.Stop() })
	client := clientOf(t, west, kgo.ProducerLinger(20*time.Millisecond))
	s.load = workload.StartLoad(client, s.writer, []workload.Target{{Topic: plain, Partitions: 2}, {Topic: compacted, Partitions: 2}},
		[]workload.Shape{workload.Small, workload.Small, workload.NoValue}, 500, 0)
	t.Cleanup(func() { _ = s.load.Stop() })
	d := newDaemon(t, "mirror", s.config)
	d.start()
	reader := s.id + ".reader"
	for range 2 {
		s.waitMore(d, s.copied(), 500)
		readGroup(t, west, reader, 150, []string{plain, compacted})
		d.kill()
		d.start()
	}
	if err := transactions.Stop(); err != nil {
		t.Fatal(err)
	}
	if transactions.Aborted() == 0 {
		t.Fatal("nothing was aborted: the test shows nothing")
	}
	s.stopLoad()
	const groups = 30
	for i := range groups {
		for topic := range s.topics {
			for partition, end := range ends(s.src, topic) {
				commitAt(t, s.src, fmt.Sprintf("%s.at-%d", s.id, i), topic, partition, rand.Int64N(end+1))
			}
		}
	}
	all := d.waitGroups(groups + 1)
	d.kill()
	exact := 0
	for _, topic := range []string{plain, compacted} {
		from, to := logs(t, s.src, topic), logs(t, s.dst, s.topics[topic])
		for group, positions := range all {
			for _, p := range positions {
				if p.Topic == topic {
					judgePosition(t, group, p, from[p.Partition], to[p.Partition])
				}
				if p.Exact {
					exact++
				}
			}
		}
	}
	t.Logf("%d positions of %d are exact", exact/2, (groups+1)*4)
	if exact == 0 {
		t.Error("no position is exact")
	}
}

// A group reads a part on the source, moves to the target and reads the rest there, each record once between the two: one
// of the classic protocol and one of the newer one. The target's only broker, which coordinates its groups, is killed meanwhile.
func TestGroupMoves(t *testing.T) {
	west, _ := sharedPair(t)
	east := startCluster(t, brokers.Options{})
	s := newScene(t, west, east, 1, 2)
	s.syncAll()
	topic := s.id + ".t0"
	target := s.topics[topic]
	s.backlog(2, 2000, 0)
	d := newDaemon(t, "mirror", s.config)
	d.start()
	protocols := map[string][]kgo.Opt{s.id + ".classic": nil, s.id + ".newer": {kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer())}}
	read := map[string]map[string]int{}
	for group, opts := range protocols {
		read[group] = map[string]int{}
		identities(readGroup(t, west, group, 777, []string{topic}, opts...), read[group])
	}
	s.waitCopied(d)
	if err := east.Kill(east.Nodes()[0]); err != nil {
		t.Fatal(err)
	}
	if err := east.Restart(east.Nodes()[0]); err != nil {
		t.Fatal(err)
	}
	d.waitGroups(2)
	for group, opts := range protocols {
		identities(readGroup(t, east, group, 4000-777, []string{target}, opts...), read[group])
		want, again := 4000, 0
		for _, n := range read[group] {
			if n > 1 {
				again++
			}
		}
		if len(read[group]) != want || again > 0 {
			t.Errorf("group %s has read %d of %d records, %d of them twice", group, len(read[group]), want, again)
		}
	}
}
