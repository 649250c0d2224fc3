package replicate

import (
	"testing"

	"mirror/e2e/leaks"
)

// TestMain fails the run when goroutines are left at its end: each of a mirror's
// has an owner that waits for it.
func TestMain(m *testing.M) { leaks.Main(m, "mirror/", "franz-go") }
