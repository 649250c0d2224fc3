package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetchBytes asks for this much of a partition at a time; a single larger batch comes whole (KIP-74).
const fetchBytes = 2 << 20

// reader reads one partition with Fetch requests, one at a time. Not safe for concurrent use.
type reader struct {
	cl        *kgo.Client
	topic     string
	partition int32
	source    bool // the side, for errors
	committed bool // stop at the last stable offset and leave aborted records out
	patience  time.Duration
	unpack    kgo.Decompressor

	// Where to ask; leader -1 is not known.
	id     [16]byte
	leader int32
}

// chunk is what one Fetch brought: all records from the asked offset on, control records and aborted ones included, which aborted tells.
type chunk struct {
	from     int64 // asked for
	next     int64 // to ask for next
	records  []*kgo.Record
	aborted  *aborted // nil for uncommitted reads
	empty    bool     // the broker sent nothing
	readable int64    // end of what the broker lets us read: high watermark, or last stable offset
}

// trimmedError says that the log now begins behind the offset that was to be read: its retention was faster.
type trimmedError struct {
	source bool // which side's log
	start  int64
}

func (e *trimmedError) Error() string {
	return fmt.Sprintf("the log was trimmed while it was read and now begins at offset %d", e.start)
}

// fetch reads from the offset, which must be below the partition's frozen end.
func (r *reader) fetch(ctx context.Context, offset int64) (c chunk, err error) {
	err = r.patiently(ctx, func() error {
		c, err = r.try(ctx, offset)
		return err
	})
	var trimmed *trimmedError
	if err != nil && ctx.Err() == nil && !errors.As(err, &trimmed) {
		err = fmt.Errorf("read %s[%d] at offset %d: %w", r.topic, r.partition, offset, err)
	}
	return c, err
}

// offsetAt asks for an offset by timestamp (see listOffset), patiently.
func (r *reader) offsetAt(ctx context.Context, timestamp int64) (offset int64, err error) {
	err = r.patiently(ctx, func() error {
		offset, err = r.listOffset(ctx, timestamp)
		return err
	})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("ask for an offset of %s[%d]: %w", r.topic, r.partition, err)
	}
	return offset, err
}

// patiently tries again what may pass, for the reader's patience.
func (r *reader) patiently(ctx context.Context, try func() error) error {
	deadline := time.Now().Add(r.patience)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := try()
		if err == nil || ctx.Err() != nil || !passing(err) || time.Now().After(deadline) {
			return err
		}
		r.leader = -1 // may have moved
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// passing reports whether an error may go away: everything but what the broker says for good. Bytes that cannot be decoded may be sound the next
// time, on this broker or on another.
func passing(err error) bool {
	var trimmed *trimmedError
	var answered *kerr.Error
	switch {
	case errors.As(err, &trimmed), errors.Is(err, errOtherTopic):
		return false
	case errors.As(err, &answered):
		return answered.Retriable || answered == kerr.UnknownTopicID || answered == kerr.UnknownServerError
	}
	return true
}

var errOtherTopic = errors.New("the topic was deleted and created again while it was compared")

// corruptError says that the bytes at an offset could not be decoded.
type corruptError struct{ err error }

func (e *corruptError) Error() string { return "the log cannot be decoded: " + e.err.Error() }
func (e *corruptError) Unwrap() error { return e.err }

func (r *reader) try(ctx context.Context, offset int64) (chunk, error) {
	if r.leader < 0 {
		if err := r.locate(ctx); err != nil {
			return chunk{}, err
		}
	}
	answer, err := r.cl.Broker(int(r.leader)).Request(ctx, r.request(offset))
	if err != nil {
		return chunk{}, err
	}
	part, err := onlyPartition(answer.(*kmsg.FetchResponse))
	if err != nil {
		return chunk{}, err
	}
	if part.ErrorCode == kerr.OffsetOutOfRange.Code {
		return chunk{}, r.outOfRange(ctx, offset)
	}
	if err := kerr.ErrorForCode(part.ErrorCode); err != nil {
		return chunk{}, err
	}
	return r.decode(offset, part)
}

// locate looks up the partition's leader and the topic's id.
func (r *reader) locate(ctx context.Context) error {
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = kmsg.StringPtr(r.topic)
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, r.cl)
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return err
		}
		for _, p := range t.Partitions {
			if p.Partition != r.partition {
				continue
			}
			if p.Leader < 0 {
				return kerr.LeaderNotAvailable
			}
			if r.id != [16]byte{} && r.id != t.TopicID {
				return errOtherTopic
			}
			r.id, r.leader = t.TopicID, p.Leader
			return nil
		}
	}
	return kerr.UnknownTopicOrPartition
}

// request is a Fetch outside of any fetch session, so that requests of many partitions over one client do not disturb each other.
func (r *reader) request(offset int64) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis = 500
	req.MinBytes = 1
	if r.committed {
		req.IsolationLevel = 1
	}
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = r.topic, r.id
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = r.partition, offset, fetchBytes
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

func onlyPartition(resp *kmsg.FetchResponse) (*kmsg.FetchResponseTopicPartition, error) {
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return nil, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return nil, errors.New("the broker did not answer for the partition asked for")
	}
	return &resp.Topics[0].Partitions[0], nil
}

// outOfRange tells a log that was trimmed below us from one that is shorter than it was.
func (r *reader) outOfRange(ctx context.Context, offset int64) error {
	start, err := r.listOffset(ctx, -2)
	if err != nil {
		return err
	}
	if start > offset {
		return &trimmedError{r.source, start}
	}
	return kerr.OffsetOutOfRange
}

// decode takes every record of the answer, whatever the isolation: offsets can only be counted if none is left out.
func (r *reader) decode(offset int64, part *kmsg.FetchResponseTopicPartition) (chunk, error) {
	got, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		KeepControlRecords: true, Offset: offset, IsolationLevel: kgo.ReadUncommitted(), Topic: r.topic, Partition: r.partition,
	}, part, r.unpack, nil)
	c := chunk{from: offset, next: next, records: got.Records, empty: len(part.RecordBatches) == 0, readable: part.HighWatermark}
	if r.committed {
		c.readable = part.LastStableOffset
		c.aborted = newAborted(part.AbortedTransactions)
	}
	switch {
	case len(got.Records) > 0:
		// An error behind sound records comes again when they are used up.
		c.next = max(next, got.Records[len(got.Records)-1].Offset+1)
		if got.Err != nil {
			c.next = got.Records[len(got.Records)-1].Offset + 1
		}
		return c, nil
	case got.Err != nil:
		return chunk{}, &corruptError{got.Err}
	case !c.empty && next <= offset:
		return chunk{}, &corruptError{fmt.Errorf("%d bytes at offset %d hold no readable record at or behind it", len(part.RecordBatches), offset)}
	}
	return c, nil
}

// listOffset asks the partition's leader for an offset by timestamp: milliseconds, -1 for the end of what the reader reads, -2 for the start
// (KIP-79). No such offset: -1.
func (r *reader) listOffset(ctx context.Context, timestamp int64) (int64, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	if r.committed {
		req.IsolationLevel = 1
	}
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = r.topic
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = r.partition, timestamp
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, r.cl)
	if err != nil {
		return -1, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return -1, errors.New("the broker did not answer for the partition asked for")
	}
	answer := resp.Topics[0].Partitions[0]
	return answer.Offset, kerr.ErrorForCode(answer.ErrorCode)
}
