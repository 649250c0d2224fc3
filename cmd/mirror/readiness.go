package main

import (
	"fmt"

	"mirror/clusters"
	"mirror/replicate"
)

// readiness is the engine, with an answer of its own to whether the process is ready
// where there are no routes that could tell.
type readiness struct {
	*replicate.Mirror
	alone    bool // there are no routes
	clusters func() []clusters.Summary
}

// Ready says whether the process does its work, and if not, why. One that only looks
// at clusters does when it has looked at all of them and at least one has answered:
// its page is wanted most when another one does not.
func (r readiness) Ready() (bool, []string) {
	if !r.alone {
		return r.Mirror.Ready()
	}
	var waiting, silent []string
	looked := 0
	for _, c := range r.clusters() {
		switch c.State {
		case clusters.Off:
			continue
		case clusters.Starting:
			waiting = append(waiting, fmt.Sprintf("cluster %s: not looked at yet", c.Name))
		case clusters.Unreachable:
			silent = append(silent, fmt.Sprintf("cluster %s: %s", c.Name, c.Reason))
		}
		looked++
	}
	why := append(waiting, silent...)
	if len(waiting) > 0 || looked > 0 && len(silent) == looked {
		return false, why
	}
	return true, nil
}
