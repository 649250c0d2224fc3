package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/truth"
	"mirror/e2e/workload"
)

// A real MirrorMaker 2 is killed under load and replaced by convert, adopt and run, with its default names and with
// names kept. Afterwards every source record is on the target: what MirrorMaker copied, with the repeats that are its
// own, and from there on each record once and in order.
func TestAdoptFromMirrorMaker(t *testing.T) {
	t.Run("default names", func(t *testing.T) {
		takeOver(t, 2, "", func(from, topic string) string { return from + "." + topic })
	})
	t.Run("names kept", func(t *testing.T) {
		takeOver(t, 1, "replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy\noffset-syncs.topic.location = target",
			func(_, topic string) string { return topic })
	})
}

// takeOver lets MirrorMaker live and die some times, and replaces it.
func takeOver(t *testing.T, lives int, more string, target func(from, topic string) string) {
	west, east := sharedPair(t)
	id := unique("adopt")
	from, to := id+"w", id+"e"
	src, dst := clientOf(t, west), clientOf(t, east)
	topics := map[string]string{}
	var targets []workload.Target
	for _, name := range []string{id + ".orders", id + ".clicks"} {
		createTopic(t, src, name, 2, 1, nil)
		topics[name] = target(from, name)
		targets = append(targets, workload.Target{Topic: name, Partitions: 2})
	}
	load := workload.StartLoad(clientOf(t, west, kgo.ProducerLinger(5*time.Millisecond)), &workload.Writer{Run: 1}, targets,
		[]workload.Shape{workload.Small, workload.NoKey, workload.NoValue, workload.Small}, 500, 0)
	t.Cleanup(func() { _ = load.Stop() }) // a test that failed half way has said why

	mm2 := newMirrorMaker(t, west, east, from, to, id+`\\..*`, more)
	for range lives {
		before := map[string]map[int32]int64{}
		for _, target := range topics {
			before[target] = ends(dst, target)
		}
		mm2.start()
		for _, target := range topics {
			eventually(t, "MirrorMaker to copy to "+target, func() error {
				mm2.alive()
				was := before[target]
				return behind(map[int32]int64{0: was[0] + 300, 1: was[1] + 300}, ends(dst, target))
			})
		}
		mm2.kill()
	}
	d := convertedDaemon(t, mm2.file)
	route := from + "-to-" + to
	table, code := d.run("adopt", "--route", route, "--dry-run", "--settle", "2s")
	if t.Logf("adopt --dry-run:\n%s", table); code != 0 || !strings.Contains(table, "4 partitions would be adopted") {
		t.Fatalf("adopt --dry-run: exit code %d", code)
	}
	adopted := adopt(t, d, 0, "--route", route, "--yes")
	if !adopted.Written || adopted.Adopted != 4 {
		t.Fatalf("adopt: %+v", adopted)
	}
	d.start()
	before := copiedOf(dst, topics)
	eventually(t, "the mirror to copy", func() error {
		d.alive()
		return behind(map[int32]int64{0: before + 2000}, map[int32]int64{0: copiedOf(dst, topics)})
	})
	if _, code := d.run("adopt", "--yes", "--wait", "0s"); code != 4 {
		t.Errorf("adopt beside a running mirror ends with %d, want 4", code)
	}
	d.kill() // once in its own life, too
	d.start()
	if err := load.Stop(); err != nil {
		t.Fatal(err)
	}
	waitTaken(t, d, src, dst, topics, adopted)
	if n := d.losses(); n != 0 {
		t.Errorf("%d entries in the loss ledger", n)
	}
	d.stop()
	for _, p := range adopted.Partitions {
		judgeTaken(t, src, dst, p)
	}
	if again := adopt(t, d, 0, "--route", route, "--yes"); again.Adopted != 0 || again.Ours != 4 {
		t.Errorf("a second adopt: %+v", again)
	}
}

// convertedDaemon is a daemon whose config `mirror convert` made; only the address of its page is added.
func convertedDaemon(t *testing.T, properties string) *daemon {
	t.Helper()
	converted := filepath.Join(t.TempDir(), "converted.yaml")
	out, err := exec.Command(mirrorBinary(t), "convert", properties, "--out", converted).CombinedOutput()
	if err != nil {
		t.Fatalf("convert: %v\n%s", err, out)
	}
	text, err := os.ReadFile(converted)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("convert made:\n%s", text)
	return newDaemonFromText(t, "mirror", func(listen string) string {
		return string(text) + fmt.Sprintf("web: {listen: %q}\n", listen)
	})
}

// adoptReport is the document of `mirror adopt`, as far as it is looked at.
type adoptReport struct {
	Written                bool
	Adopted, Ours, Refused int
	Partitions             []adoptedPartition
}

type adoptedPartition struct {
	Topic        string
	Partition    int32
	Target       string
	TargetEnd    int64 `json:"target_end"`
	SourceOffset int64 `json:"source_offset"`
	How          string
	Reason       string
	Repeats      bool
}

func adopt(t *testing.T, d *daemon, want int, args ...string) adoptReport {
	t.Helper()
	out, code := d.run(append([]string{"adopt", "-o", "json", "--settle", "2s"}, args...)...)
	var report adoptReport
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&report); err != nil || code != want {
		t.Fatalf("adopt %v: exit code %d, want %d; %v\n%s", args, code, want, err, out)
	}
	return report
}

// copiedOf adds up what the copies hold.
func copiedOf(dst *kgo.Client, topics map[string]string) (n int64) {
	for _, target := range topics {
		n += total(dst, target)
	}
	return n
}

// waitTaken waits until the target has what it had at the takeover and every source record from there on.
func waitTaken(t *testing.T, d *daemon, src, dst *kgo.Client, topics map[string]string, adopted adoptReport) {
	t.Helper()
	for _, p := range adopted.Partitions {
		want := p.TargetEnd + ends(src, p.Topic)[p.Partition] - p.SourceOffset
		eventually(t, fmt.Sprintf("the copy of %s/%d", p.Topic, p.Partition), func() error {
			d.alive()
			if got := ends(dst, topics[p.Topic])[p.Partition]; got < want {
				return fmt.Errorf("the target ends at %d, want %d", got, want)
			}
			return nil
		})
	}
}

// judgeTaken compares one partition in front of and behind the takeover.
func judgeTaken(t *testing.T, src, dst *kgo.Client, p adoptedPartition) {
	t.Helper()
	name := fmt.Sprintf("%s/%d", p.Topic, p.Partition)
	from, to := logs(t, src, p.Topic)[p.Partition].Data(false), logs(t, dst, p.Target)[p.Partition]
	theirs, ours := cutAt(to.Data(false), p.TargetEnd)
	old, new := cutAt(from, p.SourceOffset)
	if err := truth.Compare(new, ours, workload.Identity).Err(); err != nil {
		t.Errorf("%s from the takeover on: %v", name, err)
	}
	v := truth.Compare(old, theirs, workload.Identity)
	if v.Lost+v.Tail+v.Foreign+v.Changed > 0 {
		t.Errorf("%s before the takeover: %v", name, v.Err())
	}
	if err := truth.CleanLog(to); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	t.Logf("%s: %d records by MirrorMaker, %d of them repeats; %d by mirror, each once (%s)", name, len(theirs), v.Repeated, len(ours), p.How)
}

// cutAt cuts a list of records at an offset.
func cutAt(records []truth.Record, offset int64) (before, after []truth.Record) {
	for i := range records {
		if records[i].Offset >= offset {
			return records[:i], records[i:]
		}
	}
	return records, nil
}
