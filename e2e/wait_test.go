package e2e

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// patience keeps a run that hangs from lasting for ever. No test measures anything by it.
const patience = 4 * time.Minute

// eventually waits until the condition holds, that is returns nil.
func eventually(t *testing.T, what string, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s: %v", what, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// unique makes a name that no other test or run uses.
func unique(prefix string) string {
	return prefix + strconv.FormatUint(uint64(rand.Uint32()), 36)
}
