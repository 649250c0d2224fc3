package rename

import (
	"fmt"
	"testing"
)

func TestSelectionExamples(t *testing.T) {
	s, faults := SelectGroups([]string{"team/a", "/app-[0-9]+/", "billing", "/(x|y)\\..*/"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if got, want := fmt.Sprint(s.Exact()), "[billing team/a]"; got != want {
		t.Errorf("exact names: got %s, want %s", got, want)
	}
	examples := s.Examples()
	if len(examples) != 2 || !s.Takes(examples[0]) || !s.Takes(examples[1]) {
		t.Errorf("examples: got %q", examples)
	}
}
