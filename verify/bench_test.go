package verify

import (
	"context"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// BenchmarkRun compares 8 partitions of small lz4 records; both clusters are in this process, too.
func BenchmarkRun(b *testing.B) {
	const partitions, records = 8, 25_000
	var clients [2]*kgo.Client
	for i, topic := range []string{"a", "west.a"} {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic))
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.Lz4Compression()))
		if err != nil {
			b.Fatal(err)
		}
		defer cl.Close()
		clients[i] = cl
		for p := range int32(partitions) {
			for _, r := range steady("a", p, records) {
				r.Topic = topic
				cl.Produce(context.Background(), r, nil)
			}
		}
		if err := cl.Flush(context.Background()); err != nil {
			b.Fatal(err)
		}
		if ends, err := kadm.NewClient(cl).ListEndOffsets(context.Background(), topic); err != nil || ends[topic][0].Offset != records {
			b.Fatal(fmt.Sprint(ends, err))
		}
	}
	for b.Loop() {
		r, err := Run(context.Background(), clients[0], clients[1], []Pair{{Source: "a", Target: "west.a"}}, Options{})
		if err != nil || !r.Equal() || r.Records != partitions*records {
			b.Fatal(err, text(r))
		}
	}
	b.ReportMetric(float64(partitions*records*b.N)/b.Elapsed().Seconds(), "records/s")
}
