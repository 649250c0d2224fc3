package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/clusters"
	"mirror/config"
	"mirror/monitor"
)

// copying is a mirror that copies orders from west to east.
type copying struct{ fakeSource }

func (copying) Status() monitor.Status {
	return monitor.Status{Mirror: "m", Routes: []monitor.RouteStatus{{Name: "r", From: "west", To: "east",
		Topics: []monitor.TopicStatus{{Source: "orders", Target: "west.orders"}}}}}
}

// startWithCluster serves what is seen of a cluster with a group of an odd name.
func startWithCluster(t *testing.T, group string) string {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders", "plain.topic_1-x"),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	cl, err := kgo.NewClient(kgo.SeedBrokers(fake.ListenAddrs()...), kgo.ConsumerGroup(group), kgo.ConsumeTopics("orders"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	if err := cl.ProduceSync(t.Context(), kgo.StringRecord("a")).FirstErr(); err == nil {
		t.Fatal("a record without a topic was taken")
	}
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Value: []byte("a")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	cl.PollFetches(t.Context())
	if err := cl.CommitUncommittedOffsets(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("test.yaml", fmt.Appendf(nil, "clusters: {west: {brokers: [%s]}}", fake.ListenAddrs()[0]), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	watch, err := clusters.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { watch.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	for deadline := time.Now().Add(30 * time.Second); watch.Summaries()[0].State != clusters.OK; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %+v", watch.Summaries())
		}
	}
	o := options(loopback(), copying{})
	o.Clusters = watch
	return serveOptions(t, o)
}

func TestClusters(t *testing.T) {
	const odd = `team/büro 50%?#..\"<b>`
	base := startWithCluster(t, odd) + pathClusters
	tests := []struct{ path, want string }{
		{"", `"name":"west"`},
		{"/", `"interval_seconds":30`},
		{"/west", `"brokers":[{"id":0`},
		{"/west/topics", `"name":"plain.topic_1-x"`},
		{"/west/topics/plain.topic_1-x", `"partition_list":[{"partition":0,"leader":0`},
		{"/west/topics/orders", `"mirrored":[{"route":"r","direction":"source","topic":"west.orders"}]`},
		{"/west/groups", `"topics":["orders"]`},
		{"/west/groups/" + url.PathEscape(odd), `"committed":1,"start":null,"end":1,"lag_records":0,"lag_seconds":0`},
		{"/west/topics/orders/0", `"end":1,"records":1,"out_of_sync":0,`},
		{"/west/topics?name=orders&partition=0", `"group_list":[{"group":"team/`},
		{"/west/groups/" + url.PathEscape(odd) + "/orders/0", `"topic":"orders","partition":0,"committed":1,"start":null,"end":1,"lag_records":0`},
		{"/west/groups?topic=orders&partition=0&name=" + url.QueryEscape(odd), `"topic":"orders","partition":0,"committed":1`},
		{"/west/brokers/0", `"partition_list":[{"topic":"orders","partition":0,"leader":true,"in_sync":true`},
	}
	for _, test := range tests {
		response, body := ask(t, "GET", base+test.path, nil)
		if status := response.StatusCode; status != http.StatusOK || !strings.Contains(body, test.want) || !json.Valid([]byte(body)) {
			t.Errorf("%s: got %d %s, want %s", test.path, response.StatusCode, body, test.want)
		}
	}
	for _, path := range []string{"/north", "/west/topics/nope", "/west/groups/nope", "/west/brokers/7", "/west/brokers/x", "/west/brokers/99999999999",
		"/west/nope", "/west/topics/orders/1", "/west/topics/orders/x", "/west/groups/nope/orders/0", "/west/topics/..%2F..%2Fetc", "/../west", "/west/topics/%00", "s"} {
		if response, body := ask(t, "GET", base+path, nil); response.StatusCode != http.StatusNotFound || len(body) > 200 {
			t.Errorf("%s: got %d %s, want a sentence with 404", path, response.StatusCode, body)
		}
	}
}

// Without anything that looks at clusters there is nothing at their paths, and
// nobody but who may see the rest sees them.
func TestClustersAreGuarded(t *testing.T) {
	without := start(t, loopback(), fakeSource{})
	if response, _ := ask(t, "GET", without+pathClusters, nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("got %d without clusters, want 404", response.StatusCode)
	}
	base := startWithCluster(t, "g") + pathClusters
	foreign := func(r *http.Request) { r.Host = "evil.example.org" }
	if response, body := ask(t, "GET", base+"/west", foreign); response.StatusCode == http.StatusOK || strings.Contains(body, "brokers") {
		t.Errorf("got %d %s under a foreign name", response.StatusCode, body)
	}
	if response, _ := ask(t, "POST", base+"/west/topics", nil); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("got %d for POST, want 405", response.StatusCode)
	}
}

func FuzzPathParts(f *testing.F) {
	for _, seed := range []string{"", "/", "/west/topics/a", "/a%2Fb/%25", "/%", "//%zz", "/%00/%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		parts, ok := pathParts(path)
		if !ok {
			return
		}
		var again string
		for _, part := range parts {
			if part == "" {
				t.Errorf("%q has an empty part", path)
			}
			again += "/" + url.PathEscape(part)
		}
		if second, ok := pathParts(again); !ok || strings.Join(second, "\x00") != strings.Join(parts, "\x00") {
			t.Errorf("%q: got %q, and escaped again %q", path, parts, second)
		}
	})
}
