package replicate

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/batch"
	"mirror/config"
	"mirror/kafka"
	"mirror/offsets"
)

// side is a route's access to one of its two clusters.
type side struct {
	config *config.Cluster
	client *kgo.Client
	dialer *kafka.Dialer

	// Set once the cluster has answered, before anything else starts.
	id     string
	origin uint32
}

// newSide builds clients without connecting.
func newSide(c *config.Cluster, clientID string, dial func(context.Context, string, string) (net.Conn, error), opts ...kgo.Opt) (*side, error) {
	var dialOpts []kafka.DialOpt
	if dial != nil {
		dialOpts = append(dialOpts, kafka.WithDialFunc(dial))
	}
	dialer, err := kafka.NewDialer(c, clientID, dialOpts...)
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	client, err := dialer.NewClient(c.Brokers, opts...)
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	return &side{config: c, client: client, dialer: dialer}, nil
}

// side is access to a cluster outside of a running route.
func (c Cluster) side() *side {
	return &side{config: c.Config, client: c.Client, id: c.ID, origin: offsets.Origin(c.ID)}
}

// cluster is the side as plans see it.
func (s *side) cluster() Cluster { return Cluster{s.config, s.client, s.id} }

// principal is how the cluster's operator knows us.
func (s *side) principal() string {
	switch {
	case s.config.SASL != nil && s.config.SASL.Username != "":
		return "user " + s.config.SASL.Username
	case s.config.SASL != nil && s.config.SASL.ClientID != "":
		return "client " + s.config.SASL.ClientID
	case s.config.TLS != nil && s.config.TLS.CertFile != "":
		return "the certificate in " + s.config.TLS.CertFile
	}
	return "an anonymous user"
}

// learnID asks the cluster who it is.
func (s *side) learnID(ctx context.Context) error {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	resp, err := req.RequestWith(ctx, s.client)
	if err != nil {
		return err
	}
	if resp.ClusterID == nil || *resp.ClusterID == "" {
		return fmt.Errorf("cluster %s does not tell its cluster id; mirror needs Kafka 0.10.1 or later", s.config.Name)
	}
	s.id = *resp.ClusterID
	s.origin = offsets.Origin(s.id)
	return nil
}

// remembersProducers checks that the target can say what it knows of a
// producer, without which a position could not be told.
func (s *side) remembersProducers(ctx context.Context) error {
	resp, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, s.client)
	if err != nil {
		return &sideError{s, "ask for its version", err}
	}
	for _, k := range resp.ApiKeys {
		if k.ApiKey == kmsg.DescribeProducers.Int16() {
			return nil
		}
	}
	return stopf("cluster %s is too old to be a target: mirror needs DescribeProducers there, which Kafka has since 2.8", s.config.Name)
}

// ask sends req to one broker and retries what a retry can heal.
func (s *side) ask(ctx context.Context, broker int32, req kmsg.Request) (kmsg.Response, error) {
	if broker < 0 {
		return nil, errNoLeader
	}
	return s.client.Broker(int(broker)).RetriableRequest(ctx, req)
}

var errNoLeader = errors.New("the partition has no leader at present")

// listOffset asks the partition's leader for an offset: timestamp -1 is the
// high watermark (or last stable offset when committed), -2 the log's start,
// others the first record at or after that time, -1 when there is none.
func (s *side) listOffset(ctx context.Context, l leadership, topic string, number int32, timestamp int64, committed bool) (int64, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	if committed {
		req.IsolationLevel = 1
	}
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp, p.CurrentLeaderEpoch = number, timestamp, l.epoch
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := s.ask(ctx, l.broker, req)
	if err != nil {
		return 0, fmt.Errorf("list offsets of %s/%d: %w", topic, number, err)
	}
	for _, t := range resp.(*kmsg.ListOffsetsResponse).Topics {
		for _, p := range t.Partitions {
			if p.Partition == number {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return 0, fmt.Errorf("list offsets of %s/%d: %w", topic, number, err)
				}
				return p.Offset, nil
			}
		}
	}
	return 0, fmt.Errorf("list offsets of %s/%d: the answer leaves it out", topic, number)
}

// epochEnd asks the leader where epoch ends in its log (KIP-320). It answers
// the largest epoch at or below the one asked for and that epoch's end offset;
// -1, -1 when it knows none.
func (s *side) epochEnd(ctx context.Context, l leadership, topic string, number, epoch int32) (int32, int64, error) {
	req := kmsg.NewPtrOffsetForLeaderEpochRequest()
	req.ReplicaID = -1
	t := kmsg.NewOffsetForLeaderEpochRequestTopic()
	t.Topic = topic
	p := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
	p.Partition, p.CurrentLeaderEpoch, p.LeaderEpoch = number, l.epoch, epoch
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := s.ask(ctx, l.broker, req)
	if err != nil {
		return 0, 0, fmt.Errorf("ask for the end of epoch %d of %s/%d: %w", epoch, topic, number, err)
	}
	for _, t := range resp.(*kmsg.OffsetForLeaderEpochResponse).Topics {
		for _, p := range t.Partitions {
			if p.Partition == number {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return 0, 0, fmt.Errorf("ask for the end of epoch %d of %s/%d: %w", epoch, topic, number, err)
				}
				return p.LeaderEpoch, p.EndOffset, nil
			}
		}
	}
	return 0, 0, fmt.Errorf("ask for the end of epoch %d of %s/%d: the answer leaves it out", epoch, topic, number)
}

// lastSequence asks the target partition's leader for what it knows of one
// producer. It is exact at the log's end.
func (s *side) lastSequence(ctx context.Context, l leadership, topic string, number int32, producerID int64) (seq int32, epoch int16, known bool, err error) {
	active, err := s.producers(ctx, l, topic, number)
	for _, a := range active {
		if a.ProducerID == producerID {
			return a.LastSequence, int16(a.ProducerEpoch), true, nil
		}
	}
	return 0, 0, false, err
}

// producers asks a partition's leader which producers it remembers
// (DescribeProducers, KIP-664).
func (s *side) producers(ctx context.Context, l leadership, topic string, number int32) ([]kmsg.DescribeProducersResponseTopicPartitionActiveProducer, error) {
	req := kmsg.NewPtrDescribeProducersRequest()
	t := kmsg.NewDescribeProducersRequestTopic()
	t.Topic, t.Partitions = topic, []int32{number}
	req.Topics = append(req.Topics, t)
	resp, err := s.ask(ctx, l.broker, req)
	if err != nil {
		return nil, fmt.Errorf("describe the producers of %s/%d: %w", topic, number, err)
	}
	for _, t := range resp.(*kmsg.DescribeProducersResponse).Topics {
		for _, p := range t.Partitions {
			if p.Partition != number {
				continue
			}
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("describe the producers of %s/%d: %w", topic, number, err)
			}
			return p.ActiveProducers, nil
		}
	}
	return nil, fmt.Errorf("describe the producers of %s/%d: the answer leaves it out", topic, number)
}

// eachBatch visits the batches of a partition from an offset up to end, or to where the log has no more.
func (s *side) eachBatch(ctx context.Context, l leadership, topic string, id [16]byte, number int32, offset, end int64, visit func(batch.Batch)) error {
	for offset < end {
		a, err := s.readAt(ctx, l, topic, id, number, offset, readBytes, false)
		if err != nil {
			return err
		}
		from := offset
		scan := batch.Scan(a.RecordBatches)
		for scan.Next() {
			if b := scan.Batch(); b.LastOffset() >= offset {
				visit(b)
				offset = b.LastOffset() + 1
			}
		}
		if err := scan.Err(); err != nil || offset == from {
			return err
		}
	}
	return nil
}

// readAt fetches records of one partition from offset on, by a leader's word.
func (s *side) readAt(ctx context.Context, l leadership, topic string, id [16]byte, number int32, offset int64, maxBytes int32, committed bool) (*kmsg.FetchResponseTopicPartition, error) {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes = 100, 1, maxBytes
	req.SessionEpoch = -1
	if committed {
		req.IsolationLevel = 1
	}
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = topic, id
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch, p.LogStartOffset = number, offset, maxBytes, l.epoch, -1
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := s.ask(ctx, l.broker, req)
	if err != nil {
		return nil, fmt.Errorf("read %s/%d at offset %d: %w", topic, number, offset, err)
	}
	got := resp.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(got.ErrorCode); err != nil {
		return nil, fmt.Errorf("read %s/%d at offset %d: %w", topic, number, offset, err)
	}
	for i := range got.Topics {
		for j := range got.Topics[i].Partitions {
			a := &got.Topics[i].Partitions[j]
			if a.Partition != number {
				continue
			}
			if err := kerr.ErrorForCode(a.ErrorCode); err != nil {
				return nil, fmt.Errorf("read %s/%d at offset %d: %w", topic, number, offset, err)
			}
			return a, nil
		}
	}
	return nil, fmt.Errorf("read %s/%d at offset %d: the answer leaves it out", topic, number, offset)
}
