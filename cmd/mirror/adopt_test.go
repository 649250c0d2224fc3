package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/offsets"
	"mirror/replicate"
)

// handCopied is a pair of clusters with a route whose topics somebody else copied:
// orders with two partitions, to all-orders.
func handCopied(t *testing.T) (west, east *kgo.Client, config string) {
	t.Helper()
	west, east, config = twoClusters(t, "orders", "all-orders")
	for i, partition := range []int32{0, 1} {
		for n := range 5 {
			write(t, west, "orders", partition, fmt.Sprint(partition, "-", n))
			if n < 3+i {
				write(t, east, "all-orders", partition, fmt.Sprint(partition, "-", n))
			}
		}
	}
	return west, east, config
}

// adopt runs the command without watching for writers, and returns its document.
func adopt(t *testing.T, config string, want int, args ...string) adoptReport {
	t.Helper()
	code, out, stderr := mirror(t, append([]string{"adopt", "--config", config, "-o", "json", "--settle", "0s"}, args...)...)
	var report adoptReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != want {
		t.Fatalf("exit code %d, want %d: %v, stdout %s, stderr %s", code, want, err, out, stderr)
	}
	return report
}

func TestAdopt(t *testing.T) {
	_, east, config := handCopied(t)
	written := func() bool {
		target, _ := oneRoute(t, config) // a client of its own: admin clients remember topics that are not there
		topics, err := target.admin.ListTopics(t.Context())
		return err == nil && topics.Has("__mirror_west-to-east")
	}
	position := func(r adoptReport, partition int) adoptPosition { return r.Partitions[partition] }

	r := adopt(t, config, exitOK, "--dry-run")
	if r.Written || written() || r.Adopted != 2 || position(r, 0).SourceOffset != 3 || position(r, 1).SourceOffset != 4 || position(r, 1).TargetEnd != 4 {
		t.Errorf("--dry-run: got %+v, written %t", r, written())
	}
	code, _, stderr := mirror(t, "adopt", "--config", config, "--settle", "0s")
	if code != exitUsage || written() || !strings.Contains(stderr, "--yes") {
		t.Errorf("without --yes: exit code %d, stderr %s", code, stderr)
	}
	if r = adopt(t, config, exitOK, "--yes"); !r.Written || !written() {
		t.Errorf("--yes: got %+v", r)
	}
	target, route := oneRoute(t, config)
	l, err := readLedger(t.Context(), target, route)
	if err != nil {
		t.Fatal(err)
	}
	lane := l.lanes[offsets.LaneOf("orders", 1, int32(len(l.lanes)))]
	cp, ok, err := lane.Checkpoint(offsets.Key{Kind: offsets.KindCheckpoint, Topic: "orders", Partition: 1, Target: "all-orders"})
	if !ok || err != nil || cp.Source != 4 || cp.Ordinal != 4 || cp.Target != 4 || !cp.Clean || cp.Shared || cp.LastSource != -1 {
		t.Errorf("checkpoint: got %+v, %t, %v", cp, ok, err)
	}
	if _, ok := l.lanes[0].Config("all-orders"); !ok {
		t.Error("the target topic's configs are not in the route's care")
	}

	if r = adopt(t, config, exitOK, "--yes"); r.Adopted != 0 || r.Ours != 2 || r.Written || position(r, 0).State != stateOurs || position(r, 0).SourceOffset != 3 {
		t.Errorf("a second time: got %+v", r)
	}
	write(t, east, "all-orders", 0, "0-3") // the other copier was started once more
	if r = adopt(t, config, exitOK, "--yes"); r.Adopted != 1 || position(r, 0).SourceOffset != 4 || position(r, 1).State != stateOurs {
		t.Errorf("after the other copier went on: got %+v", r)
	}
	_, out, _ := mirror(t, "plan", "--config", config, "-o", "json")
	if strings.Contains(out, "MirrorMaker's or somebody else's") {
		t.Errorf("plan still says that the target is occupied: %s", out)
	}
}

func TestAdoptRefuses(t *testing.T) {
	_, east, config := handCopied(t)
	write(t, east, "all-orders", 1, "somebody else's")
	r := adopt(t, config, exitDifferent, "--yes")
	if !r.Written || r.Adopted != 1 || r.Refused != 1 || r.Partitions[1].State != stateRefused || !strings.Contains(r.Partitions[1].Reason, "is not in the source") {
		t.Errorf("got %+v", r)
	}
	code, out, _ := mirror(t, "adopt", "--config", config, "--settle", "0s", "--dry-run")
	if code != exitDifferent || !strings.Contains(out, "on record already") || !strings.Contains(out, "is not in the source") || !strings.Contains(out, "0 partitions would be adopted, 1 on record already, 1 refused") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	for _, test := range []struct{ args, want string }{
		{"--topic nothing", "mirror plan --topic nothing says why"},
		{"--offsets-topic nothing", "has no topic nothing"},
		{"--settle -1s", "is negative"},
		{"--effort 0", "at least 1"},
		{"-o xml", "use table"},
	} {
		code, _, stderr := mirror(t, append([]string{"adopt", "--config", config}, strings.Fields(test.args)...)...)
		if code != exitUsage || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: exit code %d, stderr %s", test.args, code, stderr)
		}
	}
}

// Nothing is adopted while somebody writes; a target that grows shows it even
// where no group does.
func TestAdoptWhileSomebodyWrites(t *testing.T) {
	_, east, config := handCopied(t)
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				write(t, east, "all-orders", 0, "0-3")
			}
		}
	}()
	r := adopt(t, config, exitDifferent, "--yes", "--settle", "300ms")
	close(stop)
	<-stopped
	if r.Partitions[0].State != stateRefused || !strings.Contains(r.Partitions[0].Reason, "somebody writes") || r.Partitions[1].State != stateAdopt {
		t.Errorf("got %+v", r)
	}
}

// A route that runs, and a worker of MirrorMaker, are seen by their groups.
func TestAdoptSeesGroups(t *testing.T) {
	for _, group := range []string{"__mirror_west-to-east", "west-mm2"} {
		t.Run(group, func(t *testing.T) {
			_, east, config := handCopied(t)
			address := east.OptValue(kgo.SeedBrokers).([]string)
			member, err := kgo.NewClient(kgo.SeedBrokers(address...), kgo.ConsumerGroup(group), kgo.ConsumeTopics("all-orders"))
			if err != nil {
				t.Fatal(err)
			}
			defer member.Close()
			member.PollFetches(t.Context())
			code, out, stderr := mirror(t, "adopt", "--config", config, "--yes", "--settle", "0s", "--wait", "0s")
			if code != exitDifferent || out != "" || !strings.Contains(stderr, "group "+group) || !strings.Contains(stderr, "before adopting") {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, out, stderr)
			}
		})
	}
}

// MirrorMaker's own offsets decide between equal records.
func TestAdoptReadsHints(t *testing.T) {
	west, east, config := twoClusters(t, "orders", "all-orders", "mm2-offset-syncs.east.internal", "mm2-offsets.west.internal")
	for range 4 {
		write(t, west, "orders", 0, "same")
	}
	for range 2 {
		write(t, east, "all-orders", 0, "same")
	}
	if r := adopt(t, config, exitDifferent, "--dry-run"); r.Partitions[0].State != stateRefused {
		t.Errorf("without hints: got %+v", r)
	}
	write := func(client *kgo.Client, topic string, key, value []byte) {
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: key, Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	write(west, "mm2-offset-syncs.east.internal", syncKey("orders", 0), syncValue(1, 1))
	write(west, "mm2-offset-syncs.east.internal", []byte("nonsense"), nil)
	write(east, "mm2-offsets.west.internal", []byte(`["MirrorSourceConnector",{"cluster":"west","partition":0,"topic":"orders"}]`), []byte(`{"offset":0}`))
	write(east, "mm2-offsets.west.internal", []byte(`[]`), []byte(`nonsense`))
	if r := adopt(t, config, exitOK, "--dry-run"); r.Partitions[0].SourceOffset != 2 || r.Partitions[1].State != stateBegin {
		t.Errorf("with hints: got %+v", r)
	}
}

func syncKey(topic string, partition int32) []byte {
	key := append(binary.BigEndian.AppendUint16(nil, uint16(len(topic))), topic...)
	return binary.BigEndian.AppendUint32(key, uint32(partition))
}

func syncValue(source, target int64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(source)), uint64(target))
}

// Topics that the target lacks, or lacks partitions of, are left to mirror run.
func TestAdoptAbsent(t *testing.T) {
	west, _, config := twoClusters(t, "orders")
	write(t, west, "orders", 0, "a")
	if r := adopt(t, config, exitOK, "--yes"); r.Adopted != 0 || r.Written || r.Partitions[0].State != stateAbsent || r.Partitions[0].TargetEnd != -1 {
		t.Errorf("got %+v", r)
	}
}

func TestHints(t *testing.T) {
	topic, partition, pair, ok := parseOffsetSync(syncKey("orders", 3), syncValue(7, 9))
	if !ok || topic != "orders" || partition != 3 || pair != (replicate.OffsetPair{Source: 7, Target: 9}) {
		t.Errorf("got %s %d %v %t", topic, partition, pair, ok)
	}
	hints := make(mm2Offsets)
	for i := range int64(maxPairs + 5) {
		hints.offsetSync(&kgo.Record{Key: syncKey("orders", 3), Value: syncValue(i, i)})
	}
	if got := hints.of("orders", 3); got.Next != -1 || len(got.Pairs) != maxPairs || got.Pairs[0].Source != 5 {
		t.Errorf("got %d pairs from %v", len(got.Pairs), got.Pairs[0])
	}
	const key = `["west->east.MirrorSourceConnector",{"cluster":"west","partition":2,"topic":"orders"}]`
	for _, test := range []struct {
		key, value string
		next       int64
		ok         bool
	}{
		{key, `{"offset":41}`, 42, true},
		{key, ``, -1, true},
		{key, `{"offset":-1}`, -1, true},
		{strings.Replace(key, `"west"`, `"north"`, 1), `{"offset":41}`, 0, false},
		{strings.Replace(key, "Source", "Checkpoint", 1), `{"offset":41}`, 0, false},
		{strings.Replace(key, `2`, `-2`, 1), `{"offset":41}`, 0, false},
		{`{}`, `{"offset":41}`, 0, false},
	} {
		at, next, ok := parseConnectOffset([]byte(test.key), []byte(test.value), "west")
		if ok != test.ok || next != test.next || ok && at != (topicPartition{"orders", 2}) {
			t.Errorf("%s %s: got %v, %d, %t", test.key, test.value, at, next, ok)
		}
	}
}

func FuzzOffsetSync(f *testing.F) {
	f.Add(syncKey("orders", 3), syncValue(7, 9))
	f.Add([]byte{0, 200}, []byte{})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		topic, partition, pair, ok := parseOffsetSync(key, value)
		if ok && (!slices.Equal(syncKey(topic, partition), key) || !slices.Equal(syncValue(pair.Source, pair.Target), value)) {
			t.Errorf("%q %q: got %s %d %v", key, value, topic, partition, pair)
		}
	})
}

func FuzzConnectOffset(f *testing.F) {
	f.Add([]byte(`["MirrorSourceConnector",{"cluster":"west","partition":0,"topic":"orders"}]`), []byte(`{"offset":0}`))
	f.Add([]byte(`[`), []byte(nil))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		if at, next, ok := parseConnectOffset(key, value, "west"); ok && (at.partition < 0 || next < -1) {
			t.Errorf("%q %q: got %v, %d", key, value, at, next)
		}
	})
}

// Where names are kept both ways, what the other copier wrote would come back.
func TestAdoptWarnsOfReturn(t *testing.T) {
	_, _, config := twoClusters(t, "orders")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	both := strings.Split(string(text), "routes:")[0] + `routes:
  - {from: west, to: east, topics: [orders], rename: "{topic}"}
  - {from: east, to: west, topics: [orders], rename: "{topic}"}
`
	if err := os.WriteFile(config, []byte(both), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := mirror(t, "adopt", "--config", config, "--route", "west-to-east", "--dry-run", "--settle", "0s")
	if code != exitOK || !strings.Contains(stderr, "warning: route east-to-west copies topic orders back") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

// What is written while a person thinks about the question is seen.
func TestAdoptLooksAgain(t *testing.T) {
	_, east, path := handCopied(t)
	cfg, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := openAdoption(t.Context(), cfg, cfg.Routes[0], adoptOptions{effort: 1000}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	if err := a.find(t.Context()); err != nil || a.report.Adopted != 2 {
		t.Fatalf("got %+v, %v", a.report, err)
	}
	write(t, east, "all-orders", 0, "0-3")
	if err := a.write(t.Context()); err != nil || a.report.Adopted != 1 || a.report.Refused != 1 {
		t.Errorf("got %+v, %v", a.report, err)
	}
	if r := adopt(t, path, exitOK, "--dry-run"); r.Adopted != 1 || r.Ours != 1 || r.Partitions[0].SourceOffset != 4 {
		t.Errorf("afterwards: got %+v", r)
	}
}
