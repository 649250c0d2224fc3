package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestWriteToNewTopic has a broker that hears late of the topics that were created.
func TestWriteToNewTopic(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	const late = 5 // answers without it
	var asked atomic.Int64
	cluster.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		metadata := req.(*kmsg.MetadataRequest)
		if len(metadata.Topics) == 0 || asked.Add(1) > late {
			return nil, nil, false
		}
		host, port, _ := net.SplitHostPort(cluster.ListenAddrs()[0])
		number, _ := strconv.Atoi(port)
		resp := req.ResponseKind().(*kmsg.MetadataResponse)
		resp.Brokers = []kmsg.MetadataResponseBroker{{NodeID: 0, Host: host, Port: int32(number)}}
		for _, topic := range metadata.Topics {
			resp.Topics = append(resp.Topics, kmsg.MetadataResponseTopic{Topic: topic.Topic, ErrorCode: kerr.UnknownTopicOrPartition.Code})
		}
		return resp, nil, true
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var done sync.WaitGroup
	done.Go(func() {
		if err := Write(ctx, WriteOptions{Brokers: cluster.ListenAddrs(), Topics: []string{"orders"}, Partitions: 1, Replicas: 1, Rate: 1e6, Out: io.Discard}); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("got %v after %d answers", err, asked.Load())
		}
	})
	c, err := newConsumer(cluster.ListenAddrs(), "^orders$")
	if err != nil {
		t.Fatal(err)
	}
	done.Go(func() { c.work(ctx) })
	eventually(t, "a record", func() bool { return c.of("orders").own > 0 })
	if asked.Load() <= late {
		t.Errorf("the writer asked %d times only", asked.Load())
	}
	cancel()
	done.Wait()
}

// TestWriteAndRead writes to a cluster that has nothing yet, and reads it all; then a record comes a second time.
func TestWriteAndRead(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var written, done sync.WaitGroup
	written.Go(func() {
		err := Write(ctx, WriteOptions{Brokers: cluster.ListenAddrs(), Topics: []string{"orders", "clicks"}, Partitions: 2, Replicas: 1, Rate: 1e6, Out: io.Discard})
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	c, err := newConsumer(cluster.ListenAddrs(), "^(orders|clicks)$")
	if err != nil {
		t.Fatal(err)
	}
	reading, stopReading := context.WithCancel(t.Context())
	defer stopReading()
	done.Go(func() { c.work(reading) })
	eventually(t, "records of both topics", func() bool { return c.of("orders").own > 200 && c.of("clicks").own > 200 && c.offset("orders", 0) > 0 })
	cancel()
	written.Wait() // what it had begun may come behind the repeat otherwise, and be another fault
	if faults, texts := c.result(); faults != 0 {
		t.Errorf("%d faults: %q", faults, texts)
	}

	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	again := &kgo.Record{Topic: "orders", Partition: 0, Value: identity{c.anyRun(), "orders", 0, 1}.appendValue(nil, `"x":1`)}
	if err := client.ProduceSync(t.Context(), again).FirstErr(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the repeat to be noticed", func() bool { faults, _ := c.result(); return faults == 1 })
	stopReading()
	done.Wait()
	var said bytes.Buffer
	c.say(&said)
	for _, want := range []string{"read orders: ", "FAULT orders[0] at offset ", "holds record 1 of orders[0], not ", "read 2 topics, 1 faults\n"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("said\n%swithout %q", said.String(), want)
		}
	}
}

// TestReadJoins reads a writer's records from the middle on: what retention took before is no fault.
func TestReadJoins(t *testing.T) {
	for _, joins := range []bool{true, false} {
		c := &consumer{joins: joins, topics: map[string]*consumed{}, at: map[place]*progress{}}
		for _, number := range []int64{7, 8} {
			c.record(&kgo.Record{Topic: "orders", Value: identity{"r", "orders", 0, number}.appendValue(nil, `"x":1`)}, time.Now())
		}
		want := int64(1)
		if joins {
			want = 0
		}
		if faults, texts := c.result(); faults != want {
			t.Errorf("joins %v: got %d faults %q, want %d", joins, faults, texts, want)
		}
	}
}

// anyRun is a run that the consumer knows.
func (c *consumer) anyRun() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.at[place{"orders", 0}].next {
		return id.run
	}
	return ""
}

func eventually(t *testing.T, what string, met func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !met(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(fmt.Errorf("waited a minute for %s", what))
		}
	}
}
