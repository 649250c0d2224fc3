package clusters

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// shareSome joins a share group, which begins at the end, and acknowledges n of the
// records that are written once it has; the member stays until the test ends.
func shareSome(t *testing.T, c *kfake.Cluster, group, topic string, n int, write func()) {
	t.Helper()
	cl := clientOf(t, c, kgo.ShareGroup(group), kgo.ConsumeTopics(topic), kgo.ClientID(group+"-client"), kgo.ShareMaxRecords(int32(n)), kgo.ShareMaxRecordsStrict())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for began, got := false, 0; got < n; {
		short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		records := cl.PollRecords(short, n-got).Records()
		cancel()
		for _, r := range records {
			r.Ack(kgo.AckAccept)
		}
		got += len(records)
		if err := cl.FlushAcks(ctx); err != nil {
			t.Fatal(err)
		}
		if !began {
			offsets, err := kadm.NewClient(cl).DescribeShareGroupOffsets(ctx, group)
			o, known := offsets[group].Offsets.Lookup(topic, 0)
			if began = err == nil && known && o.StartOffset >= 0; began {
				write()
			}
		}
	}
}

// A share group has members, where its partitions start, and the lag that its
// coordinator tells; it has committed nothing.
func TestShareGroup(t *testing.T) {
	fake := newFake(t, kfake.SeedTopics(1, "orders"))
	cl := clientOf(t, fake)
	produce(t, cl, "orders", 0, 7)
	shareSome(t, fake, "workers", "orders", 4, func() { produce(t, cl, "orders", 0, 10) })
	w := watcherOf(t, configOf(t, fake.ListenAddrs(), ""))
	var g GroupDetail
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		v := View{w, w.looked(t)}
		g, _ = v.Group("workers")
		topic, _ := v.Topic(t.Context(), "orders")
		if len(g.PartitionList) == 1 && g.LagRecords != nil && *g.LagRecords == 6 && topic.Groups == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %+v", g)
		}
	}
	p := g.PartitionList[0]
	if g.Type != share || g.State != "Stable" || g.Members != 1 || g.MemberList[0].ClientID != "workers-client" || g.Note != "" ||
		fmt.Sprint(g.MemberList[0].Assigned) != "[{orders [0]}]" {
		t.Errorf("got %+v", g)
	}
	if p.Committed != nil || p.Start == nil || *p.Start != 11 || *p.End != 17 || *p.LagRecords != 6 || p.Member != "workers-client" {
		t.Errorf("got %+v", p)
	}
}

// Where the coordinator does not tell the lag, it is unknown with the reason: what
// is behind the start may be done with. At the end there is none.
func TestShareGroupWithoutLag(t *testing.T) {
	a := bigAnswers(0)
	ends := a.ends[place{"topic-0000", 0}].end
	a.groups = []groupAnswer{{name: "workers", kind: share, committed: map[place]int64{{"topic-0000", 0}: ends - 5, {"topic-0001", 0}: ends}},
		{name: "hidden", kind: classic},
		{name: "young", kind: share, committed: map[place]int64{}, members: []Member{{ClientID: "m", Assigned: []Assigned{{"topic-0000", []int32{0}}}}}}}
	groups := newGroups(a, newPast())
	if g := groups[0]; g.parts[0].lag != -1 || g.parts[1].lag != 0 || g.LagRecords == nil || *g.LagRecords != 0 ||
		g.Note != "the brokers do not tell how many records a share group has left in each partition: that needs Kafka 4.2" {
		t.Errorf("got %+v, %+v", g.Group, g.parts)
	}
	if g := groups[2]; g.LagRecords != nil || g.Note != "the brokers do not tell how many records are left in partitions of which the group has acknowledged none" {
		t.Errorf("got %+v", g.Group)
	}
	if g := groups[1]; g.LagRecords != nil || g.Note != "where the group stands is not known; the notes of the cluster say why" {
		t.Errorf("got %+v", g.Group)
	}
}

// A member of a streams group has the partitions of its tasks, in each topic that
// has so many.
func TestStreamsGroup(t *testing.T) {
	member := kmsg.NewStreamsGroupDescribeResponseGroupMember()
	member.ClientID, member.InstanceID = "app-1", kmsg.StringPtr("one")
	member.Assignment.ActiveTasks = []kmsg.TaskIDs{{SubtopologyID: "0", Partitions: []int32{3, 1}}, {SubtopologyID: "1", Partitions: []int32{0}}, {SubtopologyID: "gone", Partitions: []int32{0}}}
	g := kmsg.NewStreamsGroupDescribeResponseGroup()
	g.Group, g.State = "app", "Stable"
	g.Members = append(g.Members, member)
	g.Topology = &kmsg.StreamsGroupDescribeResponseGroupTopology{Subtopologies: []kmsg.StreamsGroupDescribeResponseGroupTopologySubtopology{
		{SubtopologyID: "0", SourceTopics: []string{"prices", "orders"}},
		{SubtopologyID: "1", RepartitionSourceTopics: []kmsg.TopicInfo{{Topic: "app-by-key-repartition"}}},
	}}
	for _, test := range []struct {
		change func()
		want   string
	}{
		{func() {}, "[{app-by-key-repartition [0]} {orders [1 3]} {prices [1]}]"},
		{func() { g.Topology = nil }, "[]"}, // it has not begun, or topics are missing
	} {
		test.change()
		a := groupAnswer{kind: streams}
		a.takeStreams(&g, map[string]int32{"orders": 4, "prices": 2, "app-by-key-repartition": 4})
		if got := fmt.Sprint(a.members[0].Assigned); got != test.want || a.memberCount != 1 || a.members[0].InstanceID != "one" || a.state != "Stable" {
			t.Errorf("got %s, want %s; %+v", got, test.want, a)
		}
	}
}
