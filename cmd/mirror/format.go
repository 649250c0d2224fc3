package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"mirror/monitor"
)

// table aligns columns. Its cells hold no tabs or line breaks; cell sees to that.
type table struct{ w *tabwriter.Writer }

func newTable(out io.Writer, headings ...string) table {
	t := table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	if len(headings) > 0 {
		t.row(headings...)
	}
	return t
}

func (t table) row(cells ...string) {
	for i := range cells {
		cells[i] = cell(cells[i])
	}
	fmt.Fprintln(t.w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

func (t table) flush() error { return t.w.Flush() }

// cell makes one line of a text that came from elsewhere, and keeps control
// characters from the terminal.
func cell(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// count writes 1234567 as 1,234,567.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// plural writes 1 as "1 topic" and 1234 as "1,234 topics".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// byteCount writes bytes in the unit that keeps one to four digits.
func byteCount(n float64) string { return monitor.ByteCount(n) }

// seconds writes a lag as people say it; unknown is "?".
func seconds(lag *float64) string {
	if lag == nil {
		return "?"
	}
	if *lag < 10 {
		return fmt.Sprintf("%.1f s", *lag)
	}
	return time.Duration(*lag * float64(time.Second)).Round(time.Second).String()
}
