package main

import (
	"strings"
	"testing"

	"mirror/clusters"
)

// A process without routes is ready when it has looked at all clusters and one has
// answered, and else says why it is not.
func TestReadinessWithoutRoutes(t *testing.T) {
	at := func(name string, state clusters.State, reason string) clusters.Summary {
		return clusters.Summary{Name: name, State: state, Reason: reason}
	}
	up, down := at("west", clusters.OK, ""), at("east", clusters.Unreachable, "no broker answers")
	for _, test := range []struct {
		name     string
		clusters []clusters.Summary
		want     string // empty: ready
	}{
		{"all answer", []clusters.Summary{up, up}, ""},
		{"one answers", []clusters.Summary{up, down}, ""},
		{"none answers", []clusters.Summary{down, at("west", clusters.Unreachable, "timeout"), at("off", clusters.Off, "")}, "cluster east: no broker answers\ncluster west: timeout"},
		{"the first look", []clusters.Summary{up, down, at("north", clusters.Starting, "")}, "cluster north: not looked at yet\ncluster east: no broker answers"},
		{"nothing to look at", []clusters.Summary{at("off", clusters.Off, "")}, ""},
	} {
		r := readiness{alone: true, clusters: func() []clusters.Summary { return test.clusters }}
		ready, why := r.Ready()
		if got := strings.Join(why, "\n"); ready != (test.want == "") || got != test.want {
			t.Errorf("%s: got %v, %q", test.name, ready, got)
		}
	}
}
