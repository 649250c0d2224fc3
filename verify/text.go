package verify

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	r.summary(&b)
	for _, d := range r.Differences {
		fmt.Fprintf(&b, "  %s\n", d)
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&b, "  … and %s more\n", number(r.Omitted))
	}
	for _, p := range r.Errors() {
		fmt.Fprintf(&b, "  error     %s[%d] → %s[%d]: %s\n", p.Source, p.Partition, p.Target, p.Partition, p.Error)
	}
	for _, l := range r.Losses {
		fmt.Fprintf(&b, "  known loss %s[%d] offsets %d to %d: %s\n", l.Topic, l.Partition, l.From, l.To-1, l.Cause)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note: %s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// summary writes the result and what it covers.
func (r *Report) summary(b *strings.Builder) {
	name := "verify"
	if r.Route != "" {
		name += " " + r.Route
	}
	switch n := r.Total(); {
	case n > 0:
		fmt.Fprintf(b, "%s: %s (%s)\n", name, plural(n, "difference"), r.kinds())
	case len(r.Errors()) > 0:
		fmt.Fprintf(b, "%s: %s could not be compared\n", name, plural(int64(len(r.Errors())), "partition"))
	default:
		fmt.Fprintf(b, "%s: 0 differences\n", name)
	}
	topics := make(map[string]bool)
	var sourceOnly, targetOnly, leftOut, others int64
	for _, p := range r.Partitions {
		topics[p.Source] = true
		sourceOnly += p.SourceOnly
		targetOnly += p.TargetOnly
		leftOut += p.LeftOut
		others += p.Others
	}
	fmt.Fprintf(b, "  %s equal (%s) in %s of %s, %.1f s", plural(r.Records, "record"), size(r.Bytes),
		plural(int64(len(r.Partitions)), "partition"), plural(int64(len(topics)), "topic"), r.Seconds)
	if r.Sampled > 0 {
		fmt.Fprintf(b, ", a sample of %g %%", r.Sampled)
	}
	b.WriteString("\n")
	for _, c := range []struct {
		n    int64
		what string
	}{
		{r.NotCopied, "not copied yet"},
		{r.KnownLost, "in recorded losses"},
		{sourceOnly, "only on the source, older than what the target still has or was told to copy"},
		{targetOnly, "only on the target, older than what the source still has"},
		{leftOut, "left out because a mirror wrote them"},
		{others, "of other writers on the target"},
	} {
		if c.n > 0 {
			fmt.Fprintf(b, "  %s %s\n", plural(c.n, "record"), c.what)
		}
	}
}

// kinds lists the counts by kind, such as "2 lost, 1 changed".
func (r *Report) kinds() string {
	var out []string
	for _, k := range Kinds() {
		if n := r.Counts[k]; n > 0 {
			out = append(out, number(n)+" "+string(k))
		}
	}
	return strings.Join(out, ", ")
}

// String names the difference with both offsets.
func (d Difference) String() string {
	source, target := d.Source.run(d.Count), d.Target.run(d.Count)
	switch d.Missing {
	case "source":
		source = fmt.Sprintf("%s[%d] has no such record (next is %d)", d.Source.Topic, d.Source.Partition, d.Source.Offset)
	case "target":
		target = fmt.Sprintf("%s[%d] has no such record (before %d)", d.Target.Topic, d.Target.Partition, d.Target.Offset)
	}
	s := fmt.Sprintf("%-9s %s → %s", d.Kind, source, target)
	var more []string
	if len(d.Parts) > 0 {
		more = append(more, strings.Join(d.Parts, ", "))
	}
	if d.Count > 1 {
		unit := "record"
		if d.Kind == Hole {
			unit = "offset"
		}
		more = append(more, plural(d.Count, unit))
	}
	if d.Detail != "" {
		more = append(more, d.Detail)
	}
	if len(more) > 0 {
		s += ": " + strings.Join(more, "; ")
	}
	return s
}

// run names n records from the place on.
func (p Place) run(n int64) string {
	if n > 1 {
		return fmt.Sprintf("%s[%d]@%d–%d", p.Topic, p.Partition, p.Offset, p.Offset+n-1)
	}
	return fmt.Sprintf("%s[%d]@%d", p.Topic, p.Partition, p.Offset)
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return number(n) + " " + what + "s"
}

// number writes n with commas between thousands.
func number(n int64) string {
	digits := []byte(strconv.FormatInt(n, 10))
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = slices.Insert(digits, i, ',')
	}
	return string(digits)
}

// size writes bytes with a binary unit.
func size(n int64) string {
	v, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if v < 1024 {
			break
		}
		v, unit = v/1024, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}
