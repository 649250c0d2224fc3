package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/offsets"
)

// planScene has one topic of every kind: to create, to extend and alter, filled by somebody else, refused, internal and
// not selected.
func planScene(t *testing.T) (config string) {
	t.Helper()
	west, east, config := twoClusters(t)
	retention := func(ms string) map[string]string { return map[string]string{"retention.ms": ms} }
	create(t, west, 4, retention("1000"), "orders")
	create(t, east, 2, retention("2000"), "all-orders")
	create(t, west, 2, retention("3000"), "clicks.web")
	create(t, west, 2, nil, "clicks.old", "secret", "__consumer_offsets", "heartbeats", "east.orders")
	create(t, east, 2, nil, "west.clicks.old")
	for i := range 5 {
		record := &kgo.Record{Topic: "west.clicks.old", Partition: 0, Value: []byte{byte(i)}}
		if err := east.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	create(t, east, 16, nil, "__mirror_west-to-east")
	recordConfig(t, east, "all-orders", "retention.ms")
	return config
}

// recordConfig puts on record that the route manages configs of a target topic.
func recordConfig(t *testing.T, target *kgo.Client, topic string, keys ...string) {
	t.Helper()
	entry := offsets.Entry{Key: offsets.Key{Kind: offsets.KindConfig, Target: topic}, Value: offsets.TopicConfig{Keys: keys, Created: true}}
	if err := offsets.NewStore(target, "__mirror_west-to-east").Write(context.Background(), entry); err != nil {
		t.Fatal(err)
	}
}

// recordRoute puts on record that the route has copied from a cluster.
func recordRoute(t *testing.T, target *kgo.Client, sourceID string) {
	t.Helper()
	facts := offsets.RouteFacts{SourceCluster: sourceID, TargetCluster: "east-id"}
	if err := offsets.NewStore(target, "__mirror_west-to-east").Write(context.Background(), offsets.RouteEntries(facts)...); err != nil {
		t.Fatal(err)
	}
}

func TestPlan(t *testing.T) {
	config := planScene(t)
	for _, test := range []struct {
		name string
		args []string
		code int
	}{
		{"table", nil, exitOK},
		{"wide", []string{"-o", "wide"}, exitOK},
		{"json", []string{"-o", "json"}, exitOK},
		{"exit-code", []string{"--exit-code"}, exitDifferent},
		{"topic-altered", []string{"--topic", "orders"}, exitOK},
		{"topic-target-name", []string{"--topic", "west.clicks.web"}, exitOK},
		{"topic-absent", []string{"--topic", "clicks.app"}, exitOK},
		{"topic-absent-target", []string{"--topic", "west.clicks.app"}, exitOK},
		{"topic-left", []string{"--topic", "secret"}, exitOK},
		{"topic-internal", []string{"--topic", "__consumer_offsets"}, exitOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, stderr := mirror(t, append([]string{"plan", "--config", config}, test.args...)...)
			if code != test.code || stderr != "" {
				t.Errorf("exit code %d, want %d; stderr %q", code, test.code, stderr)
			}
			golden(t, "testdata/plan/"+test.name+".txt", []byte(out))
		})
	}
	code, _, stderr := mirror(t, "plan", "--config", config, "--route", "nowhere")
	if code != exitUsage || !strings.Contains(stderr, "west-to-east") {
		t.Errorf("a route that is not there: exit code %d, %q", code, stderr)
	}
}

// Of a plan without anything to do, --exit-code says so.
func TestPlanNothingToDo(t *testing.T) {
	west, east, config := twoClusters(t)
	create(t, west, 2, nil, "orders")
	create(t, east, 2, nil, "all-orders")
	if code, out, _ := mirror(t, "plan", "--config", config, "--exit-code"); code != exitOK || !strings.Contains(out, "1 topic to copy\n") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// A table for people does not drown in topics that nobody selected.
func TestPlanManyLeft(t *testing.T) {
	var topics []string
	for i := range shownLeft + 5 {
		topics = append(topics, fmt.Sprintf("other-%02d", i))
	}
	_, _, config := twoClusters(t, append(topics, "orders")...)
	_, out, _ := mirror(t, "plan", "--config", config)
	if strings.Contains(out, "other-24") || !strings.Contains(out, "not copied and not shown: 5 more (-o wide)") {
		t.Errorf("got\n%s", out)
	}
	if _, out, _ = mirror(t, "plan", "--config", config, "-o", "wide"); !strings.Contains(out, "other-24") {
		t.Errorf("wide: got\n%s", out)
	}
	var plans planDocument
	_, out, _ = mirror(t, "plan", "--config", config, "-o", "json")
	if err := json.Unmarshal([]byte(out), &plans); err != nil || len(plans.Routes[0].NotTaken) != len(topics) {
		t.Errorf("json: %v, got\n%s", err, out)
	}
}
