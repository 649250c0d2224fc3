package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// marker is in every key, value and header of the records of TestContentsAreNeverTold.
const marker = "s3cr3t-m4rk3r"

// damagedBatch is a batch whose checksum does not fit.
func damagedBatch() []byte {
	r := kmsg.Record{Key: []byte(marker), Value: []byte(marker), Headers: []kmsg.Header{{Key: marker, Value: []byte(marker)}}}
	body := r.AppendTo(nil)
	r.Length = int32(len(body) - 1) // its own length is one byte so far
	body = r.AppendTo(nil)
	b := kmsg.RecordBatch{Length: int32(49 + len(body)), Magic: 2, CRC: 1, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: 1, Records: body}
	return b.AppendTo(nil)
}

// serveDamaged answers each Fetch of the topic alone with a damaged batch.
func serveDamaged(c *kfake.Cluster, topic string) {
	id := c.TopicInfo(topic).TopicID
	c.ControlKey(kmsg.Fetch.Int16(), func(request kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		r := request.(*kmsg.FetchRequest)
		if len(r.Topics) != 1 || r.Topics[0].Topic != topic && r.Topics[0].TopicID != id {
			return nil, nil, false
		}
		answer := r.ResponseKind().(*kmsg.FetchResponse)
		t := kmsg.NewFetchResponseTopic()
		t.Topic, t.TopicID = r.Topics[0].Topic, r.Topics[0].TopicID
		p := kmsg.NewFetchResponseTopicPartition()
		p.HighWatermark, p.LastStableOffset, p.RecordBatches = 1, 1, damagedBatch()
		t.Partitions = append(t.Partitions, p)
		answer.Topics = append(answer.Topics, t)
		return answer, nil, true
	})
}

// What is in records is nobody's business but their readers': it is in no line of
// the log, not even at the level debug, in no status, event, loss, page or metric,
// whether a record is copied, refused, too large or damaged.
func TestContentsAreNeverTold(t *testing.T) {
	start := func(name string) *kfake.Cluster {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ClusterID(name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	west, east := start("west-id"), start("east-id")
	client := func(c *kfake.Cluster) *kgo.Client {
		cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ProducerBatchCompression(kgo.NoCompression()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cl.Close)
		return cl
	}
	source, target := client(west), client(east)
	create(t, source, 1, nil, "good", "large", "damaged")
	create(t, target, 1, map[string]string{"max.message.bytes": "1500"}, "west.large")
	serveDamaged(west, "damaged")
	for topic, size := range map[string]int{"good": 1, "large": 300, "damaged": 1} {
		r := &kgo.Record{Topic: topic, Key: []byte(marker), Value: []byte(strings.Repeat(marker, size)), Headers: []kgo.RecordHeader{{Key: marker, Value: []byte(marker)}}}
		if err := source.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	l := listener(t)
	listen := l.Addr().String()
	l.Close()
	file := filepath.Join(t.TempDir(), "mirror.yaml")
	text := fmt.Appendf(nil, `clusters:
  west: {brokers: [%q]}
  east: {brokers: [%q]}
routes:
  - {from: west, to: east, topics: [good, large, damaged], on_rejected: skip, refresh: 1s}
web: {listen: %q}
log: {level: debug}
`, west.ListenAddrs()[0], east.ListenAddrs()[0], listen)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var log bytes.Buffer // until done nobody else touches it
	go func() { done <- runDaemon(ctx, file, &log) }()
	ended := func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var status string
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		status = get(t, "http://"+listen+"/api/v1/status")
		events := get(t, "http://"+listen+"/api/v1/events")
		if strings.Contains(status, `"state":"stopped"`) && strings.Contains(events, `"kind":"loss"`) && strings.Contains(status, `"source_offset":1`) {
			break
		}
		if time.Now().After(deadline) {
			ended()
			t.Fatalf("nothing is damaged and refused: %s\n%s", status, &log)
		}
	}
	told := map[string]string{"status": status}
	for _, path := range []string{"", "api/v1/events", "api/v1/losses", "api/v1/series", "api/v1/status", "metrics", "readyz"} {
		told["/"+path] = get(t, "http://"+listen+"/"+path)
	}
	told["the stream"] = get(t, "http://"+listen+"/api/v1/stream")
	_, told["mirror losses"], _ = mirror(t, "losses", "--config", file, "-o", "wide")
	_, told["mirror status"], _ = mirror(t, "status", "--config", file, "-o", "wide")
	ended()
	told["the log"] = log.String()
	for place, text := range told {
		if strings.Contains(text, marker) {
			t.Errorf("%s tells what is in records:\n%s", place, text)
		}
	}
	for place, word := range map[string]string{"the log": "level=DEBUG", "the stream": "event: snapshot", "mirror losses": "large", "mirror status": "damaged", "/metrics": "mirror_records_total"} {
		if !strings.Contains(told[place], word) {
			t.Errorf("%s does not even tell %q:\n%s", place, word, told[place])
		}
	}
}

// get reads an answer, of one that does not end what comes within a moment.
func get(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "" // it does not listen yet
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	return string(body)
}
