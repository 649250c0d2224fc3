package kafka

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// recorder keeps what is written to it.
type recorder struct {
	net.Conn
	bytes.Buffer
}

func (r *recorder) Read([]byte) (int, error)         { select {} }
func (r *recorder) Write(b []byte) (int, error)      { return r.Buffer.Write(b) }
func (r *recorder) Close() error                     { return nil }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }

// TestProduceEncoding compares the hand-written encoding with kmsg's, byte for byte, in all versions, over plaintext and
// joined for TLS.
func TestProduceEncoding(t *testing.T) {
	id := func(b byte) (id [16]byte) {
		for i := range id {
			id[i] = b
		}
		return id
	}
	long := bytes.Repeat([]byte("r"), 40_000)
	parts := []ProducePart{
		{"orders", id(2), 7, long},
		{"clicks", id(1), 0, []byte("c0")},
		{"orders", id(2), 3, []byte("o3")},
		{"clicks", id(1), 200, bytes.Repeat([]byte("c"), 127)},
		{"zeta", id(3), 1, bytes.Repeat([]byte("z"), 300<<10)},
	}
	sorted := []ProducePart{parts[1], parts[3], parts[2], parts[0], parts[4]}
	for version := int16(minProduce); version <= new(kmsg.ProduceRequest).MaxVersion(); version++ {
		req := kmsg.NewPtrProduceRequest()
		req.Version, req.Acks, req.TimeoutMillis = version, -1, 12_345
		for _, p := range sorted {
			if n := len(req.Topics); n == 0 || req.Topics[n-1].Topic != p.Topic {
				req.Topics = append(req.Topics, kmsg.ProduceRequestTopic{Topic: p.Topic, TopicID: p.TopicID})
			}
			topic := &req.Topics[len(req.Topics)-1]
			topic.Partitions = append(topic.Partitions, kmsg.ProduceRequestTopicPartition{Partition: p.Partition, Records: p.Records})
		}
		for _, tls := range []bool{false, true} {
			var sent recorder
			d := &Dialer{clientID: "mirror-east", timeout: time.Minute}
			c := newConn("broker:9092", &sent, d)
			if tls { // what it does with the bytes, without the encryption between
				g := &gatherConn{Conn: &sent}
				c.tls = &tlsWriter{g, bufio.NewWriterSize(g, 16<<10)}
			}
			c.versions = versions{0: {0, version, version}}
			for range 2 { // the second time with used buffers
				sent.Reset()
				corr, err := c.WriteProduce(context.Background(), parts, 12_345*time.Millisecond)
				if err != nil {
					t.Fatal(err)
				}
				want := kmsg.NewRequestFormatter(kmsg.FormatterClientID("mirror-east")).AppendRequest(nil, req, corr)
				if got := sent.Bytes(); !bytes.Equal(got, want) {
					t.Errorf("version %d, tls %v:\ngot  %x\nwant %x", version, tls, head(got), head(want))
				}
			}
		}
	}
}

func head(b []byte) []byte { return b[:min(len(b), 400)] }

func TestProduceRefusesBadParts(t *testing.T) {
	c := newConn("broker:9092", &recorder{}, &Dialer{timeout: time.Minute})
	c.versions = versions{0: {0, 12, 12}}
	for name, parts := range map[string][]ProducePart{
		"none":                          nil,
		"no records":                    {{Topic: "a"}},
		"partition twice under two ids": {{Topic: "a", Records: []byte("x")}, {Topic: "a", TopicID: [16]byte{1}, Records: []byte("y")}},
		"partition twice":               {{Topic: "a", Records: []byte("x")}, {Topic: "b", Records: []byte("x")}, {Topic: "a", Records: []byte("y")}},
	} {
		if _, err := c.WriteProduce(context.Background(), parts, time.Second); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := len(c.inflight); n != 0 {
		t.Errorf("in flight: got %d, want 0", n)
	}
}

// TestProduceByName checks that one topic without an id brings the whole request to a version that names topics.
func TestProduceByName(t *testing.T) {
	var sent recorder
	c := newConn("broker:9092", &sent, &Dialer{timeout: time.Minute})
	c.versions = versions{0: {0, 13, 13}}
	parts := []ProducePart{{Topic: "a", TopicID: [16]byte{1}, Records: []byte("x")}, {Topic: "b", Records: []byte("x")}}
	if _, err := c.WriteProduce(context.Background(), parts, time.Second); err != nil {
		t.Fatal(err)
	}
	if got := sent.Bytes()[7]; got != 12 {
		t.Errorf("version: got %d, want 12", got)
	}
}
