package replicate

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestFetchMetadata(t *testing.T) {
	c := newPlanCluster(t, "west")
	c.create(t, "orders", 3, nil)
	c.create(t, "clicks", 1, nil)
	for _, tc := range []struct {
		name string
		ask  []string
		want []string
	}{
		{"all", nil, []string{"clicks", "orders"}},
		{"none", []string{}, nil},
		{"named", []string{"orders", "absent"}, []string{"orders"}},
	} {
		md, err := FetchMetadata(t.Context(), c.Client, tc.ask)
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, tc.name, slices.Sorted(maps.Keys(md.Topics)), tc.want...)
		if md.ClusterID != "id-of-west" || len(md.Brokers) != 3 || md.Brokers[md.Controller].Port == 0 {
			t.Errorf("%s: got %+v", tc.name, md)
		}
	}
	md, err := FetchMetadata(t.Context(), c.Client, []string{"orders"})
	if err != nil {
		t.Fatal(err)
	}
	orders := md.Topics["orders"]
	if orders.ID == ([16]byte{}) || orders.Replication != 2 || len(orders.Partitions) != 3 {
		t.Errorf("got %+v", orders)
	}
	for i, p := range orders.Partitions {
		if int(p.Partition) != i || md.Brokers[p.Leader].Host == "" || p.LeaderEpoch < 0 || p.Err != nil {
			t.Errorf("got partition %+v", p)
		}
	}
}

func TestFetchMetadataInChunks(t *testing.T) {
	c := newPlanCluster(t, "west")
	c.create(t, "orders", 1, nil)
	var requests atomic.Int64
	c.fake.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		requests.Add(1)
		if n := len(req.(*kmsg.MetadataRequest).Topics); n > metadataChunk || req.(*kmsg.MetadataRequest).AllowAutoTopicCreation {
			t.Errorf("got a request for %d topics that may create: %v", n, req)
		}
		return nil, nil, false
	})
	names := []string{"orders"}
	for i := range metadataChunk {
		names = append(names, fmt.Sprintf("absent-%d", i))
	}
	md, err := FetchMetadata(t.Context(), c.Client, names)
	if err != nil || len(md.Topics) != 1 || requests.Load() != 2 {
		t.Errorf("got %d topics in %d requests, %v, want 1 in 2", len(md.Topics), requests.Load(), err)
	}
}

// TestNewTopicMeta has answers that no sound broker gives.
func TestNewTopicMeta(t *testing.T) {
	topic := func(code int16, partitions ...int32) *Topic {
		rt := kmsg.NewMetadataResponseTopic()
		rt.Topic, rt.ErrorCode = kmsg.StringPtr("orders"), code
		for _, n := range partitions {
			p := kmsg.NewMetadataResponseTopicPartition()
			p.Partition = n
			rt.Partitions = append(rt.Partitions, p)
		}
		return newTopicMeta(&rt)
	}
	for _, tc := range []struct {
		name       string
		topic      *Topic
		partitions int
		want       string
	}{
		{"in any order", topic(0, 2, 0, 1), 3, ""},
		{"a hole", topic(0, 0, 2), 0, "lists partition 2 where partition 1 must be"},
		{"twice", topic(0, 0, 0), 0, "lists partition 0 where partition 1 must be"},
		{"negative", topic(0, -2147483648, 2147483647), 0, "lists partition -2147483648"},
		{"an error", topic(kerr.LeaderNotAvailable.Code, 0), 0, "LEADER_NOT_AVAILABLE"},
	} {
		got := ""
		if tc.topic.Err != nil {
			got = tc.topic.Err.Error()
		}
		mentions(t, tc.name, got, tc.want)
		if len(tc.topic.Partitions) != tc.partitions {
			t.Errorf("%s: got %d partitions, want %d", tc.name, len(tc.topic.Partitions), tc.partitions)
		}
	}
	if topic(kerr.UnknownTopicOrPartition.Code) != nil || topic(kerr.UnknownTopicID.Code) != nil || newTopicMeta(&kmsg.MetadataResponseTopic{}) != nil {
		t.Error("got a topic that does not exist")
	}
}

func TestTopicReplication(t *testing.T) {
	rt := kmsg.NewMetadataResponseTopic()
	rt.Topic = kmsg.StringPtr("orders")
	for i, replicas := range [][]int32{{1, 2, 3}, {1, 2}, {1, 2, 3}, nil} {
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Replicas = int32(i), replicas
		rt.Partitions = append(rt.Partitions, p)
	}
	if got := newTopicMeta(&rt).Replication; got != 2 {
		t.Errorf("got replication %d, want the smallest, 2", got)
	}
}
