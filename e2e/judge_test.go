package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/e2e/truth"
	"mirror/e2e/workload"
)

// copies are the topics of a test, source to target, with clients of both sides.
type copies struct {
	t         *testing.T
	src, dst  *kgo.Client
	topics    map[string]string
	committed bool // the route copies committed records only
}

// logs reads every partition of a topic.
func logs(t *testing.T, client *kgo.Client, topic string) []*truth.Log {
	t.Helper()
	topics, err := kadm.NewClient(client).ListTopics(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	var all []*truth.Log
	for partition := range int32(len(topics[topic].Partitions)) {
		log, err := truth.Read(context.Background(), client, topic, partition)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, log)
	}
	return all
}

// waitCopied waits until the target holds as many records as the source, which nobody writes to any more.
func (c copies) waitCopied(d *daemon) {
	c.t.Helper()
	for _, source := range slices.Sorted(maps.Keys(c.topics)) {
		want := make(map[int32]int64)
		for _, log := range logs(c.t, c.src, source) {
			want[log.Partition] = int64(len(log.Data(c.committed)))
		}
		eventually(c.t, "the copy of "+source, func() error {
			d.alive()
			return behind(want, ends(c.dst, c.topics[source]))
		})
	}
}

// behind says which partition has fewer records than it should, nil if none has.
func behind(want, got map[int32]int64) error {
	for partition, n := range want {
		end, ok := got[partition]
		if !ok && n > 0 {
			return fmt.Errorf("partition %d cannot be asked or does not exist", partition)
		}
		if end < n {
			return fmt.Errorf("partition %d has %d of %d records", partition, end, n)
		}
	}
	return nil
}

// judge compares both sides record by record. The daemons should be stopped, so that nothing more can arrive.
func (c copies) judge() {
	c.t.Helper()
	for _, source := range slices.Sorted(maps.Keys(c.topics)) {
		from, to := logs(c.t, c.src, source), logs(c.t, c.dst, c.topics[source])
		if len(from) != len(to) {
			c.t.Errorf("%s has %d partitions, its copy %d", source, len(from), len(to))
			continue
		}
		for i := range from {
			c.judgePartition(from[i], to[i])
		}
	}
}

func (c copies) judgePartition(from, to *truth.Log) {
	c.t.Helper()
	for _, err := range differences(from, to, c.committed) {
		c.t.Errorf("%s/%d and its copy %s: %v", from.Topic, from.Partition, to.Topic, err)
	}
}

// differences are all that is wrong with a copy: records that differ, holes or markers in its log, records that were born
// elsewhere.
func differences(from, to *truth.Log, committed bool) []error {
	var found []error
	data := to.Data(false)
	if err := truth.Compare(from.Data(committed), data, workload.Identity).Err(); err != nil {
		found = append(found, err)
	}
	if err := truth.CleanLog(to); err != nil {
		found = append(found, err)
	}
	for _, r := range data {
		if wrong := workload.Misplaced(r, from.Topic, from.Partition); wrong != "" {
			return append(found, errors.New(wrong))
		}
	}
	return found
}
