package main

import (
	"os"
	"strings"
	"testing"
)

func TestMedianAndQuantile(t *testing.T) {
	tests := []struct {
		values        float64s
		median, worst float64
	}{
		{float64s{3}, 3, 3},
		{float64s{3, 1, 2}, 2, 3},
		{float64s{4, 1, 2, 3}, 2.5, 4},
	}
	for _, test := range tests {
		if got := test.values.median(); got != test.median {
			t.Errorf("median of %v: got %v, want %v", test.values, got, test.median)
		}
		if got := test.values.quantile(0.99); got != test.worst {
			t.Errorf("p99 of %v: got %v, want %v", test.values, got, test.worst)
		}
	}
}

func TestTable(t *testing.T) {
	var r results
	w := work{"lz4", 1e6, 100, "lz4"}
	for _, cpu := range []float64{1, 3, 2} {
		r.addCopied(w, "mirror", copied{first: 0.5, seconds: 10, cpu: cpu, peak: 100})
	}
	r.addCopied(w, "kgo", copied{first: 0.5, seconds: 20, cpu: 30, peak: 500})
	r.addNote("newtopic of %s: %v", "mm2", "late")
	var out strings.Builder
	r.print(&out)
	for _, want := range []string{"| lz4, 1.0 M x 100 B: CPU s | 2.00 | 30.00 | - | 15.0 | - |\n", "\nnot measured: newtopic of mm2: late\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nwant %q inside", out.String(), want)
		}
	}
}

// This process is one that /proc tells about.
func TestProcess(t *testing.T) {
	p := &process{pid: os.Getpid()}
	if cpu, err := p.cpu(); err != nil || cpu < 0 || cpu > 1000 {
		t.Errorf("cpu: got %v, %v", cpu, err)
	}
	if peak, err := p.peak(); err != nil || peak < 1 || peak > 10_000 {
		t.Errorf("peak: got %v, %v", peak, err)
	}
}

func TestSampleValues(t *testing.T) {
	for _, value := range sampleValues(100) {
		if len(value) != 100 {
			t.Fatalf("got %d bytes, want 100", len(value))
		}
	}
}
