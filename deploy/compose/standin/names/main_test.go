package main

import (
	"bytes"
	"testing"
)

// kafka is a query for the address of kafka, with something added at its end.
var kafka = []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x05kafka\x00\x00\x01\x00\x01added")

func TestUnknown(t *testing.T) {
	if got, want := unknown(kafka), []byte("\x12\x34\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00\x05kafka\x00\x00\x01\x00\x01"); !bytes.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, bad := range [][]byte{nil, kafka[:11], kafka[:20], bytes.Replace(kafka, []byte{1, 0}, []byte{0x81, 0}, 1)} {
		if got := unknown(bad); got != nil {
			t.Errorf("%q is answered with %q", bad, got)
		}
	}
}
