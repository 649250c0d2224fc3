//go:build race

package batch

// raceEnabled: the race detector makes sync.Pool forget at random, so what is
// allocated says nothing.
const raceEnabled = true
