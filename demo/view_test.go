package demo

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestScreen(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, tty: true}
	s.show("one\ntwo\n")
	fmt.Fprint(s, "half a line, ")
	fmt.Fprint(s, "the rest\nmore")
	s.show("three\n")
	s.done()
	want := "one\ntwo\n" + "\x1b[2A\x1b[Jhalf a line, the rest\none\ntwo\n" + "\x1b[2A\x1b[Jthree\n" + "more\n"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBlock(t *testing.T) {
	s := snapshot{elapsed: 12 * time.Second, total: 20 * time.Second, state: "waiting (cluster east cannot be reached at 127.0.0.1:1234: connection refused)", verified: 1_234_567,
		lines: []line{{source: "clicks.web", target: "west.web.clicks", written: 12_345_678, arrived: 12_345_000, records: 123_456, bytes: 12.3e6, age: 12 * time.Millisecond}}}
	got := s.block()
	for _, want := range []string{"clicks.web", "west.web.clicks", "123,456", "12.30", "678", "12ms", "12s of 20s", "1,234,567 records equal", "each once and in order"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	for l := range strings.Lines(got) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > columns {
			t.Errorf("%d columns: %s", n, l)
		}
	}
	s.held, s.faults = true, 3
	s.state = "copying"
	if got := s.block() + s.plain(); !strings.Contains(got, "the load waits for it") || !strings.Contains(got, "3 FAULTS") {
		t.Errorf("got %s", got)
	}
}

func TestValues(t *testing.T) {
	id := identity{"r1", "orders", 3, 42}
	v := id.appendValue(nil, `"a":1`)
	if got, err := parseValue(v); got != id || err != nil {
		t.Errorf("got %+v, %v from %s", got, err, v)
	}
	for i := range v {
		damaged := bytes.Clone(v)
		damaged[i] ^= 4
		if got, err := parseValue(damaged); err == nil {
			t.Errorf("byte %d damaged, still read as %+v", i, got)
		}
	}
	for _, v := range []string{"", "{", `{"id":"`, `{"id":"a/b/c/d","crc":"00000000"}`, `{"id":"a/b/1/1"}`} {
		if _, err := parseValue([]byte(v)); err == nil {
			t.Errorf("%q was read", v)
		}
	}
}
