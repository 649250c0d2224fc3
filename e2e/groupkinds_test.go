package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/clusters"
	"mirror/e2e/brokers"
)

// A share group (KIP-932) and a streams group (KIP-1071) are shown with their members and the lag that the brokers tell.
// The positions of the streams group are carried over, and its application goes on in the copy with each record once
// between the two; the share group has none, which is told.
func TestShareAndStreamsGroups(t *testing.T) {
	west, east := sharedPair(t)
	java := sharedJava(t)
	s := newScene(t, west, east, 1, 2)
	s.syncAll()
	topic, workers, app, passed := s.id+".t0", s.id+".workers", s.id+".app", unique("passed-")
	createTopic(t, s.src, passed, 2, 1, nil)
	createTopic(t, s.dst, passed, 2, 1, nil)
	s.backlog(2, 300, 0)
	require(t, java.Streams("west", west.Bootstrap(), app, topic, passed))
	t.Cleanup(func() { _ = java.CloseStreams("west") }) // it may be closed already
	shareSome(t, west, workers, topic, 400)             // which is of both partitions: of one with nothing acknowledged brokers tell no lag
	s.backlog(2, 100, 0)
	before := topicsOf(t, s.src)

	d := newDaemonFromText(t, "mirror", func(listen string) string {
		s.config.listen = listen
		return s.config.text() + "monitor: {interval: 5s}\n"
	})
	d.start()
	admin := kadm.NewClient(s.src)
	eventually(t, "the share group to be known", func() error { return d.knowsShareGroup(admin, workers) })
	eventually(t, "the streams group to be known", func() error { return d.knowsStreamsGroup(admin, app, 2*400) })
	if after := topicsOf(t, s.src); !slices.Equal(before, after) {
		t.Errorf("the source has other topics: before %v, after %v", before, after)
	}
	for _, args := range [][]string{{"groups"}, {"plan"}} {
		if out := d.must(args...); !strings.Contains(out, workers+": a share group has no positions that could be carried over") {
			t.Errorf("mirror %v does not tell of the share group:\n%s", args, out)
		}
	}

	require(t, java.CloseStreams("west"))
	s.backlog(2, 200, 0)
	s.waitCopied(d)
	for _, positions := range d.waitGroups(1) {
		for _, p := range positions {
			if !p.Exact {
				t.Errorf("got %+v", p)
			}
		}
	}
	require(t, java.Streams("east", east.Bootstrap(), app, s.topics[topic], passed))
	t.Cleanup(func() { _ = java.CloseStreams("east") })
	eventually(t, "the application to go on in the copy", func() error {
		if n := total(s.dst, passed); n < 2*200 {
			return fmt.Errorf("it has passed on %d records", n)
		}
		return nil
	})
	require(t, java.CloseStreams("east"))
	seen := map[string]int{}
	for cluster, c := range map[string]*brokers.Cluster{"west": west, "east": east} {
		identities(readGroup(t, c, s.id+".reader-"+cluster, int(total(clientOf(t, c), passed)), []string{passed}), seen)
	}
	again := 0
	for _, n := range seen {
		if n > 1 {
			again++
		}
	}
	if want := 2 * 600; len(seen) != want || again > 0 {
		t.Errorf("the application has passed on %d of %d records, %d of them twice", len(seen), want, again)
	}
}

// shareSome joins a share group that begins at the beginning, and acknowledges n records; the member stays until the test
// ends.
func shareSome(t *testing.T, c *brokers.Cluster, group, topic string, n int) {
	t.Helper()
	beginning := kmsg.NewPtrIncrementalAlterConfigsRequest()
	beginning.Resources = []kmsg.IncrementalAlterConfigsRequestResource{{ResourceType: kmsg.ConfigResourceTypeGroupConfig, ResourceName: group,
		Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{{Name: "share.auto.offset.reset", Value: kmsg.StringPtr("earliest")}}}}
	if resp, err := beginning.RequestWith(context.Background(), clientOf(t, c)); err != nil || resp.Resources[0].ErrorCode != 0 {
		t.Fatalf("alter the group's configuration: %+v, %v", resp, err)
	}
	client := clientOf(t, c, kgo.ShareGroup(group), kgo.ConsumeTopics(topic), kgo.ClientID("worker"), kgo.ShareMaxRecords(int32(n)), kgo.ShareMaxRecordsStrict())
	got := 0
	eventually(t, "the share group to read", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		records := client.PollRecords(ctx, n-got).Records()
		for _, r := range records {
			r.Ack(kgo.AckAccept)
		}
		got += len(records)
		if err := client.FlushAcks(context.Background()); err != nil {
			return err
		}
		if got < n {
			return fmt.Errorf("%d of %d records", got, n)
		}
		return nil
	})
}

// topicsOf names all topics of a cluster.
func topicsOf(t *testing.T, client *kgo.Client) []string {
	t.Helper()
	details, err := kadm.NewClient(client).ListTopicsWithInternal(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return details.Names()
}

// knowsShareGroup compares what the daemon tells with what the brokers tell kadm.
func (d *daemon) knowsShareGroup(admin *kadm.Client, group string) error {
	var g clusters.GroupDetail
	if err := d.get("/api/v1/clusters/west/groups/"+group, &g); err != nil {
		return err
	}
	described, err := admin.DescribeShareGroupOffsets(context.Background(), group)
	if err != nil {
		return err
	}
	var lag int64
	for _, p := range g.PartitionList {
		want, ok := described[group].Offsets.Lookup(p.Topic, p.Partition)
		if !ok || p.Committed != nil || p.Start == nil || *p.Start != want.StartOffset || p.LagRecords == nil || *p.LagRecords != want.Lag || p.Member != "worker" {
			return fmt.Errorf("got %s, want %+v", inJSON(p), want)
		}
		lag += want.Lag
	}
	if g.Type != "share" || g.State != "Stable" || g.Members != 1 || len(g.PartitionList) != 2 || g.LagRecords == nil || *g.LagRecords != lag || lag == 0 || g.Note != "" {
		return fmt.Errorf("got %s, want a lag of %d", inJSON(g), lag)
	}
	return nil
}

// knowsStreamsGroup waits until the application has read n records.
func (d *daemon) knowsStreamsGroup(admin *kadm.Client, group string, n int64) error {
	var g clusters.GroupDetail
	if err := d.get("/api/v1/clusters/west/groups/"+group, &g); err != nil {
		return err
	}
	commits, err := admin.FetchOffsets(context.Background(), group)
	if err != nil {
		return err
	}
	var read int64
	for _, p := range g.PartitionList {
		want, ok := commits.Lookup(p.Topic, p.Partition)
		if !ok || p.Committed == nil || *p.Committed != want.At || p.Member == "" {
			return fmt.Errorf("got %s, want %+v", inJSON(p), want)
		}
		read += want.At
	}
	if g.Type != "streams" || g.State != "Stable" || g.Members != 1 || len(g.PartitionList) != 2 || g.LagRecords == nil || *g.LagRecords != 0 || read != n {
		return errors.New("got " + inJSON(g))
	}
	return nil
}

func inJSON(v any) string {
	text, _ := json.Marshal(v) // documents of ours
	return string(text)
}
