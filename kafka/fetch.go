package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// minFetch is the lowest Fetch version used: the first with aborted transactions and batches of format 2 (KIP-98).
const minFetch = 4

// idVersion is the version from which on Fetch and Produce name topics by id alone (KIP-516).
const idVersion = 13

// Fetched is a Fetch response in a pooled buffer.
type Fetched struct {
	kmsg.FetchResponse
	// Buf holds the whole response, and RecordBatches are sub-slices of Buf.Bytes. The caller owes it one Release.
	Buf *Buffer
}

// Fetch sends req in the highest version possible, which it sets, and returns the response. Topics need their name and
// their id: by id where the broker can, by name on older brokers or when a topic has no id. grow, when not nil, is called
// once before the response is read with the bytes it needs, which is len(Buf.Bytes) later; when Fetch then returns an
// error, what grow charged is still the caller's to give back.
//
// A response that names a partition that was not asked for ends the connection, except in a fetch session, where the
// request does not name all that belong to it.
func (c *Conn) Fetch(ctx context.Context, req *kmsg.FetchRequest, pool *Pool, grow func(n int)) (*Fetched, error) {
	v, err := c.version(req.Key(), minFetch)
	if err != nil {
		return nil, err
	}
	req.Version = v
	if v >= idVersion && !fetchByID(req) {
		req.Version = idVersion - 1
	}
	if err := c.send(ctx, req); err != nil {
		return nil, err
	}
	f := &Fetched{}
	f.Version = req.Version
	body, err := c.receive(ctx, expected{
		corr: c.corr, limit: fetchLimit(req), flexible: req.IsFlexible(),
		wait: time.Duration(max(req.MaxWaitMillis, 0)) * time.Millisecond,
		memory: func(n int) []byte {
			if grow != nil {
				grow(n)
			}
			f.Buf = pool.Get(n)
			return f.Buf.Bytes
		},
	})
	if err == nil {
		err = c.decode(body, &f.FetchResponse)
	}
	if err == nil {
		err = c.checkAsked(req, &f.FetchResponse)
	}
	if err != nil {
		if f.Buf != nil {
			f.Buf.Release()
		}
		return nil, err
	}
	return f, nil
}

// fetchByID tells whether all topics of a request have an id.
func fetchByID(req *kmsg.FetchRequest) bool {
	for i := range req.Topics {
		if req.Topics[i].TopicID == [16]byte{} {
			return false
		}
	}
	for i := range req.ForgottenTopics {
		if req.ForgottenTopics[i].TopicID == [16]byte{} {
			return false
		}
	}
	return true
}

// fetchLimit returns how many bytes the response to a request may have.
func fetchLimit(req *kmsg.FetchRequest) int {
	return int(min(int64(max(req.MaxBytes, 0))+maxExtra, 1<<31-1))
}

// partitionKey names a partition as the version in use does: either the name or the id of the topic is zero.
type partitionKey struct {
	name      string
	id        [16]byte
	partition int32
}

func keyOf(version int16, name string, id [16]byte, partition int32) partitionKey {
	if version >= idVersion {
		return partitionKey{id: id, partition: partition}
	}
	return partitionKey{name: name, partition: partition}
}

// checkAsked refuses a response that names a partition which its request does not, or one twice.
func (c *Conn) checkAsked(req *kmsg.FetchRequest, resp *kmsg.FetchResponse) error {
	if inSession := req.SessionEpoch > 0; inSession || sameOrder(req, resp) {
		return nil
	}
	asked := make(map[partitionKey]bool)
	for i := range req.Topics {
		t := &req.Topics[i]
		for j := range t.Partitions {
			asked[keyOf(req.Version, t.Topic, t.TopicID, t.Partitions[j].Partition)] = true
		}
	}
	for i := range resp.Topics {
		t := &resp.Topics[i]
		for j := range t.Partitions {
			key := keyOf(req.Version, t.Topic, t.TopicID, t.Partitions[j].Partition)
			if !asked[key] {
				return c.refuse("a Fetch response names partition %d of topic %q (id %x), which is not due", key.partition, key.name, key.id)
			}
			delete(asked, key)
		}
	}
	return nil
}

// sameOrder tells whether a response names the partitions of its request in the same order, as Apache Kafka does.
func sameOrder(req *kmsg.FetchRequest, resp *kmsg.FetchResponse) bool {
	if len(req.Topics) != len(resp.Topics) {
		return false
	}
	for i := range req.Topics {
		want, got := &req.Topics[i], &resp.Topics[i]
		if len(want.Partitions) != len(got.Partitions) {
			return false
		}
		for j := range want.Partitions {
			if keyOf(req.Version, want.Topic, want.TopicID, want.Partitions[j].Partition) !=
				keyOf(req.Version, got.Topic, got.TopicID, got.Partitions[j].Partition) {
				return false
			}
		}
	}
	return true
}
