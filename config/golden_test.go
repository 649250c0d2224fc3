package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// environment of the tests. PASSWORD is never in a file, only what an
// environment variable gave.
func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"EMPTY": "", "LANES": "8", "WORD": "word", "BROKERS": "hunter2", "PASSWORD": "hunter2",
		"WEST_PASSWORD": "hunter2", "SECRET": "hunter2",
	}[name]
	return value, ok
}

// Each broken file has a golden file with all that is said about it.
func TestBrokenFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("got %d files (%v), want at least 40", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := Parse(filepath.Base(file), data, environment)
			var faults *Faults
			if cfg != nil || !errors.As(err, &faults) {
				t.Fatalf("got %v, %T, want faults", cfg, err)
			}
			got := err.Error() + "\n"
			if strings.Contains(strings.ReplaceAll(got, "a${hunter2}b", ""), "hunter2") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			golden := "testdata/" + name + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
