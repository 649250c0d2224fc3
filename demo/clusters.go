package demo

import (
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
)

// The clusters of the demo.
const (
	West = "west" // the source
	East = "east" // the target
)

// segmentBytes is small because an embedded cluster gives memory back by whole segments.
const segmentBytes = 512 << 10

// Clusters are two embedded clusters on loopback. They hold their logs in memory.
type Clusters struct {
	West, East *kfake.Cluster
}

// NewClusters starts both clusters with two brokers each and different cluster ids. opts are added for both.
func NewClusters(opts ...kfake.Opt) (*Clusters, error) {
	west, err := newCluster(West, opts)
	if err != nil {
		return nil, err
	}
	east, err := newCluster(East, opts)
	if err != nil {
		west.Close()
		return nil, err
	}
	return &Clusters{West: west, East: east}, nil
}

func newCluster(name string, opts []kfake.Opt) (*kfake.Cluster, error) {
	c, err := kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(2),
		kfake.ClusterID("demo-" + name),
		kfake.BrokerConfigs(map[string]string{
			"log.segment.bytes":            fmt.Sprint(segmentBytes),
			"log.cleaner.backoff.ms":       "30000", // how often compacted topics are compacted
			"offsets.retention.minutes":    "60",
			"group.min.session.timeout.ms": "1000",
		}),
	}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("start the embedded cluster %s: %w", name, err)
	}
	return c, nil
}

// of returns the cluster with the name.
func (c *Clusters) of(name string) *kfake.Cluster {
	if name == East {
		return c.East
	}
	return c.West
}

// Close stops both.
func (c *Clusters) Close() {
	c.West.Close()
	c.East.Close()
}

// bootstrap returns a cluster's addresses as clients take them.
func bootstrap(c *kfake.Cluster) string { return strings.Join(c.ListenAddrs(), ",") }

// held returns how many bytes of the topics the cluster holds.
func held(c *kfake.Cluster, topics []string) int64 {
	var n int64
	for _, t := range topics {
		for _, p := range c.PartitionInfos(t) {
			n += p.NumBytes
		}
	}
	return n
}

// trim deletes a partition's records below the offset.
func trim(c *kfake.Cluster, topic string, partition int32, offset int64) {
	if p := c.PartitionInfo(topic, partition); p != nil && offset > p.LogStartOffset && offset <= p.HighWatermark {
		_ = c.DeleteRecords(topic, partition, offset) // the bounds were checked; the log only grows
	}
}
