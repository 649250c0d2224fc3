package kafka

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// testCtx returns a context that ends before the test binary gives up.
func testCtx(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// once is for what franz-go tries again and again otherwise, until its context ends.
func once() kgo.Opt { return kgo.RequestRetries(0) }

// fake starts a kfake cluster of one broker with the topics "a" (2 partitions) and "b" (1).
func fake(t testing.TB, opts ...kfake.Opt) *config.Cluster {
	t.Helper()
	_, c := fakeCluster(t, opts...)
	return c
}

func fakeCluster(t testing.TB, opts ...kfake.Opt) (*kfake.Cluster, *config.Cluster) {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(2, "a"), kfake.SeedTopics(1, "b")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, &config.Cluster{Name: "west", Brokers: c.ListenAddrs()}
}

func dial(t testing.TB, c *config.Cluster, opts ...DialOpt) *Conn {
	t.Helper()
	d, err := NewDialer(c, "mirror-test", opts...)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := d.Dial(testCtx(t), c.Brokers[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func client(t testing.TB, c *config.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := NewClient(c, "mirror-test", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// topicIDs returns the ids of all topics by name.
func topicIDs(t testing.TB, c *config.Cluster, opts ...kgo.Opt) map[string][16]byte {
	t.Helper()
	topics, err := kadm.NewClient(client(t, c, opts...)).ListTopics(testCtx(t))
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string][16]byte)
	for name, d := range topics {
		ids[name] = d.ID
	}
	return ids
}

// batchOf returns a record batch of format 2 with one record that holds value.
func batchOf(value []byte) []byte {
	record := kmsg.Record{Value: value}
	body := record.AppendTo(nil)
	record.Length = int32(len(body) - 1)
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: 1,
		FirstTimestamp: 1_700_000_000_000, MaxTimestamp: 1_700_000_000_000, Records: record.AppendTo(nil),
	}
	raw := b.AppendTo(nil)
	b.Length = int32(len(raw) - 12)
	raw = b.AppendTo(nil)
	b.CRC = int32(crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b.AppendTo(nil)
}

// exchange produces parts and returns the answer.
func exchange(t testing.TB, c *Conn, parts ...ProducePart) *kmsg.ProduceResponse {
	t.Helper()
	ctx := testCtx(t)
	want, err := c.WriteProduce(ctx, parts, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	corr, resp, err := c.ReadProduce(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if corr != want {
		t.Fatalf("correlation id: got %d, want %d", corr, want)
	}
	return resp
}

// fetchFrom returns a request for partition p of a topic from its beginning.
func fetchFrom(topic string, id [16]byte, p int32) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes = 500, 1, 1<<20
	rt := kmsg.NewFetchRequestTopic()
	rt.Topic, rt.TopicID = topic, id
	rp := kmsg.NewFetchRequestTopicPartition()
	rp.Partition, rp.PartitionMaxBytes = p, 1<<20
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	return req
}

// roundTrip produces to three partitions, fetches one of them and compares the records' bytes.
func roundTrip(t *testing.T, c *Conn, ids map[string][16]byte) {
	t.Helper()
	value := bytes.Repeat([]byte("x"), 40_000) // more than a TLS record
	raw := batchOf(value)
	resp := exchange(t, c,
		ProducePart{Topic: "a", TopicID: ids["a"], Partition: 1, Records: raw},
		ProducePart{Topic: "b", TopicID: ids["b"], Partition: 0, Records: batchOf([]byte("small"))},
		ProducePart{Topic: "a", TopicID: ids["a"], Partition: 0, Records: batchOf([]byte("other"))})
	for _, topic := range resp.Topics {
		for _, p := range topic.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				t.Errorf("produce to %s %d: %v", topic.Topic, p.Partition, err)
			}
		}
	}
	var grown int
	f, err := c.Fetch(testCtx(t), fetchFrom("a", ids["a"], 1), NewPool(), func(n int) { grown += n })
	if err != nil {
		t.Fatal(err)
	}
	defer f.Buf.Release()
	if grown != len(f.Buf.Bytes) {
		t.Errorf("grow: got %d, want %d", grown, len(f.Buf.Bytes))
	}
	got := f.Topics[0].Partitions[0].RecordBatches
	if len(got) != len(raw) || !bytes.Equal(got[61:], raw[61:]) {
		t.Errorf("fetched %d bytes, want %d equal from byte 61 on", len(got), len(raw))
	}
	if !within(got, f.Buf.Bytes) {
		t.Error("record batches are not a part of the buffer")
	}
}

// within tells whether b is a part of whole.
func within(b, whole []byte) bool {
	for i := range whole {
		if &whole[i] == &b[0] {
			return true
		}
	}
	return false
}

func TestPlaintext(t *testing.T) {
	c := fake(t)
	conn := dial(t, c)
	if got, want := conn.MaxVersion(0), int16(13); got != want {
		t.Errorf("produce version: got %d, want %d", got, want)
	}
	roundTrip(t, conn, topicIDs(t, c))
}

func TestProduceInOrder(t *testing.T) {
	c := fake(t)
	ids := topicIDs(t, c)
	conn := dial(t, c)
	ctx := testCtx(t)
	const n = 100
	sent := make(chan int32, n)
	go func() {
		defer close(sent)
		for i := range n {
			corr, err := conn.WriteProduce(ctx, []ProducePart{{Topic: "b", TopicID: ids["b"], Records: batchOf(fmt.Append(nil, i))}}, time.Second)
			if err != nil {
				t.Error(err)
				return
			}
			sent <- corr
		}
	}()
	for i := range int64(n) {
		corr, resp, err := conn.ReadProduce(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if want := <-sent; corr != want {
			t.Fatalf("correlation id: got %d, want %d", corr, want)
		}
		if got := resp.Topics[0].Partitions[0].BaseOffset; got != i {
			t.Fatalf("base offset: got %d, want %d", got, i)
		}
	}
}

// TestThrottled checks that a quota's pause is taken note of and does not count as a broker without progress.
func TestThrottled(t *testing.T) {
	const pause = 400 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		body := kmsg.FetchResponse{Version: 11, ThrottleMillis: int32(pause.Milliseconds())}
		conn := piped(t, func(nc net.Conn) {
			if greets(nc) != nil {
				return
			}
			for {
				_, _, corr, err := readRequest(nc)
				if err != nil {
					return
				}
				if corr > 2 {
					time.Sleep(pause)
				}
				_, _ = nc.Write(frame(corr, body.AppendTo(nil)))
			}
		}, WithRequestTimeout(300*time.Millisecond))
		if !conn.ThrottledUntil().IsZero() {
			t.Error("throttled from the start")
		}
		for range 2 {
			req := fetchFrom("a", [16]byte{}, 0)
			req.MaxWaitMillis = 0
			f, err := conn.Fetch(testCtx(t), req, NewPool(), nil)
			if err != nil {
				t.Fatal(err)
			}
			f.Buf.Release()
		}
		if got := time.Until(conn.ThrottledUntil()); got != pause {
			t.Errorf("throttled for another %s, want %s", got, pause)
		}
	})
}
