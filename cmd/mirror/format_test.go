package main

import "testing"

func TestFormats(t *testing.T) {
	half, long := 0.5, 4000.0
	tests := []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(1000), "1,000"}, {count(1234567), "1,234,567"}, {count(-1234), "-1,234"},
		{byteCount(0), "0 B"}, {byteCount(1023), "1023 B"}, {byteCount(1536), "1.5 KiB"}, {byteCount(3 << 30), "3.0 GiB"}, {byteCount(1 << 62), "4096.0 PiB"},
		{seconds(nil), "?"}, {seconds(&half), "0.5 s"}, {seconds(&long), "1h6m40s"},
		{known(-1), "?"}, {known(0), "0"}, {recordsBehind(0, nil), "?"}, {recordsBehind(-1, &half), "?"}, {recordsBehind(0, &half), "0"}, {recordsBehind(1200, nil), "1,200"},
		{cell("a\tb\x1b[31m\n"), "a b [31m "},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"watch", "topic", "token-file", "route"}
	tests := []struct{ typed, want string }{
		{"wach", "watch"}, {"topci", "topic"}, {"tok", "token-file"}, {"to", ""}, {"router", "route"}, {"else", ""},
	}
	for _, test := range tests {
		if got := nearest(test.typed, words); got != test.want {
			t.Errorf("%s: got %q, want %q", test.typed, got, test.want)
		}
	}
}
