package clusters

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/monitor"
)

// bigAnswers are those of a cluster with 1,000 topics of six partitions on three brokers, and 200 groups that read five
// topics each. n makes each look another one.
func bigAnswers(n int) *answers {
	a := &answers{at: at(float64(30 * n)), metadata: kmsg.NewPtrMetadataResponse(), dirs: map[int32][]dir{}, ends: map[place]reading{}, starts: map[place]int64{}}
	for broker := range int32(3) {
		b := kmsg.NewMetadataResponseBroker()
		b.NodeID, b.Host, b.Port = broker, "kafka", 9092+broker
		a.metadata.Brokers = append(a.metadata.Brokers, b)
		a.dirs[broker] = []dir{{LogDir: LogDir{Dir: "/data"}, replicas: map[place]int64{}}}
	}
	for i := range 1000 {
		name := fmt.Sprintf("topic-%04d", i)
		t := kmsg.NewMetadataResponseTopic()
		t.Topic = &name
		for number := range int32(6) {
			p := kmsg.NewMetadataResponseTopicPartition()
			p.Partition, p.Leader, p.Replicas, p.ISR = number, number%3, []int32{0, 1, 2}, []int32{0, 1, 2}
			t.Partitions = append(t.Partitions, p)
			where := place{name, number}
			a.ends[where], a.starts[where] = reading{int64(1000 + 500*n), a.at}, 0
			for broker := range a.dirs {
				a.dirs[broker][0].replicas[where] = 1 << 20
			}
		}
		a.metadata.Topics = append(a.metadata.Topics, t)
	}
	for i := range 200 {
		g := groupAnswer{name: fmt.Sprintf("group-%03d", i), kind: classic, state: "Stable", committed: map[place]int64{}}
		for k := range 30 {
			g.committed[place{fmt.Sprintf("topic-%04d", 5*i+k/6), int32(k % 6)}] = int64(900 + 500*n)
		}
		a.groups = append(a.groups, g)
	}
	return a
}

// What a look costs that is made of answers: decoding and the network are not in it.
func BenchmarkSnapshot(b *testing.B) {
	cfg := configOf(b, []string{"w:1"}, "")
	p := newPast()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		a := bigAnswers(n)
		b.StartTimer()
		newSnapshot("west", a, p, &cfg.Monitor)
	}
}

// What a sample of metrics costs more because of such a cluster, every ten seconds.
func BenchmarkObserved(b *testing.B) {
	cfg := configOf(b, []string{"w:1"}, "")
	p := newPast()
	newSnapshot("west", bigAnswers(0), p, &cfg.Monitor)
	w := &watcher{cluster: cfg.Clusters["west"], state: OK, last: newSnapshot("west", bigAnswers(1), p, &cfg.Monitor)}
	watch := &Watch{watchers: []*watcher{w}}
	sampler := monitor.NewSampler(monitor.SamplerOptions{Registry: monitor.NewRegistry(), Status: func() monitor.Status { return monitor.Status{} }, Clusters: watch.Observed, Parts: watch.Parts})
	b.ReportAllocs()
	for b.Loop() {
		sampler.Take(time.Now())
	}
}

// A look at an embedded cluster of 1,000 topics with six partitions and 100 groups that stand in 30 of them each, with all
// requests and the decoding of the answers; the cluster's own work is in it.
func BenchmarkLook(b *testing.B) {
	var topics []string
	for i := range 1000 {
		topics = append(topics, fmt.Sprintf("topic-%04d", i))
	}
	fake := newFake(b, kfake.SeedTopics(6, topics...))
	admin := kadm.NewClient(clientOf(b, fake))
	for i := range 100 {
		at := kadm.Offsets{}
		for k := range 30 {
			at.AddOffset(topics[10*i+k/6], int32(k%6), 0, -1)
		}
		if err := admin.CommitAllOffsets(b.Context(), fmt.Sprintf("group-%03d", i), at); err != nil {
			b.Fatal(err)
		}
	}
	w := watcherOf(b, configOf(b, fake.ListenAddrs(), ""))
	b.ReportAllocs()
	for b.Loop() {
		w.looked(b)
	}
}
