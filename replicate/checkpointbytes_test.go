package replicate

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/batch"
	"mirror/offsets"
)

// batchBytes counts what of a topic came over the network, as it lies in the log.
type batchBytes struct{ sum atomic.Int64 }

func (b *batchBytes) OnFetchBatchRead(_ kgo.BrokerMetadata, _ string, _ int32, m kgo.FetchBatchMetrics) {
	b.sum.Add(batch.HeaderSize + int64(m.CompressedBytes))
}

// A partition that moves writes its checkpoint and the end of its offset map once
// a second, in some hundred bytes; docs/operating.md has the figure that is logged
// here, for whoever plans disks. One that rests writes nothing.
func TestBytesOfCheckpoints(t *testing.T) {
	const partitions, rounds = 12, 5
	for _, c := range []struct {
		name string
		most int64 // bytes of each checkpoint with its map
		opts []kgo.Opt
	}{
		{"without gaps", 600, []kgo.Opt{kgo.DisableIdempotentWrite()}},
		{"up to ten transactions a second", 2500, []kgo.Opt{kgo.TransactionalID("writer")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, kfake.SeedTopics(partitions, "orders"))
			cfg := p.config(t, "topics: [orders]")
			_, stop := startMirror(t, cfg, "p1")
			defer stop()
			var bytes batchBytes
			writer := client(t, p.west, append(c.opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
			writeRound(t, writer, partitions)
			values(t, p.east, "west.orders", partitions-1, 1) // the route runs, and its claims are written
			reader := client(t, p.east, kgo.ConsumeTopics("__mirror_west-to-east"), kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()), kgo.WithHooks(&bytes))

			seen, last := 0, make(map[int32]offsets.Checkpoint)
			for began := time.Now(); seen < rounds*partitions; {
				if time.Since(began) > patience {
					t.Fatalf("%d checkpoints came", seen)
				}
				writeRound(t, writer, partitions)
				seen += readCheckpoints(t, reader, last)
			}
			each := bytes.sum.Load() / int64(seen)
			t.Logf("%d bytes for each checkpoint with its map: %.2f KB a second and replica for a partition that moves, %.0f MB a day",
				each, float64(each)/1e3, float64(each)*86400/1e6)
			if each > c.most {
				t.Errorf("%d bytes for each checkpoint, more than %d", each, c.most)
			}
			for range 25 { // rounds of rest: readCheckpoints complains of what says the same again
				readCheckpoints(t, reader, last)
			}
		})
	}
}

// writeRound writes some records to each partition, in one transaction where the
// client makes them.
func writeRound(t *testing.T, writer *kgo.Client, partitions int32) {
	t.Helper()
	id, _ := writer.OptValue(kgo.TransactionalID).(string)
	transactional := id != ""
	if transactional {
		if err := writer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
	}
	var records []*kgo.Record
	for n := range partitions {
		for range 1 + rand.IntN(1000) {
			records = append(records, &kgo.Record{Topic: "orders", Partition: n, Value: []byte("a record")})
		}
	}
	if err := writer.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if transactional {
		if err := writer.EndTransaction(context.Background(), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
	}
}

// readCheckpoints counts the checkpoints that come within a tenth of a second.
// That of a partition says something else than the one before it, or none is written.
func readCheckpoints(t *testing.T, reader *kgo.Client, last map[int32]offsets.Checkpoint) (seen int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	for ctx.Err() == nil {
		reader.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			key, err := offsets.DecodeKey(r.Key)
			if err != nil {
				t.Fatal(err)
			}
			if key.Kind != offsets.KindCheckpoint {
				return
			}
			value, err := offsets.Decode(key.Kind, r.Value)
			if err != nil {
				t.Fatal(err)
			}
			cp := value.(offsets.Checkpoint)
			if before, known := last[key.Partition]; known && cp.Source <= before.Source {
				t.Errorf("the checkpoint of partition %d did not move on from %d", key.Partition, before.Source)
			}
			last[key.Partition] = cp
			seen++
		})
	}
	return seen
}
