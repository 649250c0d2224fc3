package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mirror/e2e/brokers"
)

// mirrorMaker is a MirrorMaker 2 in its dedicated mode that a test starts, kills and starts again with the same file.
type mirrorMaker struct {
	t       *testing.T
	file    string // its properties
	stderr  string // path; all lives append to it
	process *brokers.Process
}

// newMirrorMaker writes the properties: one way from the cluster that is called from to the one called to. Positions are
// committed every second, so that a kill leads to repeats, and not to all of them; fetches are small, so that all
// partitions have their turns early.
func newMirrorMaker(t *testing.T, west, east *brokers.Cluster, from, to, topics, more string) *mirrorMaker {
	t.Helper()
	dir := t.TempDir()
	m := &mirrorMaker{t: t, file: filepath.Join(dir, "mm2.properties"), stderr: filepath.Join(dir, "stderr")}
	properties := brokers.MirrorMaker{
		From: from, To: to, Source: west.Bootstrap(), Target: east.Bootstrap(), Topics: topics, Tasks: 2,
		More: fmt.Sprintf(`refresh.topics.interval.seconds = 2
%[1]s.consumer.max.partition.fetch.bytes = 32768
%[2]s.offset.flush.interval.ms = 1000
%[2]s.session.timeout.ms = 6000
%[2]s.heartbeat.interval.ms = 1000
%[2]s.scheduled.rebalance.max.delay.ms = 0
%[3]s`, from, to, more),
	}
	require(t, properties.Write(m.file))
	t.Cleanup(func() {
		m.process.Kill()
		if t.Failed() {
			t.Logf("MirrorMaker wrote:\n%s", (&daemon{stderr: m.stderr}).lastLines(30))
		}
	})
	return m
}

func (m *mirrorMaker) start() {
	m.t.Helper()
	kafka, err := brokers.Install(context.Background())
	require(m.t, err)
	out, err := os.OpenFile(m.stderr, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		m.t.Fatal(err)
	}
	defer out.Close() // the child has its own descriptor
	cmd := kafka.MirrorMaker(context.Background(), m.file, "-Xms128M", "-Xmx512M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
	cmd.Stdout, cmd.Stderr = out, out
	if m.process, err = brokers.StartProcess(cmd); err != nil {
		m.t.Fatal(err)
	}
}

// kill is kill -9; it waits until the process is gone.
func (m *mirrorMaker) kill() { m.process.Kill() }

// alive fails the test at once if MirrorMaker has ended by itself.
func (m *mirrorMaker) alive() {
	m.t.Helper()
	if !m.process.Running() {
		m.t.Fatalf("MirrorMaker has ended by itself with exit code %d", m.process.Wait())
	}
}
