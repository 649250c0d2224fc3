package replicate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/kafka"
)

// metadataChunk is how many topics one metadata request names. It bounds the request and the answer; a request for all
// topics is one request whatever their number, since the protocol has no paging there.
const metadataChunk = 2000

// metadataTries is how many brokers are asked when one cannot be reached.
const metadataTries = 4

// Broker is one live broker as its cluster advertises it.
type Broker struct {
	ID   int32
	Host string
	Port int32
	Rack string // empty when the broker has none
}

// PartitionMeta is what a cluster says about one partition.
type PartitionMeta struct {
	Partition   int32
	Leader      int32 // broker id, -1 while there is no leader
	LeaderEpoch int32 // -1 when the broker is too old to say (Metadata below v7)
	Err         error // LEADER_NOT_AVAILABLE and such; nil when the partition is fine
}

// Topic is what a cluster says about one topic. Partitions[i].Partition is always i.
type Topic struct {
	Name        string
	ID          [16]byte // zero when the broker is too old to have topic ids (Metadata below v10)
	Partitions  []PartitionMeta
	Replication int   // the smallest number of replicas of any partition, 0 when unknown
	Err         error // the whole topic cannot be used: not authorised to Describe it, for example
}

// Metadata is one look at a cluster. It is never changed after it was fetched, so it may be shared.
type Metadata struct {
	ClusterID  string // empty when the broker does not say
	Controller int32  // broker id, -1 when unknown
	Brokers    map[int32]Broker
	Topics     map[string]*Topic // a topic that does not exist is not in the map
}

// FetchMetadata asks a cluster for its brokers and for the named topics. topics == nil asks for all topics that the
// user may Describe; an empty slice that is not nil asks for none.
//
// A topic that does not exist is absent from the result. A topic that was asked for by name and that the user may not
// Describe is there with its Err set; when all topics are asked for, Kafka leaves such topics out. A topic is never
// created by asking for it. The error is about the whole request: the cluster is unreachable, or refused it.
func FetchMetadata(ctx context.Context, cl *kgo.Client, topics []string) (*Metadata, error) {
	md := &Metadata{Controller: -1, Brokers: map[int32]Broker{}, Topics: make(map[string]*Topic, len(topics))}
	chunks := [][]string{topics} // nil or empty: one request for all, or for the brokers only
	if len(topics) > metadataChunk {
		chunks = slices.Collect(slices.Chunk(topics, metadataChunk))
	}
	for _, chunk := range chunks {
		var names []kmsg.MetadataRequestTopic
		if topics != nil {
			names = make([]kmsg.MetadataRequestTopic, 0, len(chunk))
		}
		for _, name := range chunk {
			t := kmsg.NewMetadataRequestTopic()
			t.Topic = kmsg.StringPtr(name)
			names = append(names, t)
		}
		if err := md.fetch(ctx, cl, names); err != nil {
			return nil, err
		}
	}
	return md, nil
}

// fetch adds the answer to one request to the metadata.
func (md *Metadata) fetch(ctx context.Context, cl *kgo.Client, topics []kmsg.MetadataRequestTopic) error {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = false
	req.Topics = topics
	kresp, err := cl.Request(ctx, req)
	for try := 1; try < metadataTries && errors.As(err, new(*kafka.DialError)); try++ {
		kresp, err = cl.Request(ctx, req) // franz-go asks another broker
	}
	if err != nil {
		return fmt.Errorf("fetch metadata: %w", err)
	}
	resp, ok := kresp.(*kmsg.MetadataResponse)
	if !ok {
		return fmt.Errorf("fetch metadata: unexpected answer %T", kresp)
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return fmt.Errorf("fetch metadata: %w", err)
	}
	md.add(resp)
	return nil
}

func (md *Metadata) add(resp *kmsg.MetadataResponse) {
	if resp.ClusterID != nil {
		md.ClusterID = *resp.ClusterID
	}
	md.Controller = resp.ControllerID
	for _, b := range resp.Brokers {
		broker := Broker{ID: b.NodeID, Host: b.Host, Port: b.Port}
		if b.Rack != nil {
			broker.Rack = *b.Rack
		}
		md.Brokers[b.NodeID] = broker
	}
	for i := range resp.Topics {
		if t := newTopicMeta(&resp.Topics[i]); t != nil {
			md.Topics[t.Name] = t
		}
	}
}

// newTopicMeta returns nil for a topic that does not exist (any more).
func newTopicMeta(rt *kmsg.MetadataResponseTopic) *Topic {
	if rt.Topic == nil {
		return nil
	}
	t := &Topic{Name: *rt.Topic, ID: rt.TopicID, Err: kerr.ErrorForCode(rt.ErrorCode)}
	if errors.Is(t.Err, kerr.UnknownTopicOrPartition) || errors.Is(t.Err, kerr.UnknownTopicID) {
		return nil
	}
	t.Partitions = make([]PartitionMeta, 0, len(rt.Partitions))
	for _, p := range rt.Partitions {
		t.Partitions = append(t.Partitions, PartitionMeta{
			Partition: p.Partition, Leader: p.Leader, LeaderEpoch: p.LeaderEpoch, Err: kerr.ErrorForCode(p.ErrorCode)})
		if n := len(p.Replicas); n > 0 && (t.Replication == 0 || n < t.Replication) {
			t.Replication = n
		}
	}
	slices.SortFunc(t.Partitions, func(a, b PartitionMeta) int { return int(a.Partition) - int(b.Partition) })
	for i, p := range t.Partitions {
		// Everything behind this indexes partitions by number, and a topic of a Kafka cluster always has all numbers
		// from 0 on. An answer that does not is not trusted.
		if int(p.Partition) != i && t.Err == nil {
			t.Err = fmt.Errorf("read topic %s: the cluster lists partition %d where partition %d must be", t.Name, p.Partition, i)
		}
	}
	if t.Err != nil {
		t.Partitions = nil
	}
	return t
}

// merge adds the topics of another look at the same cluster.
func (md *Metadata) merge(other *Metadata) {
	for name, t := range other.Topics {
		md.Topics[name] = t
	}
}
