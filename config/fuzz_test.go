package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Parse never panics, and gives either a configuration or faults that can be printed.
func FuzzParse(f *testing.F) {
	f.Add(Reference())
	f.Add([]byte(minimal))
	f.Add([]byte(setting.ReplaceAllString(string(Reference()), "$1$2")))
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := Parse("fuzz.yaml", data, environment)
		if (cfg == nil) == (err == nil) {
			t.Fatalf("got %v and %v", cfg, err)
		}
		if err != nil {
			var faults *Faults
			if !errors.As(err, &faults) || len(faults.List) == 0 {
				t.Fatalf("got %T without faults", err)
			}
			if !strings.Contains(err.Error(), "fuzz.yaml:") {
				t.Fatalf("got %q, want the place", err)
			}
			return
		}
		for _, r := range cfg.Routes {
			if r.Mapper == nil || r.Name == "" || cfg.Clusters[r.From] == nil || cfg.Clusters[r.To] == nil {
				t.Fatalf("got the incomplete route %+v", r)
			}
		}
	})
}
