package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"mirror/e2e/brokers"
	"mirror/e2e/truth"
	"mirror/e2e/workload"
	"mirror/monitor"
)

// between are the records of a source partition within offsets.
func between(log *truth.Log, from, to int64) []truth.Record {
	return slices.DeleteFunc(log.Data(true), func(r truth.Record) bool { return r.Offset < from || r.Offset >= to })
}

// A range of hours of a topic's history, killed in the middle and run again: exactly that range, once and in order. A
// second run does nothing.
func TestBackfillKilled(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 1, 2)
	topic := s.id + ".t0"
	s.backlog(2, 1000, 3*time.Hour)
	first := ends(s.src, topic)
	s.backlog(2, 40_000, 2*time.Hour)
	last := ends(s.src, topic)
	s.backlog(2, 1000, time.Hour)
	d := newDaemon(t, "mirror", s.config)
	target := topic + ".hours"
	line := []string{"backfill", "--topic", topic, "--rename", "{topic}.hours", "--id", "hours", "--yes",
		"--from", time.Now().Add(-150 * time.Minute).Format(time.RFC3339), "--to", time.Now().Add(-90 * time.Minute).Format(time.RFC3339)}
	for i := range 3 {
		d.interrupt(target, 20_000*int64(i)+1, append(line, "--rate", "2MB"))
		t.Logf("kill %d with %d records copied", i+1, total(s.dst, target))
	}
	if _, code := d.run(line...); code != 0 {
		t.Fatal("it does not go on after kill -9")
	}
	before := ends(s.dst, target)
	if out, code := d.run(line...); code != 0 || !strings.Contains(out, "nothing is left to do") {
		t.Errorf("a second run: exit code %d, %s", code, out)
	}
	if after := ends(s.dst, target); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("a second run: the target ended at %v and now at %v", before, after)
	}
	to := logs(t, s.dst, target)
	for i, from := range logs(t, s.src, topic) {
		n := from.Partition
		if err := truth.Compare(between(from, first[n], last[n]), to[i].Data(false), workload.Identity).Err(); err != nil {
			t.Errorf("partition %d: %v", n, err)
		}
		if err := truth.CleanLog(to[i]); err != nil {
			t.Errorf("partition %d: %v", n, err)
		}
	}
	if out, code := d.run("verify", "--backfill", "hours"); code != 0 || !strings.Contains(out, "80,000 records equal") {
		t.Errorf("verify: exit code %d, %s", code, out)
	}
}

// interrupt runs a command and kills it once a target topic holds n records.
func (d *daemon) interrupt(target string, n int64, line []string) {
	d.t.Helper()
	out, err := os.OpenFile(d.stderr, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer out.Close() // the child has its own descriptor
	cmd := exec.Command(mirrorBinary(d.t), append(line, "--config", d.config)...)
	cmd.Stdout, cmd.Stderr = out, out
	p, err := brokers.StartProcess(cmd)
	if err != nil {
		d.t.Fatal(err)
	}
	defer p.Kill()
	client := clientOf(d.t, world.east)
	eventually(d.t, fmt.Sprintf("%d records in %s", n, target), func() error {
		if !p.Running() {
			return nil // it was faster
		}
		if have := total(client, target); have < n {
			return fmt.Errorf("%d", have)
		}
		return nil
	})
}

// The history of a topic first, and then the route: the daemon is started while the backfill still copies, with a load on
// the topic all the time. Nothing is lost, repeated or out of order.
func TestBackfillThenLive(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 1, 2, "start: latest")
	topic := s.id + ".t0"
	s.backlog(2, 30_000, 2*time.Hour)
	s.startLoad(2, 1000, 0)
	d := newDaemon(t, "mirror", s.config)
	line := []string{"backfill", "--topic", topic, "--then-live", "--yes"}
	d.interrupt("west."+topic, 5000, append(line, "--rate", "1MB"))
	d.start()
	d.waitReason("backfill", "copies source offsets 0 to")
	held := total(s.dst, "west."+topic)
	if _, code := d.run(line...); code != 0 {
		t.Fatal("it does not go on after kill -9")
	}
	t.Logf("the daemon has waited at %d records, the backfill ended at %d", held, total(s.dst, "west."+topic))
	s.waitMore(d, s.copied(), 1000)
	d.kill()
	d.start()
	s.waitMore(d, s.copied(), 1000)
	s.stopLoad()
	s.finish(d)
}

// A record that the target refused is in the loss ledger. It is copied again into a topic of its own, which takes it.
func TestGapRepair(t *testing.T) {
	west, east := sharedPair(t)
	s := newScene(t, west, east, 1, 1, "on_rejected: skip")
	topic := s.id + ".t0"
	createTopic(t, s.dst, "west."+topic, 1, 1, map[string]string{"max.message.bytes": "4000"})
	produceTo(t, s.src, s.writer, topic, 1, 10, workload.Small)
	produceTo(t, s.src, s.writer, topic, 1, 1, workload.Random)
	produceTo(t, s.src, s.writer, topic, 1, 10, workload.Small)
	d := startDaemon(t, s.config)
	eventually(t, "all but the refused record", func() error {
		d.alive()
		return behind(map[int32]int64{0: 20}, ends(s.dst, "west."+topic))
	})
	d.waitState(monitor.CaughtUp)
	out, _ := d.run("losses", "-o", "json")
	var ledger struct {
		Losses []lossEntry `json:"losses"`
	}
	if err := json.Unmarshal([]byte(out), &ledger); err != nil || len(ledger.Losses) != 1 {
		t.Fatalf("losses: got %s, %v, want one entry", out, err)
	}
	lost := ledger.Losses[0]
	line := []string{"backfill", "--topic", lost.Topic, "--partitions", fmt.Sprint(lost.Partition), "--from", fmt.Sprint(lost.From), "--to", fmt.Sprint(lost.To), "--yes"}
	if _, code := d.run(line...); code != 4 {
		t.Errorf("into the route's own topic: exit code %d, want 4", code)
	}
	if _, code := d.run(append(line, "--rename", "{topic}.repaired")...); code != 0 {
		t.Fatalf("the repair: exit code %d", code)
	}
	d.stop()
	from := logs(t, s.src, topic)[0]
	if err := truth.Compare(between(from, lost.From, lost.To), logs(t, s.dst, topic+".repaired")[0].Data(false), workload.Identity).Err(); err != nil {
		t.Error(err)
	}
	if n := total(s.dst, "west."+topic); n != 20 {
		t.Errorf("the route's topic: got %d records, want 20 as before", n)
	}
}
