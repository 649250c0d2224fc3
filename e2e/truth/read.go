package truth

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const fetchBytes = 16 << 20 // one batch may be larger; brokers send the first one whole

// Log is what a partition held when it was read.
type Log struct {
	Topic     string
	Partition int32
	Start     int64 // first offset
	End       int64 // high watermark: everything below was read
	Batches   []*Batch
}

// Read reads a whole partition, uncommitted and control batches included.
func Read(ctx context.Context, client *kgo.Client, topic string, partition int32) (*Log, error) {
	admin := kadm.NewClient(client)
	topics, err := admin.ListTopics(ctx, topic)
	if err == nil {
		err = topics.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("read %s/%d: %w", topic, partition, err)
	}
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("read %s/%d: %w", topic, partition, err)
	}
	ends, err := admin.ListEndOffsets(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("read %s/%d: %w", topic, partition, err)
	}
	start, _ := starts.Lookup(topic, partition)
	end, ok := ends.Lookup(topic, partition)
	if !ok || start.Err != nil || end.Err != nil {
		return nil, fmt.Errorf("read %s/%d: no offsets: %v, %v", topic, partition, start.Err, end.Err)
	}
	log := &Log{Topic: topic, Partition: partition, Start: start.Offset, End: end.Offset}
	leader := topics[topic].Partitions[partition].Leader
	for at := log.Start; at < log.End; {
		records, err := fetch(ctx, client, leader, topics[topic], partition, at)
		if err != nil {
			return nil, fmt.Errorf("read %s/%d at %d: %w", topic, partition, at, err)
		}
		next, err := log.add(records, at)
		if err != nil {
			return nil, fmt.Errorf("read %s/%d: %w", topic, partition, err)
		}
		if next == at {
			return nil, fmt.Errorf("read %s/%d: nothing at %d, but the log ends at %d", topic, partition, at, log.End)
		}
		at = next
	}
	return log, nil
}

// add appends the batches from offset at on and returns the offset to go on with.
func (l *Log) add(records []byte, at int64) (int64, error) {
	for {
		batch, rest, err := cut(records)
		if err != nil {
			return at, err
		}
		if batch == nil {
			return at, nil
		}
		records = rest
		if batch.LastOffset() < at {
			continue // a Fetch answers from the start of the batch that holds the offset
		}
		if batch.BaseOffset >= l.End {
			return l.End, nil
		}
		l.Batches = append(l.Batches, batch)
		at = batch.LastOffset() + 1
	}
}

func fetch(ctx context.Context, client *kgo.Client, leader int32, topic kadm.TopicDetail, partition int32, at int64) ([]byte, error) {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes = 1000, 1, fetchBytes
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = topic.Topic, topic.ID
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, at, fetchBytes
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	kresp, err := client.Broker(int(leader)).RetriableRequest(ctx, req)
	if err != nil {
		return nil, err
	}
	resp := kresp.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return nil, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return nil, fmt.Errorf("answer has %d topics", len(resp.Topics))
	}
	answer := resp.Topics[0].Partitions[0]
	return answer.RecordBatches, kerr.ErrorForCode(answer.ErrorCode)
}

// Data returns the records that are to be copied: no markers, and with committed none of transactions that were aborted or
// are still open. What happened to a transaction is told by the next marker of its producer.
func (l *Log) Data(committed bool) []Record {
	var records []Record
	for _, b := range l.Forwardable(committed) {
		records = append(records, b.Records...)
	}
	return records
}

// Forwardable returns the batches whose records Data returns.
func (l *Log) Forwardable(committed bool) []*Batch {
	keep := make([]bool, len(l.Batches))
	open := make(map[int64][]int)
	for i, b := range l.Batches {
		switch {
		case b.Control():
			for _, j := range open[b.ProducerID] {
				keep[j] = b.Commit
			}
			delete(open, b.ProducerID)
		case committed && b.Transactional():
			open[b.ProducerID] = append(open[b.ProducerID], i)
		default:
			keep[i] = true
		}
	}
	var batches []*Batch
	for i, b := range l.Batches {
		if keep[i] {
			batches = append(batches, b)
		}
	}
	return batches
}
