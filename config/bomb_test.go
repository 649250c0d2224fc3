package config

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// Files that are made to be expensive are refused with little time and memory. The
// time is shown and not judged: an explosion would take hours.
func TestBombs(t *testing.T) {
	const big = 1 << 19
	fill := func(s string) string { return strings.Repeat(s, big/len(s)) }
	files := map[string]string{
		"nothing but brackets":       fill("["),
		"nothing but braces":         fill("{"),
		"open brackets":              strings.Repeat("[", 9_000),
		"closed brackets":            strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000),
		"dashes":                     fill("- "),
		"dashes within limits":       strings.Repeat("- ", 9_000) + "x",
		"deep keys":                  fill("? "),
		"many values":                "[" + fill("a,"),
		"many lines":                 fill("a: b\n"),
		"many comments":              fill("#\n"),
		"long comments":              fill("# " + strings.Repeat("x", 100) + "\n"),
		"comments between keys":      strings.Repeat("# comment\n", 15_000) + "a: b\n" + strings.Repeat("# comment\n", 15_000) + "c: d\n",
		"one long word":              fill("x"),
		"one long key":               fill("x") + ": y",
		"one long quote":             `"` + fill("x"),
		"one long quote, closed":     `"` + fill(`\x41`) + `"`,
		"many quotes":                fill(`"`),
		"many documents":             fill("---\n"),
		"many anchors":               fill("&a "),
		"many unknown keys":          strings.Repeat("abcdefgh: 1\n", 20_000),
		"many duplicate keys":        "clusters: {" + strings.Repeat("a: {}, ", 20_000) + "}",
		"many secrets":               "a: {" + strings.Repeat("password: x, ", 20_000) + "}",
		"nested secrets":             strings.Repeat("{password: ", 9_000),
		"secrets on many lines":      strings.Repeat("- password:\n   x\n", 15_000),
		"many variables":             "name: " + fill("$$"),
		"blanks":                     fill(" "),
		"tabs":                       fill("\t"),
		"newlines":                   fill("\n"),
		"zeros":                      fill("\x00"),
		"larger than any":            strings.Repeat("x", maxFile+1),
		"unclosed on many lines":     "a: [" + strings.Repeat("b,\n", 20_000),
		"colons":                     fill(": "),
		"many topics":                strings.Replace(minimal, "[orders]", "["+strings.Repeat("o, ", 20_000)+"p]", 1),
		"many bad topics":            strings.Replace(minimal, "[orders]", "["+strings.Repeat("'!', ", 20_000)+"p]", 1),
		"many routes":                minimal + strings.Repeat("  - {from: west, to: east, topics: [x]}\n", 20_000),
		"aliases of aliases":         laughs(),
		"an alias of itself":         "a: &a [*a]",
		"merge keys":                 "a: &a {b: c}\nd: {<<: [*a, *a, *a]}",
		"a regular expression":       strings.Replace(minimal, "orders", `"/((a{1000}){1000}){1000}/"`, 1),
		"a long expression":          strings.Replace(minimal, "orders", `"/`+strings.Repeat("(", 100_000)+strings.Repeat(")", 100_000)+`/"`, 1),
		"edit distance of megabytes": "clusters" + fill("x") + ": 1",
	}
	for name, text := range files {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			cfg, err := Parse("bomb.yaml", []byte(text), environment)
			took := time.Since(begin)
			runtime.ReadMemStats(&after)
			allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
			if err != nil {
				if n := len(err.Error()); n > 1<<20 {
					t.Errorf("got %d bytes of error text", n)
				}
			} else if cfg == nil || name != "many topics" {
				t.Errorf("got %v, want faults", cfg)
			}
			t.Logf("%v, %d MiB", took, allocated)
			if allocated > 300 && !raceDetector { // which makes pools forget what they hold
				t.Errorf("allocated %d MiB in all", allocated)
			}
		})
	}
}

// laughs is the classic: a few hundred bytes that mean gigabytes.
func laughs() string {
	var b strings.Builder
	b.WriteString("a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
	for c := 'b'; c <= 'z'; c++ {
		b.WriteString(string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 8) + "*" + string(c-1) + "]\n")
	}
	return b.String()
}
