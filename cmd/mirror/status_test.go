package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"mirror/config"
	"mirror/monitor"
	"mirror/web"
)

// sampleStatus has a route that works and one that does not.
func sampleStatus() monitor.Status {
	lag, none := 12.5, 0.0
	good := monitor.RouteStatus{Name: "west-to-east", From: "west", To: "east", RecordsPerSecond: 1234, BytesPerSecond: 9 << 10,
		Processes: []monitor.ProcessStatus{{Process: "host-a", URL: "http://host-a:8080", Lanes: []int32{0, 1, 3}, RecordsPerSecond: 1000, BytesPerSecond: 7 << 10},
			{Process: "host-b", Lanes: []int32{9}, RecordsPerSecond: 234, BytesPerSecond: 2 << 10, AgeSeconds: 4.2, UnnamedTroubles: 7, OtherConfig: true}},
		RecordsTotal: 1234567, BytesTotal: 9 << 20, Losses: 2,
		GroupSync: &monitor.GroupSyncStatus{AgeSeconds: 2.5, Groups: 3, Positions: map[string]int{"in_step": 11, "own": 1}, Reason: "the coordinator of group billing on cluster east is moving"},
		Topics: []monitor.TopicStatus{
			{Source: "clicks", Target: "west.clicks", Partitions: []monitor.PartitionStatus{
				{Partition: 0, State: monitor.CaughtUp, SourceOffset: 10, TargetOffset: 10, SourceEnd: 10, LagSeconds: &none, Lane: 3, Owner: "host-a"}}},
			{Source: "orders", Target: "west.orders", Partitions: []monitor.PartitionStatus{
				{Partition: 0, State: monitor.Copying, SourceOffset: 100, TargetOffset: 90, SourceEnd: 1500, LagRecords: 1400, LagSeconds: &lag, Lane: 1, Owner: "host-a"},
				{Partition: 1, State: monitor.Stopped, Reason: "the target refuses offset 17: record too large;\x1b[31m raise max.message.bytes", SourceOffset: 17, TargetOffset: -1, SourceEnd: -1, LagRecords: -1, Lane: 9}}},
			{Source: "gone", Target: "west.gone", Partitions: []monitor.PartitionStatus{
				{Partition: -1, State: monitor.Waiting, Reason: "topic gone is not on cluster west any more", SourceOffset: -1, TargetOffset: -1, SourceEnd: -1, LagRecords: -1, Lane: -1}}},
		}}
	bad := monitor.RouteStatus{Name: "north-to-east", From: "north", To: "east", State: monitor.Waiting, Reason: "cluster north cannot be reached"}
	good.RollUp()
	bad.RollUp()
	return monitor.Status{Mirror: "east", Routes: []monitor.RouteStatus{good, bad}}
}

func TestPrintStatus(t *testing.T) {
	for name, wide := range map[string]bool{"table": false, "wide": true} {
		var out bytes.Buffer
		if err := printStatus(&out, sampleStatus(), wide); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/status_"+name+".txt", out.Bytes())
	}
}

// A route is not said to rest because one of its topics does.
func TestRouteStateWords(t *testing.T) {
	tests := []struct {
		topics []monitor.State
		want   string
	}{
		{[]monitor.State{monitor.CaughtUp, monitor.Paused, monitor.Copying}, "copying, 1 of 3 topics paused"},
		{[]monitor.State{monitor.Paused, monitor.Paused}, "paused"},
		{[]monitor.State{monitor.Paused, monitor.Waiting}, "waiting, 1 of 2 topics paused"},
		{[]monitor.State{monitor.CaughtUp}, "caught_up"},
	}
	for _, test := range tests {
		var r monitor.RouteStatus
		for _, state := range test.topics {
			r.Topics = append(r.Topics, monitor.TopicStatus{Partitions: []monitor.PartitionStatus{{State: state}}})
		}
		r.RollUp()
		if got := routeStateWords(&r); got != test.want {
			t.Errorf("%v: got %q, want %q", test.topics, got, test.want)
		}
	}
}

func TestManyTroublesAreCut(t *testing.T) {
	topic := monitor.TopicStatus{Source: "a", Target: "b"}
	for i := range 100 {
		topic.Partitions = append(topic.Partitions, monitor.PartitionStatus{Partition: int32(i), State: monitor.Waiting, Reason: fmt.Sprintf("no leader on broker %d", i)})
	}
	var out bytes.Buffer
	if err := printTopics(&out, &monitor.RouteStatus{Topics: []monitor.TopicStatus{topic}}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "no leader"); got != maxTroubles || !strings.Contains(out.String(), "and 80 more") {
		t.Errorf("%d reasons, want %d and how many more:\n%s", got, maxTroubles, out.String())
	}
}

// What is the same for all partitions of a topic is said once.
func TestOneReasonForATopic(t *testing.T) {
	topic := monitor.TopicStatus{Source: "a", Target: "b"}
	for i := range 3 {
		topic.Partitions = append(topic.Partitions, monitor.PartitionStatus{Partition: int32(i), State: monitor.Paused, Reason: "paused by ada"})
	}
	var out bytes.Buffer
	if err := printTopics(&out, &monitor.RouteStatus{Topics: []monitor.TopicStatus{topic}}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasSuffix(got, "\n\na is paused: paused by ada\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestWatcher(t *testing.T) {
	var out bytes.Buffer
	w := &watcher{output: "table", out: &out}
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	status := sampleStatus()
	if err := w.show(status, at); err != nil {
		t.Fatal(err)
	}
	status = sampleStatus()
	status.Routes[0].RecordsTotal += 1000
	status.Routes[0].RecordsPerSecond, status.Routes[0].BytesPerSecond = 500, 1024
	if err := w.show(status, at.Add(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/status_watch.txt", out.Bytes())
}

// Documents are told apart by programs that read them as they come.
func TestWatcherYAML(t *testing.T) {
	var out bytes.Buffer
	w := &watcher{output: "yaml", out: &out}
	for range 3 {
		if err := w.show(sampleStatus(), time.Time{}.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	decoder := yaml.NewDecoder(&out)
	for i := range 4 {
		var document struct{ Mirror string }
		err := decoder.Decode(&document)
		if i < 3 && (err != nil || document.Mirror != "east") || i == 3 && err != io.EOF {
			t.Errorf("document %d: got %+v, %v", i, document, err)
		}
	}
}

// source is a mirror that web shows.
type source struct {
	ready   bool
	reasons []string
}

func (s source) Status() monitor.Status  { return sampleStatus() }
func (s source) Ready() (bool, []string) { return s.ready, s.reasons }

// serve starts a daemon's web server and returns its URL.
func serve(t *testing.T, w config.Web, s web.Source) string {
	t.Helper()
	sampler := monitor.NewSampler(monitor.SamplerOptions{Registry: monitor.NewRegistry(), Status: s.Status})
	server, err := web.New(web.Options{Web: w, Source: s, Sampler: sampler, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	url, err := server.Listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return url
}

func TestStatusOfDaemon(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := serve(t, config.Web{Listen: "127.0.0.1:0", TokenFile: token}, source{ready: true})

	code, out, stderr := mirror(t, "status", "--url", url, "--token-file", token, "-o", "json")
	var status monitor.Status
	if err := json.Unmarshal([]byte(out), &status); err != nil || code != exitOK {
		t.Fatalf("exit code %d, stderr %q, %v", code, stderr, err)
	}
	if len(status.Routes) != 2 || status.Routes[0].Topics[1].Partitions[1].State != monitor.Stopped {
		t.Errorf("got %+v", status)
	}
	if code, out, _ = mirror(t, "status", "--url", url, "--token-file", token); code != exitOK || !strings.Contains(out, "west-to-east") {
		t.Errorf("table: exit code %d, %q", code, out)
	}
	code, out, stderr = mirror(t, "status", "--url", url)
	if code != exitUnauthorised || out != "" || !strings.Contains(stderr, "give --token-file") {
		t.Errorf("without token: exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
	if strings.Contains(stderr, "sesame") {
		t.Error("the token is printed")
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("open\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr = mirror(t, "status", "--url", url, "--token-file", wrong)
	if code != exitUnauthorised || !strings.Contains(stderr, "the token that was sent is not the one") || strings.Contains(stderr, "give --token-file") {
		t.Errorf("with another token: exit code %d, stderr %q", code, stderr)
	}
	if code, out, _ = mirror(t, "status", "--url", url, "--ready"); code != exitOK || out != "ready\n" {
		t.Errorf("--ready: exit code %d, %q", code, out)
	}
}

func TestStatusNotReady(t *testing.T) {
	url := serve(t, config.Web{Listen: "127.0.0.1:0"}, source{reasons: []string{"cluster west cannot be reached"}})
	code, out, stderr := mirror(t, "status", "--url", url, "--ready")
	if code != exitDifferent || out != "" || stderr != "cluster west cannot be reached\n" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
}

func TestStatusWithoutDaemon(t *testing.T) {
	for _, flags := range [][]string{nil, {"--ready"}, {"-w"}, {"-o", "json"}} {
		args := append([]string{"status", "--url", "http://127.0.0.1:1"}, flags...)
		code, out, stderr := mirror(t, args...)
		if code != exitUnreachable || out != "" || !strings.Contains(stderr, "no mirror answers at http://127.0.0.1:1") {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q", flags, code, out, stderr)
		}
	}
}

func TestStatusWatchIsInterrupted(t *testing.T) {
	url := serve(t, config.Web{Listen: "127.0.0.1:0"}, source{ready: true})
	ctx, cancel := context.WithCancel(t.Context())
	out := &firstWrite{then: cancel}
	err := runStatus(ctx, statusOptions{daemon: daemonOptions{url: url}, output: "json", watch: true}, out, &bytes.Buffer{})
	if code := exitCode(err); code != exitInterrupted {
		t.Errorf("got %v, exit code %d, want 130", err, code)
	}
	if out.Len() == 0 || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Errorf("got %q, want one document in one line", out.String())
	}
}

// firstWrite calls then after the first write.
type firstWrite struct {
	bytes.Buffer
	then func()
}

func (w *firstWrite) Write(p []byte) (int, error) {
	defer w.then()
	return w.Buffer.Write(p)
}

func TestLocalURL(t *testing.T) {
	tests := []struct {
		web  config.Web
		want string
	}{
		{config.Web{Listen: "127.0.0.1:8080"}, "http://127.0.0.1:8080"},
		{config.Web{Listen: "localhost:8080"}, "http://localhost:8080"},
		{config.Web{Listen: ":8080"}, "http://127.0.0.1:8080"},
		{config.Web{Listen: "0.0.0.0:8080"}, "http://127.0.0.1:8080"},
		{config.Web{Listen: "[::]:8080"}, "http://[::1]:8080"},
		{config.Web{Listen: "10.1.2.3:8080", TLS: &config.WebTLS{}}, "https://10.1.2.3:8080"},
		{config.Web{Listen: "127.0.0.1:0"}, ""},
	}
	for _, test := range tests {
		if got, _ := localURL(test.web); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.web, got, test.want)
		}
	}
}
