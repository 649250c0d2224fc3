package main

import "testing"

// A route that never ran, or not for long, has no group: newer brokers answer
// that with an error.
func TestNoFleet(t *testing.T) {
	_, _, path := twoClusters(t, "orders")
	target, route := oneRoute(t, path)
	if n, err := fleetSize(t.Context(), target, route); n != 0 || err != nil {
		t.Errorf("got %d processes, %v, want none", n, err)
	}
}
