package clusters

import (
	"testing"

	"mirror/e2e/leaks"
)

// TestMain fails the run when goroutines of this package or of franz-go are left at its end.
func TestMain(m *testing.M) { leaks.Main(m, "mirror/clusters.", "franz-go") }
