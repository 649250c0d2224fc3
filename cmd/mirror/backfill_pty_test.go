//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestBackfillOnTerminal is asked, answers, watches the lines that change,
// interrupts, and lets it go on.
func TestBackfillOnTerminal(t *testing.T) {
	west, _, path := twoClusters(t, "orders")
	var records []*kgo.Record
	for i := range 3000 {
		records = append(records, &kgo.Record{Topic: "orders", Partition: int32(i % 2), Value: noiseOf(i, 1000), Timestamp: testTime})
	}
	if err := west.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	line := []string{"backfill", "--config", path, "--topic", "orders", "--rename", "{topic}.history", "--id", "h1"}

	c := onTerminal(t, 80, 24, nil, append(line, "--rate", "200KB")...)
	c.seeText("orders.history", "3,000", "Begin? [y/N]")
	c.press("y\n")
	c.see("the lines of a topic and of all", func(screen string) bool {
		return strings.Contains(screen, "orders  ") && strings.Contains(screen, "all     ") && strings.Contains(screen, "B/s  ETA")
	})
	c.press("\x03")
	c.seeText("backfill h1 is interrupted at", "the same command goes on")
	if code := c.end(); code != exitInterrupted {
		t.Errorf("Ctrl-C: exit code %d, want %d", code, exitInterrupted)
	}
	c.wantRestored()
	if screen := c.text(); strings.Contains(screen, "ETA") {
		t.Errorf("the lines stay on the screen:\n%s", screen)
	}

	c = onTerminal(t, 80, 24, nil, append(line, "--yes")...)
	c.seeText("3,000 records are copied")
	if code := c.end(); code != exitOK {
		t.Errorf("the same again: exit code %d", code)
	}
}

// noiseOf is n bytes that do not compress well.
func noiseOf(seed, n int) []byte {
	b := make([]byte, n)
	x := uint64(seed)*2862933555777941757 + 3037000493
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}
