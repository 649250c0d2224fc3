package kafka

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// minProduce is the lowest Produce version used: the first that takes batches of format 2 (KIP-98).
const minProduce = 3

// maxInflight is the most Produce requests that may wait for their answers on one connection.
const maxInflight = 256

// maxProduceAnswer bounds a Produce response: up to 128 MiB are allowed, but a response has some hundred bytes per
// partition, plus the refused records of a batch with their reasons.
const maxProduceAnswer = 16 << 20

// ProducePart is what one Produce request holds for one partition.
type ProducePart struct {
	Topic     string
	TopicID   [16]byte // zero when it is not known: the request then names topics by name
	Partition int32
	Records   []byte // exactly one batch, since a broker refuses two; must not change until WriteProduce returns
}

// produced is a Produce request that waits for its answer.
type produced struct {
	corr    int32
	version int16
	parts   int
	wait    time.Duration
}

// WriteProduce writes a Produce request with acks=all and returns its correlation id, without waiting for the answer.
// Records go out straight from the caller's memory. timeout is how long the broker may wait for its replicas. The
// request is in flight when WriteProduce returns no error; after an error it may or may not have reached the broker.
func (c *Conn) WriteProduce(ctx context.Context, parts []ProducePart, timeout time.Duration) (corr int32, err error) {
	v, err := c.version(int16(kmsg.Produce), minProduce)
	if err != nil {
		return 0, err
	}
	if v >= idVersion && slices.ContainsFunc(parts, func(p ProducePart) bool { return p.TopicID == [16]byte{} }) {
		v = idVersion - 1
	}
	if err := c.usable(ctx); err != nil {
		return 0, err
	}
	if err := c.sortParts(parts, v); err != nil {
		return 0, err
	}
	size, err := c.encodeProduce(parts, v, timeout)
	if err != nil {
		return 0, err
	}
	select { // before it is written, since its answer may come before the write returns
	case c.inflight <- produced{corr: c.corr, version: v, parts: len(parts), wait: timeout}:
	default:
		return 0, fmt.Errorf("write produce request to %s: %d requests are in flight already", c.addr, maxInflight)
	}
	return c.corr, c.write(ctx, size, func() error { return c.writeParts(parts) })
}

// sortParts brings the parts' indexes into an order in which those of one topic stand together.
func (c *Conn) sortParts(parts []ProducePart, version int16) error {
	if len(parts) == 0 {
		return errors.New("write produce request: it has no parts")
	}
	c.order = c.order[:0]
	for i := range parts {
		if len(parts[i].Records) == 0 {
			return fmt.Errorf("write produce request: no records for partition %d of topic %q", parts[i].Partition, parts[i].Topic)
		}
		c.order = append(c.order, i)
	}
	compare := func(i, j int) int {
		return cmp.Or(compareTopics(&parts[i], &parts[j], version), cmp.Compare(parts[i].Partition, parts[j].Partition))
	}
	slices.SortFunc(c.order, compare)
	for i := 1; i < len(c.order); i++ {
		if compare(c.order[i-1], c.order[i]) == 0 {
			twice := &parts[c.order[i]]
			return fmt.Errorf("write produce request: partition %d of topic %q is named twice", twice.Partition, twice.Topic)
		}
	}
	return nil
}

// compareTopics orders parts by what a version names their topics by.
func compareTopics(a, b *ProducePart, version int16) int {
	if version >= idVersion {
		return bytes.Compare(a.TopicID[:], b.TopicID[:])
	}
	return cmp.Compare(a.Topic, b.Topic)
}

// writeParts writes the encoded request with the parts' records in their places: over plaintext with one writev.
func (c *Conn) writeParts(parts []ProducePart) error {
	c.vector = c.vector[:0]
	from := 0
	for i, cut := range c.cuts {
		c.vector = append(c.vector, c.scratch[from:cut], parts[c.order[i]].Records)
		from = cut
	}
	c.vector = append(c.vector, c.scratch[from:])
	defer clear(c.vector) // keep no reference to the caller's memory
	if c.tls != nil {
		return c.tls.write(c.vector)
	}
	vector := c.vector // WriteTo moves its receiver on, and the memory of the vector is to be used again
	_, err := vector.WriteTo(c.nc)
	return err
}

// tlsWriter writes requests over TLS: in full records, and several records in one system call.
type tlsWriter struct {
	raw     *gatherConn   // under the TLS connection
	records *bufio.Writer // over the TLS connection; of a record's size
}

func newTLSWriter(nc *tls.Conn) *tlsWriter {
	const record = 16 << 10 // the most that a TLS record holds
	return &tlsWriter{nc.NetConn().(*gatherConn), bufio.NewWriterSize(nc, record)}
}

func (w *tlsWriter) write(pieces [][]byte) error {
	w.raw.begin()
	for _, p := range pieces {
		if _, err := w.records.Write(p); err != nil {
			return err // it stays, and the connection is closed
		}
	}
	if err := w.records.Flush(); err != nil {
		return err
	}
	return w.raw.end()
}

// ReadProduce waits for the next Produce request to be in flight and for its answer. Answers come strictly in the order
// of the requests, which Kafka guarantees for one connection.
func (c *Conn) ReadProduce(ctx context.Context) (corr int32, resp *kmsg.ProduceResponse, err error) {
	var next produced
	select {
	case next = <-c.inflight:
	case <-c.dead:
		return 0, nil, c.usable(ctx)
	case <-ctx.Done():
		return 0, nil, fmt.Errorf("read produce response from %s: %w", c.addr, context.Cause(ctx))
	}
	body, err := c.receive(ctx, expected{
		corr: next.corr, wait: next.wait, limit: maxProduceAnswer, flexible: next.version >= flexibleProduce,
		memory: func(n int) []byte {
			c.answer = slices.Grow(c.answer[:0], n)[:n]
			return c.answer
		},
	})
	if err != nil {
		return next.corr, nil, err
	}
	resp = &kmsg.ProduceResponse{Version: next.version}
	if err := c.decode(body, resp); err != nil {
		return next.corr, nil, err
	}
	got := 0
	for i := range resp.Topics {
		got += len(resp.Topics[i].Partitions)
	}
	if got != next.parts {
		return next.corr, nil, c.refuse("a Produce response answers for %d partitions where %d were sent", got, next.parts)
	}
	return next.corr, resp, nil
}
