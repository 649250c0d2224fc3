package brokers

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// start starts a cluster for one test; without Java the test is skipped, or fails where brokers are required.
func start(t *testing.T, o Options) *Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped: real brokers are not started with -short")
	}
	c, err := Start(t.Context(), o)
	if missing := (*MissingError)(nil); errors.As(err, &missing) && os.Getenv("MIRROR_E2E_REQUIRED") == "" {
		t.Skipf("skipped: no real brokers: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.Logs(20))
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// One cluster shows what tests rely on: it answers, keeps its data over a kill -9, can be frozen, and has every listener.
func TestSingleNode(t *testing.T) {
	c := start(t, Options{
		Listeners: []Listener{SASL, TLS, MTLS, SASLTLS},
		Users:     map[string]string{"alice": "alice-secret"},
	})
	client, err := c.Client(kgo.DefaultProduceTopic("kept"), kgo.ConsumeTopics("kept"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := kadm.NewClient(client).CreateTopic(ctx, 1, 1, nil, "kept"); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(ctx, kgo.StringRecord("before")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(1); err != nil {
		t.Fatal(err)
	}
	if err := c.Restart(1); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	fetches := client.PollFetches(ctx)
	if got := fetches.NumRecords(); got != 1 {
		t.Errorf("records after the restart: got %d, want 1 (%v)", got, fetches.Err())
	}
	for _, l := range []Listener{SASL, TLS, MTLS, SASLTLS} {
		if err := pingAs(ctx, t, c, l); err != nil {
			t.Errorf("listener %s: %v", l, err)
		}
	}
}
