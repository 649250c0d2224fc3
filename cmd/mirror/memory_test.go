package main

import (
	"context"
	"runtime/debug"
	"testing"
)

func TestMemoryLimit(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	percent := debug.SetGCPercent(100)
	defer debug.SetMemoryLimit(before)
	defer debug.SetGCPercent(percent)
	ended, cancel := context.WithCancel(t.Context())
	cancel()

	t.Setenv("GOMEMLIMIT", "")
	t.Setenv("GOGC", "")
	partitions := func() int { return 1000 }
	memoryLimit{256 << 20, partitions}.run(ended)
	if got, want := debug.SetMemoryLimit(-1), int64(304<<20+1000*heapPerPartition); got != want {
		t.Errorf("limit: got %d, want %d", got, want)
	}
	if got := debug.SetGCPercent(100); got != gcPercent {
		t.Errorf("percent: got %d, want %d", got, gcPercent)
	}

	t.Setenv("GOMEMLIMIT", "1GiB")
	t.Setenv("GOGC", "80")
	debug.SetMemoryLimit(1 << 30)
	memoryLimit{256 << 20, partitions}.run(ended)
	if got := debug.SetMemoryLimit(-1); got != 1<<30 {
		t.Errorf("the operator's limit became %d", got)
	}
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("the operator's percent became %d", got)
	}
}
