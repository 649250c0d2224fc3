package main

import (
	"os"
	"runtime/debug"
)

const (
	// heapHeadroom is what the process needs beside the byte budget: stacks,
	// metadata of many thousand partitions, TLS and decompression state.
	heapHeadroom = 128 << 20
	// gcPercent is half of Go's default. Most of the heap is the pooled buffers
	// of the byte budget, which live on from one fetch to the next; at 100 the
	// collector would let garbage grow to the size of all of them again. There is
	// little garbage, so that collecting it twice as often costs next to nothing.
	gcPercent = 50
)

// limitMemory makes the collector work harder before the process outgrows
// limits.memory plus the headroom. The limit is soft: the byte budget is what
// holds memory down, and this keeps garbage from adding to it. Values that the
// operator set in the environment win.
func limitMemory(budget int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(budget + heapHeadroom)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
