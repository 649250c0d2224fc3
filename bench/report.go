package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// float64s are measurements of one kind.
type float64s []float64

// quantile of a sorted copy; NaN of nothing.
func (f float64s) quantile(q float64) float64 {
	if len(f) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(f))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// median of an even number is the mean of the two in the middle.
func (f float64s) median() float64 {
	if len(f) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(f))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// row is one line of the tables: measurements by copier.
type row struct {
	label  string
	format string
	values map[string]float64s
}

// results are rows in the order in which they were first measured.
type results struct {
	rows  []*row
	notes []string // what could not be measured, and why
}

func (r *results) addNote(format string, a ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, a...))
}

func (r *results) add(label, format, copier string, value float64) {
	for _, known := range r.rows {
		if known.label == label {
			known.values[copier] = append(known.values[copier], value)
			return
		}
	}
	r.rows = append(r.rows, &row{label, format, map[string]float64s{copier: {value}}})
}

func (r *results) addCopied(w work, copier string, c copied) {
	title := fmt.Sprintf("%s, %.1f M x %d B", w.name, float64(w.records)/1e6, w.size)
	r.add(title+": CPU s", "%.2f", copier, c.cpu)
	r.add(title+": CPU s per GiB", "%.2f", copier, c.cpu/w.gib())
	r.add(title+": CPU s per M records", "%.2f", copier, c.cpu/float64(w.records)*1e6)
	r.add(title+": seconds", "%.1f", copier, c.seconds)
	r.add(title+": MiB/s after the first record", "%.0f", copier, w.gib()*1024/max(c.seconds-c.first, 0.001))
	r.add(title+": peak RSS MiB", "%.0f", copier, c.peak)
	r.add(title+": start to first record, s", "%.2f", copier, c.first)
}

func (r *results) addLive(name, copier string, values float64s) {
	switch name {
	case "latency":
		r.add("latency at 1,000 records/s, p50 ms", "%.1f", copier, values[0])
		r.add("latency at 1,000 records/s, p99 ms", "%.1f", copier, values[1])
	case "restart":
		r.add("kill -9 and restart to first new record, s", "%.2f", copier, values[0])
	case "newtopic":
		r.add("topic created while running to its first record, s", "%.1f", copier, values[0])
	}
}

// print writes one markdown table of medians, with how many times more than
// mirror the others took.
func (r *results) print(out io.Writer) {
	fmt.Fprintln(out, "| work, 8 partitions | mirror | kgo copier | MirrorMaker 2 | kgo / mirror | MirrorMaker 2 / mirror |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|")
	for _, row := range r.rows {
		cells := []string{row.label}
		for _, copier := range []string{"mirror", "kgo", "mm2"} {
			cells = append(cells, number(row.format, row.values[copier].median()))
		}
		for _, copier := range []string{"kgo", "mm2"} {
			cells = append(cells, number("%.1f", row.values[copier].median()/row.values["mirror"].median()))
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
	for _, note := range r.notes {
		fmt.Fprintf(out, "\nnot measured: %s\n", note)
	}
}

func number(format string, value float64) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return "-"
	}
	return fmt.Sprintf(format, value)
}
