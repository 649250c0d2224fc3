package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/monitor"
	"mirror/replicate"
)

// copyOnce runs a mirror until it has copied as many records, and stops it.
func copyOnce(t *testing.T, config string, records int64) {
	t.Helper()
	cfg, err := loadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	m, err := replicate.New(cfg, replicate.Options{Process: "host-a"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	for deadline := time.Now().Add(patience); m.Status().Routes[0].RecordsTotal < records && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// A mirror that is down left in the checkpoint topic how far it came.
func TestStatusFromCheckpointTopic(t *testing.T) {
	west, _, config := twoClusters(t, "orders")
	file, err := os.OpenFile(config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("web: {listen: \"127.0.0.1:1\"}\n"); err != nil {
		t.Fatal(err)
	}
	file.Close()
	code, out, stderr := mirror(t, "status", "--config", config)
	if code != exitUnreachable || !strings.Contains(out, "it has never run") || !strings.Contains(stderr, "no mirror answers at http://127.0.0.1:1") {
		t.Errorf("before the first start: exit code %d, stdout\n%sstderr %q", code, out, stderr)
	}
	write := func(n int) {
		for i := range n {
			if err := west.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Partition: int32(i % 2), Value: []byte("v")}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(20)
	copyOnce(t, config, 20)
	write(6)
	code, out, stderr = mirror(t, "status", "--config", config, "-o", "json")
	var status monitor.Status
	if err := json.Unmarshal([]byte(out), &status); err != nil || code != exitUnreachable {
		t.Fatalf("exit code %d, %v, stdout\n%sstderr %q", code, err, out, stderr)
	}
	r := status.Routes[0]
	if status.Origin != monitor.FromCheckpointTopic || r.AgeSeconds == nil || r.LagRecords != 6 || r.State != monitor.Waiting || len(r.Topics) != 1 || len(r.Topics[0].Partitions) != 2 {
		t.Fatalf("got %+v", status)
	}
	for i, p := range r.Topics[0].Partitions {
		if p.Partition != int32(i) || p.SourceOffset != 10 || p.TargetOffset != 10 || p.SourceEnd != 13 || p.LagRecords != 3 || p.LagSeconds != nil || p.Owner != "" || p.Reason == "" {
			t.Errorf("got %+v", p)
		}
	}
	if !strings.Contains(stderr, "what is shown is from the checkpoint topic, ") || !strings.Contains(stderr, " old") {
		t.Errorf("stderr %q", stderr)
	}
	code, out, _ = mirror(t, "status", "--config", config, "--topic", "orders")
	if code != exitUnreachable || !strings.Contains(out, "no process answers, this is from the checkpoint topic, ") || !strings.Contains(out, "orders is waiting: no process has said") {
		t.Errorf("table: exit code %d\n%s", code, out)
	}
}

// A route whose checkpoint topic knows of no partition yet has a state, too.
func TestStatusOfNothingCopied(t *testing.T) {
	_, _, config := twoClusters(t, "orders")
	for _, c := range []struct{ command, want string }{
		{"pause", "route west-to-east is paused: it is paused, and none of its topics has been copied yet"},
		{"resume", "route west-to-east is waiting: none of its topics has been copied yet"},
	} {
		if code, _, stderr := mirror(t, c.command, "--yes", "--config", config); code != exitOK {
			t.Fatalf("%s: exit code %d, %s", c.command, code, stderr)
		}
		cfg, err := loadConfig(config)
		if err != nil {
			t.Fatal(err)
		}
		status, err := storedStatus(t.Context(), cfg, "")
		var out strings.Builder
		if err != nil || printStatus(&out, status, false) != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("after %s: %v\n%swant %q", c.command, err, out.String(), c.want)
		}
	}
}
