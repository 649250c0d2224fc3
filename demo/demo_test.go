package demo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/kafka"
	"mirror/monitor"
)

// copier is a plain copier that stands in for the mirror. change may change what is copied; false leaves the record out.
type copier struct {
	change func(r *kgo.Record) bool
}

func (c copier) start(ctx context.Context, cfg *config.Config, _ io.Writer) (func() monitor.Status, func(), error) {
	route := cfg.Routes[0]
	src, err := kafka.NewClient(cfg.Clusters[route.From], "copier", kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeRegex(),
		kgo.ConsumeTopics("^(orders|prices|pictures|clicks.*)$"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return nil, nil, err
	}
	dst, err := kafka.NewClient(cfg.Clusters[route.To], "copier", kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return nil, nil, err
	}
	topics, err := kadm.NewClient(src).ListTopics(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range topics {
		if _, err := kadm.NewClient(dst).CreateTopic(ctx, int32(len(t.Partitions)), 1, nil, route.Mapper.Decide(t.Topic).Target); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return nil, nil, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			src.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				copied := &kgo.Record{Topic: route.Mapper.Decide(r.Topic).Target, Partition: r.Partition, Key: r.Key, Value: r.Value, Headers: r.Headers, Timestamp: r.Timestamp}
				if c.change == nil || c.change(copied) {
					dst.Produce(ctx, copied, nil)
				}
			})
		}
	})
	status := func() monitor.Status {
		return monitor.Status{Routes: []monitor.RouteStatus{{Name: route.Name, State: "copying"}}}
	}
	return status, func() { cancel(); done.Wait(); src.Close(); dst.Close() }, nil
}

// short runs a demo that tells often what it does.
func short(t *testing.T, o Options) (*Result, string, string) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	before := runtime.NumGoroutine()
	var stdout, stderr bytes.Buffer
	o.Stdout, o.Stderr = &stdout, &stderr
	o.Every = 500 * time.Millisecond
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, &stdout, &stderr)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
	return r, stdout.String(), stderr.String()
}

func TestDemo(t *testing.T) {
	r, out, log := short(t, Options{For: 4 * time.Second, Keep: 2 << 20, StartMirror: copier{}.start})
	if r.Differs() || r.Records == 0 || r.Records != r.Consumed {
		t.Errorf("got %+v\n%s%s", r, out, log)
	}
	for _, want := range []string{"RESULT: 0 differences", "kcat -C -b 127.0.0.1:", "brokers: [127.0.0.1:"} {
		if !strings.Contains(out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, out)
		}
	}
	for _, want := range []string{"clicks.web→west.web.clicks", "mirror copying"} {
		if !strings.Contains(log, want) {
			t.Errorf("stderr lacks %q:\n%s", want, log)
		}
	}
}

// A record that is lost is found by the audit and by the consumer.
func TestDemoFindsALoss(t *testing.T) {
	n := 0
	lose := copier{change: func(r *kgo.Record) bool {
		if r.Topic == "west.orders" {
			n++
		}
		return n != 50
	}}
	r, out, _ := short(t, Options{For: 2 * time.Second, StartMirror: lose.start})
	if !r.Differs() || r.Differences != 1 || r.Faults == 0 {
		t.Errorf("got %+v", r)
	}
	if !strings.Contains(out, "lost      orders[") || !strings.Contains(out, "RESULT: the copies differ") {
		t.Errorf("stdout does not name the loss:\n%s", out)
	}
}

// A mirror that stops copying makes the demo differ, and the writers wait for it.
func TestDemoWithoutAMirror(t *testing.T) {
	nothing := func(context.Context, *config.Config, io.Writer) (func() monitor.Status, func(), error) {
		return func() monitor.Status { return monitor.Status{} }, func() {}, nil
	}
	r, out, log := short(t, Options{For: 3 * time.Second, Keep: 16 << 10, Patience: 2 * time.Second, StartMirror: nothing})
	if !r.Differs() || r.NotCopied == 0 {
		t.Errorf("got %+v\n%s", r, out)
	}
	if !strings.Contains(log, "the load waits for it") {
		t.Errorf("the writers did not wait:\n%s", log)
	}
}

func TestStartMirrorFails(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	_, err := Run(t.Context(), Options{Stdout: io.Discard, Stderr: io.Discard, StartMirror: func(context.Context, *config.Config, io.Writer) (func() monitor.Status, func(), error) {
		return nil, nil, errors.New("no")
	}})
	if err == nil || !strings.Contains(err.Error(), "start the mirror: no") {
		t.Errorf("got %v", err)
	}
}
