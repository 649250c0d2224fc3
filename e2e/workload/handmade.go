package workload

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/e2e/brokers"
)

// HandMade makes an uncompressed batch with exactly these timestamps, which no client would write: negative ones too.
func HandMade(records []brokers.Record) []byte {
	base, last := *records[0].Timestamp, *records[0].Timestamp
	var body []byte
	for i, r := range records {
		last = max(last, *r.Timestamp)
		body = appendRecord(body, r, *r.Timestamp-base, int64(i))
	}
	b := make([]byte, 61, 61+len(body))
	be := binary.BigEndian
	be.PutUint32(b[8:], uint32(61-12+len(body)))
	be.PutUint32(b[12:], ^uint32(0))
	b[16] = 2
	be.PutUint32(b[23:], uint32(len(records)-1))
	be.PutUint64(b[27:], uint64(base))
	be.PutUint64(b[35:], uint64(last))
	be.PutUint64(b[43:], ^uint64(0))
	be.PutUint16(b[51:], ^uint16(0))
	be.PutUint32(b[53:], ^uint32(0))
	be.PutUint32(b[57:], uint32(len(records)))
	b = append(b, body...)
	be.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
	return b
}

func appendRecord(b []byte, r brokers.Record, timestamp, offset int64) []byte {
	p := []byte{0}
	p = binary.AppendVarint(p, timestamp)
	p = binary.AppendVarint(p, offset)
	p = appendField(p, r.Key)
	p = appendField(p, r.Value)
	p = binary.AppendVarint(p, int64(len(r.Headers)))
	for _, h := range r.Headers {
		p = appendField(p, []byte(h.Key))
		p = appendField(p, h.Value)
	}
	b = binary.AppendVarint(b, int64(len(p)))
	return append(b, p...)
}

func appendField(b, field []byte) []byte {
	if field == nil {
		return binary.AppendVarint(b, -1)
	}
	b = binary.AppendVarint(b, int64(len(field)))
	return append(b, field...)
}

// ProduceRaw sends one batch as it is to the partition's leader.
func ProduceRaw(ctx context.Context, client *kgo.Client, topic string, partition int32, batch []byte) error {
	topics, err := kadm.NewClient(client).ListTopics(ctx, topic)
	if err != nil {
		return fmt.Errorf("produce raw: %w", err)
	}
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 10_000
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.TopicID = topic, topics[topic].ID
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = partition, batch
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	kresp, err := client.Broker(int(topics[topic].Partitions[partition].Leader)).Request(ctx, req)
	if err != nil {
		return fmt.Errorf("produce raw: %w", err)
	}
	for _, topic := range kresp.(*kmsg.ProduceResponse).Topics {
		for _, answer := range topic.Partitions {
			if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
				return fmt.Errorf("produce raw: %w", err)
			}
		}
	}
	return nil
}
