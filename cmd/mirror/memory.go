package main

import (
	"context"
	"os"
	"runtime/debug"
	"time"
)

const (
	// heapHeadroom is what the process needs beside the byte budget: stacks,
	// clients, TLS and decompression state.
	heapHeadroom = 48 << 20
	// heapPerPartition is room for what is known of one partition, whoever copies it:
	// its state, its lane's records, its offset map. Far more than most need.
	heapPerPartition = 32 << 10
	// gcPercent is half of Go's default. Most of the heap is the pooled buffers
	// of the byte budget, which live on from one fetch to the next; at 100 the
	// collector would let garbage grow to the size of all of them again. There is
	// little garbage, so that collecting it twice as often costs next to nothing.
	gcPercent = 50
	// limitEvery is how often the limit follows the number of partitions.
	limitEvery = 5 * time.Second
)

// memoryLimit makes the collector work harder before the process outgrows
// limits.memory plus what it needs itself. The limit is soft: the byte budget is
// what holds memory down, and this keeps garbage from adding to it. It grows with
// the partitions, since a limit below what lives would make the collector run all
// the time. Values that the operator set in the environment win.
type memoryLimit struct {
	budget     int64
	partitions func() int // that something is known of
}

// run follows the number of partitions until ctx ends.
func (m memoryLimit) run(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	ticker := time.NewTicker(limitEvery)
	defer ticker.Stop()
	for last := int64(0); ; {
		if now := m.bytes(); now != last {
			debug.SetMemoryLimit(now)
			last = now
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (m memoryLimit) bytes() int64 {
	return m.budget + heapHeadroom + int64(m.partitions())*heapPerPartition
}
