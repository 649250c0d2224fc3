package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"mirror/e2e/brokers"
)

// job is what a copier is to copy, and how.
type job struct {
	id     string // of the run: prefix of the target topic, name of route or group
	topic  string // source topic; with prefix set, the beginning of the names of many
	prefix bool
	codec  string
	live   bool // records trickle in: no waiting for bigger batches
}

// copier is one of the three programs.
type copier struct {
	name       string
	start      func(ctx context.Context, j job) (*process, error)
	targetName func(id, topic string) string
	creates    bool // it creates the target topic itself
}

func (b *bench) startMirror(ctx context.Context, j job) (*process, error) {
	topics := j.topic
	if j.prefix {
		topics = "/" + j.topic + ".*/"
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(b.dir, j.id+".yaml")
	text := fmt.Sprintf(`name: bench
clusters:
  west: {brokers: [%q]}
  east: {brokers: [%q]}
routes:
  - {name: %s, from: west, to: east, topics: [%q], rename: "%s.{topic}"}
web: {listen: %q}
`, b.west.Addresses(brokers.Plain)[0], b.east.Addresses(brokers.Plain)[0], j.id, topics, j.id, address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return b.launch(j.id, exec.CommandContext(ctx, b.mirror, "run", "--config", config))
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (b *bench) kgocopyPath() string { return filepath.Join(b.dir, "kgocopy") }

func (b *bench) buildKgocopy(ctx context.Context) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", b.kgocopyPath(), "mirror/bench/kgocopy")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build kgocopy: %w\n%s", err, out)
	}
	return nil
}

func (b *bench) startKgo(ctx context.Context, j job) (*process, error) {
	linger := 5 * time.Millisecond
	if j.live {
		linger = 0
	}
	return b.launch(j.id, exec.CommandContext(ctx, b.kgocopyPath(),
		"-from", strings.Join(b.west.Addresses(brokers.Plain), ","), "-to", strings.Join(b.east.Addresses(brokers.Plain), ","),
		"-topic", j.topic, "-target", j.id+"."+j.topic, "-group", j.id, "-codec", j.codec, "-linger", linger.String()))
}
