package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/brokers"
	"mirror/e2e/workload"
	"mirror/monitor"
)

// Two daemons that each take every topic of the other side settle at once and stay settled: nothing is copied back.
func TestLoops(t *testing.T) {
	west, east := startCluster(t, brokers.Options{}), startCluster(t, brokers.Options{})
	src, dst := clientOf(t, west), clientOf(t, east)
	writer := &workload.Writer{Run: 1}
	add := func(client *kgo.Client, topic string) {
		t.Helper()
		createTopic(t, client, topic, 2, 1, nil)
		for i := range 10 {
			r := workload.Kgo(writer.Next(topic, int32(i%2), workload.Small))
			if err := client.ProduceSync(context.Background(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(src, "orders")
	add(dst, "clicks")
	all := []route{{name: "all-there", topics: []string{"/.*/"}}}
	back := []route{{name: "all-back", topics: []string{"/.*/"}}}
	there := startDaemon(t, configOf{west: west, east: east, routes: all})
	andBack := startDaemon(t, configOf{west: west, east: east, from: "east", to: "west", routes: back})
	for i := range 4 {
		// Each new topic that arrives shows that both sides have looked again.
		for _, side := range []struct {
			from, to *kgo.Client
			name     string
			d        *daemon
		}{{src, dst, "west", there}, {dst, src, "east", andBack}} {
			topic := fmt.Sprintf("new-%s-%d", side.name, i)
			add(side.from, topic)
			eventually(t, "the copy of "+topic, func() error {
				side.d.alive()
				return behind(map[int32]int64{0: 5, 1: 5}, ends(side.to, side.name+"."+topic))
			})
		}
	}
	there.waitState(monitor.CaughtUp)
	andBack.waitState(monitor.CaughtUp)
	there.stop()
	andBack.stop()
	expectTopics(t, src, []string{"orders", "east.clicks"}, "new-west-%d", "east.new-east-%d")
	expectTopics(t, dst, []string{"clicks", "west.orders"}, "new-east-%d", "west.new-west-%d")
	c := copies{t: t, src: src, dst: dst, topics: map[string]string{"orders": "west.orders"}, committed: true}
	c.judge()
	c = copies{t: t, src: dst, dst: src, topics: map[string]string{"clicks": "east.clicks"}, committed: true}
	c.judge()
}

// expectTopics compares the topics of a cluster, internal ones and checkpoint topics aside; patterns stand for four each.
func expectTopics(t *testing.T, client *kgo.Client, want []string, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		for i := range 4 {
			want = append(want, fmt.Sprintf(pattern, i))
		}
	}
	listed, err := kadm.NewClient(client).ListTopics(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range listed.Names() {
		if !strings.HasPrefix(name, "__") {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("topics: got %v, want %v", got, want)
	}
}
