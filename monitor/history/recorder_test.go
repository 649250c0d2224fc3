package history

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"mirror/monitor"
)

func sampleStatus() monitor.Status {
	lag := 2.5
	route := monitor.RouteStatus{Name: "r", From: "west", To: "east", Topics: []monitor.TopicStatus{
		{Source: "a.b-c", Partitions: []monitor.PartitionStatus{{State: monitor.Copying, LagRecords: 3, LagSeconds: &lag}}},
	}}
	route.RollUp()
	return monitor.Status{Mirror: "m", Routes: []monitor.RouteStatus{route}}
}

// Every metric that the page may ask for is in what a real sampler delivers.
func TestReadingsOfASample(t *testing.T) {
	registry := monitor.NewRegistry()
	p := registry.Partition("r", "a.b-c", 0)
	sampler := monitor.NewSampler(monitor.SamplerOptions{Registry: registry, Status: sampleStatus})
	sampler.Take(begin)
	p.Records.Add(100)
	p.Bytes.Add(5000)
	p.Copied(100, time.Millisecond, time.Second)
	readings := Readings(sampler.Take(begin.Add(10 * time.Second)))
	if len(readings) != 3 {
		t.Fatalf("got %+v", readings)
	}
	for i, want := range [][]string{RouteMetrics(), TopicMetrics(), TopicMetrics()} {
		var got []string
		for _, v := range readings[i].Values {
			got = append(got, v.Metric)
		}
		want = slices.DeleteFunc(want, func(m string) bool { return m == "catch_up_seconds" }) // the lag does not shrink
		slices.Sort(got)
		slices.Sort(want)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", readings[i].Subject, got, want)
		}
	}
	if readings[1].Subject != "r/a.b-c" || readings[1].Weight != 500 {
		t.Errorf("got subject %q with weight %v", readings[1].Subject, readings[1].Weight)
	}
	if readings[2].Subject != "r/a.b-c/0" || math.Round(readings[2].Weight) != 500 {
		t.Errorf("got subject %q with weight %v", readings[2].Subject, readings[2].Weight)
	}
}

func TestRecorder(t *testing.T) {
	h := Open(Options{Series: 20, Log: quiet()})
	r := NewRecorder(h)
	sampler := monitor.NewSampler(monitor.SamplerOptions{Registry: monitor.NewRegistry(), Status: sampleStatus})
	sampler.Subscribe(r.Take)
	for range 3 { // nobody reads: it must not wait
		sampler.Take(begin)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	for deadline := time.Now().Add(10 * time.Second); len(h.Keys()) == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	if p := newest(h, begin, "1h", "r/lag_seconds", 1); len(p) != 1 || p[0].Avg != 2.5 {
		t.Errorf("got %v", p)
	}
}

// What is recorded of clusters are the metrics that the page asks for.
func TestReadingsOfClusters(t *testing.T) {
	figures := monitor.NewFigures()
	for f := range figures {
		figures[f] = 10
	}
	sampler := monitor.NewSampler(monitor.SamplerOptions{Registry: monitor.NewRegistry(),
		Status: func() monitor.Status { return monitor.Status{} },
		Clusters: func() []monitor.Observed {
			return []monitor.Observed{
				{Cluster: "west", About: monitor.AboutCluster, Figures: figures},
				{Cluster: "west", About: monitor.AboutBroker, Name: "1", Figures: figures},
				{Cluster: "west", About: monitor.AboutTopic, Name: "a.b", Figures: figures},
				{Cluster: "west", About: monitor.AboutGroup, Name: "team/x", Figures: figures},
				{Cluster: "east", About: monitor.AboutCluster, Figures: monitor.NewFigures()},
			}
		}})
	var got []string
	for _, r := range Readings(sampler.Take(begin)) {
		for _, v := range r.Values {
			got = append(got, Key(r.Subject, v.Metric))
		}
		if weighted := r.Subject == "cluster:west/topic:a.b" && r.Weight != 1000; weighted {
			t.Errorf("got weight %v of the topic, want 1000", r.Weight)
		}
	}
	slices.Sort(got)
	want := []string{
		"cluster:west/broker:1/bytes", "cluster:west/broker:1/disk_used_ratio", "cluster:west/broker:1/leaders", "cluster:west/broker:1/records_per_second", "cluster:west/broker:1/replicas",
		"cluster:west/broker:1/under_replicated", "cluster:west/brokers", "cluster:west/bytes",
		"cluster:west/group:team/x/lag_records", "cluster:west/group:team/x/lag_seconds", "cluster:west/group:team/x/members", "cluster:west/group:team/x/records_per_second",
		"cluster:west/groups", "cluster:west/lag_seconds", "cluster:west/offline", "cluster:west/partitions", "cluster:west/records_per_second",
		"cluster:west/topic:a.b/bytes", "cluster:west/topic:a.b/lag_seconds", "cluster:west/topic:a.b/log_records", "cluster:west/topic:a.b/offline", "cluster:west/topic:a.b/partitions", "cluster:west/topic:a.b/records_per_second",
		"cluster:west/topic:a.b/under_replicated", "cluster:west/topics", "cluster:west/under_replicated",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
