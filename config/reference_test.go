package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestReferenceHoldsTheDefaults(t *testing.T) {
	got := mustParse(t, string(Reference()))
	want := mustParse(t, `
clusters:
  west: {brokers: [west-1:9092, west-2:9092]}
  east: {brokers: [east-1:9092]}
routes:
  - {from: west, to: east, topics: [orders, "/clicks\\..*/"]}
`)
	for _, cfg := range []*Config{got, want} {
		for _, r := range cfg.Routes {
			// The default rule is the same whether it is written down or not.
			if d := r.Mapper.Decide("orders"); d.Target != "west.orders" {
				t.Errorf("got target %q, want west.orders", d.Target)
			}
			r.Mapper, r.Rename = nil, nil
		}
	}
	if !reflect.DeepEqual(got.Routes[0], want.Routes[0]) {
		t.Errorf("got route %+v, want %+v", got.Routes[0], want.Routes[0])
	}
	got.Routes, want.Routes = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// With every setting taken in, the reference is a file that works, and it speaks
// of every key.
func TestReferenceHasEveryKey(t *testing.T) {
	text := setting.ReplaceAllString(string(Reference()), "$1$2")
	mustParse(t, text)
	for _, key := range Keys() {
		_, last := cutLast(key.Path)
		if !regexp.MustCompile(`\b` + last + `:`).MatchString(text) {
			t.Errorf("key %s is not in the reference", key.Path)
		}
	}
}

// Every line of prose ends up with a setting it explains, and has no leftovers of one.
func TestReferenceExplainsInSentences(t *testing.T) {
	for i, line := range strings.Split(string(Reference()), "\n") {
		if len(line) > 90 {
			t.Errorf("line %d has %d characters, want at most 90", i+1, len(line))
		}
	}
}
