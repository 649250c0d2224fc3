package strict

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
)

// The validator is only worth what its answers are: a real broker gives the same ones to the same batches.
func TestRealBroker(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped TestRealBroker: real brokers are not started with -short")
	}
	cluster, err := brokers.Start(t.Context(), brokers.Options{})
	if missing := (*brokers.MissingError)(nil); errors.As(err, &missing) && os.Getenv("MIRROR_E2E_REQUIRED") != "1" {
		t.Skipf("skipped TestRealBroker: no real brokers: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	}()
	client, err := cluster.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	b := &bench{client: client, node: 1}
	for topic, configs := range topicConfigs {
		createReal(t, client, topic, configs)
	}
	for _, c := range oneBatches(time.Now(), time.Minute.Milliseconds()) {
		t.Run(c.name, func(t *testing.T) {
			answer := b.send(t, produceRequest(c.on(), partition(0, c.records)))[0]
			if got := kerr.ErrorForCode(answer.ErrorCode); !sameError(got, c.want) {
				t.Errorf("answer: got %v, want %v", got, c.want)
			}
		})
	}
	all := sequences()
	all["wrap inside a batch"] = []step{{spec: from(derived, 0, maxSequence-1, 4)}, {spec: from(derived, 0, 2, 1), base: 4}}
	all["wrap between batches"] = []step{{spec: from(derived, 0, maxSequence-1, 2)}, {spec: from(derived, 0, 0, 1), base: 2}}
	number := 0
	for name, steps := range all {
		number++
		topic := fmt.Sprintf("sequence-%d", number)
		createReal(t, client, topic, nil)
		t.Run(name, func(t *testing.T) { b.walk(t, topic, steps) })
	}
	t.Run("partition twice", func(t *testing.T) {
		createReal(t, client, "twice", nil)
		b.send(t, produceRequest("twice", partition(0, plain(3).bytes()), partition(0, plain(1).bytes())))
		ends, err := kadm.NewClient(client).ListEndOffsets(context.Background(), "twice")
		if err != nil {
			t.Fatal(err)
		}
		if end, _ := ends.Lookup("twice", 0); end.Offset != 1 {
			t.Errorf("end offset: got %d, want 1, since the later batch replaces the first", end.Offset)
		}
	})
	t.Run("null records", func(t *testing.T) {
		if _, err := b.raw(t, produceRequest("plain", partition(0, nil)), time.Second); err == nil {
			t.Error("null records were answered")
		}
	})
}

func createReal(t *testing.T, client *kgo.Client, topic string, configs map[string]string) {
	t.Helper()
	all := map[string]*string{"retention.ms": kadm.StringPtr("-1")}
	for key, value := range configs {
		all[key] = &value
	}
	admin := kadm.NewClient(client)
	if _, err := admin.CreateTopic(context.Background(), 1, 1, all, topic); err != nil {
		t.Fatal(err)
	}
	for t.Context().Err() == nil { // the broker leads the new topic a moment later
		ends, err := admin.ListEndOffsets(context.Background(), topic)
		if end, ok := ends.Lookup(topic, 0); err == nil && ok && end.Err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
