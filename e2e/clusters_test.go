package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/clusters"
	"mirror/e2e/brokers"
)

// A mirror without routes looks at a cluster of three nodes: sizes are those that the brokers tell, lag is that of the
// groups' own offsets for both protocols, and a node that is killed shows and comes back. Nothing is left on the cluster.
func TestClustersAreLookedAt(t *testing.T) {
	west := startCluster(t, brokers.Options{Nodes: 3})
	client := clientOf(t, west)
	topic := unique("looked-")
	createTopic(t, client, topic, 3, 3, map[string]string{"segment.bytes": "1048576"})
	for i := range 300 {
		r := &kgo.Record{Topic: topic, Partition: int32(i % 3), Value: []byte(strings.Repeat("v", 1000))}
		client.Produce(t.Context(), r, nil)
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	old, next := unique("team/old-"), unique("next-")
	readSome(t, west, old, topic, 50)
	readSome(t, west, next, topic, 150, kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
	before := inventory(t, client)

	d := newDaemonFromText(t, "monitor", func(listen string) string {
		return fmt.Sprintf("name: small\nclusters:\n  west: {brokers: [%s]}\nmonitor: {interval: 5s}\nweb: {listen: %q}\n", strings.Join(west.Addresses(brokers.Plain), ", "), listen)
	})
	d.start()
	eventually(t, "all to be known", func() error { return d.knows(client, topic, map[string]string{old: "classic", next: "consumer"}) })
	if after := inventory(t, client); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("the cluster has changed: before %v, after %v", before, after)
	}

	victim, err := west.Leader(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := west.Kill(victim); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the dead node to show", func() error {
		var c clusters.Cluster
		if err := d.get("/api/v1/clusters/west", &c); err != nil {
			return err
		}
		for _, b := range c.Brokers {
			if b.ID == victim && !b.Online && b.UnderReplicated >= 3 && c.UnderReplicated >= 3 && c.BrokerCount == 2 && c.Offline == 0 {
				return nil
			}
		}
		return fmt.Errorf("got %+v", c)
	})
	if err := west.Restart(victim); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node to be back", func() error {
		var c clusters.Cluster
		if err := d.get("/api/v1/clusters/west", &c); err != nil {
			return err
		}
		if c.State != clusters.OK || c.UnderReplicated != 0 || c.BrokerCount != 3 || len(c.Notes) != 0 || c.Controller == nil {
			return fmt.Errorf("got %+v", c)
		}
		return nil
	})
	d.stop()
}

// readSome joins a group, reads and commits so many records, and stays a member until the test ends.
func readSome(t *testing.T, c *brokers.Cluster, group, topic string, most int, opts ...kgo.Opt) {
	t.Helper()
	client := clientOf(t, c, append([]kgo.Opt{kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(), kgo.ClientID("reader"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}, opts...)...)
	for got := 0; got < most; {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		fetches := client.PollRecords(ctx, most-got)
		cancel()
		if err := fetches.Err0(); err != nil {
			t.Fatal(err)
		}
		got += fetches.NumRecords()
		if err := client.CommitRecords(t.Context(), fetches.Records()...); err != nil {
			t.Fatal(err)
		}
	}
}

// knows compares what the daemon tells with what the brokers tell kadm.
func (d *daemon) knows(client *kgo.Client, topic string, groups map[string]string) error {
	admin := kadm.NewClient(client)
	var c clusters.Cluster
	if err := d.get("/api/v1/clusters/west", &c); err != nil {
		return err
	}
	dirs, err := admin.DescribeAllLogDirs(context.Background(), nil)
	if err != nil {
		return err
	}
	if len(c.Brokers) != 3 || c.Controller == nil || len(c.Notes) > 0 || c.RecordsPerSecond == nil {
		return fmt.Errorf("got %+v", c)
	}
	for _, b := range c.Brokers {
		if b.Bytes == nil || *b.Bytes != dirs[b.ID].Size() || len(b.LogDirs) != 1 || b.LogDirs[0].Total == nil || *b.LogDirs[0].Total <= *b.Bytes {
			return fmt.Errorf("broker %d: got %+v, want %d bytes", b.ID, b, dirs[b.ID].Size())
		}
	}
	var named clusters.TopicDetail
	if err := d.get("/api/v1/clusters/west/topics/"+topic, &named); err != nil {
		return err
	}
	var size int64
	dirs.Each(func(d kadm.DescribedLogDir) {
		d.Topics.Each(func(p kadm.DescribedLogDirPartition) {
			if p.Topic == topic {
				size += p.Size
			}
		})
	})
	if named.Bytes == nil || *named.Bytes != size || *named.Records != 300 || len(named.GroupList) != len(groups) || len(named.Configs) < 10 {
		return fmt.Errorf("got %+v, want %d bytes, 300 records, %d groups", named, size, len(groups))
	}
	var errs []error
	for group, kind := range groups {
		errs = append(errs, d.knowsGroup(admin, topic, group, kind))
	}
	return errors.Join(errs...)
}

func (d *daemon) knowsGroup(admin *kadm.Client, topic, group, kind string) error {
	var g clusters.GroupDetail
	if err := d.get("/api/v1/clusters/west/groups/"+strings.ReplaceAll(group, "/", "%2F"), &g); err != nil {
		return err
	}
	commits, err := admin.FetchOffsets(context.Background(), group)
	if err != nil {
		return err
	}
	ends, err := admin.ListEndOffsets(context.Background(), topic)
	if err != nil {
		return err
	}
	var lag int64
	for _, p := range g.PartitionList {
		commit, committed := commits.Lookup(topic, p.Partition)
		end, _ := ends.Lookup(topic, p.Partition)
		if committed != (p.Committed != nil) || committed && (*p.Committed != commit.At || *p.End != end.Offset) || p.Member != "reader" {
			return fmt.Errorf("group %s: got %+v, want %+v and %+v", group, p, commit, end)
		}
		if committed {
			lag += end.Offset - commit.At
		}
	}
	if g.Type != kind || g.State != "Stable" || g.Members != 1 || len(g.MemberList) != 1 || len(g.PartitionList) != 3 || g.LagRecords == nil || *g.LagRecords != lag || lag == 0 {
		return fmt.Errorf("group %s: got %+v, want a lag of %d", group, g, lag)
	}
	return nil
}
