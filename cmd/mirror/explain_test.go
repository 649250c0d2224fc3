package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirror/config"
)

func TestExplain(t *testing.T) {
	for _, key := range []string{"", "routes.rename", "tls", "lanes", "clusters.west.sasl.password"} {
		code, out, stderr := mirror(t, "config", "explain", key)
		if code != exitOK || stderr != "" {
			t.Fatalf("%q: exit code %d, stderr %q", key, code, stderr)
		}
		golden(t, filepath.Join("testdata", "explain", firstOf(key, "all")+".txt"), []byte(out))
	}
	code, out, _ := mirror(t, "config", "explain", "lanes", "-o", "json")
	var document keysDocument
	if err := json.Unmarshal([]byte(out), &document); code != exitOK || err != nil || len(document.Keys) != 1 || document.Keys[0].Default != "16" {
		t.Errorf("exit code %d, %v, %s", code, err, out)
	}
	if _, out, _ := mirror(t, "config", "explain", "-o", "wide"); !strings.Contains(out, "MEANING") || strings.Count(out, "\n") != len(config.Keys())+1 {
		t.Errorf("got\n%s", out)
	}
}

// What the commands print can be used as it is.
func TestConfigReferenceAndSchema(t *testing.T) {
	code, out, _ := mirror(t, "config", "reference")
	path := filepath.Join(t.TempDir(), "mirror.yaml")
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path); err != nil || code != exitOK {
		t.Errorf("reference: exit code %d, %v", code, err)
	}
	code, out, _ = mirror(t, "config", "schema")
	if !json.Valid([]byte(out)) || code != exitOK {
		t.Errorf("schema: exit code %d, %s", code, out)
	}
}

func TestCompleteKeys(t *testing.T) {
	if got := complete(t, "config", "explain", "routes.on_"); len(got) != 2 || !strings.HasPrefix(got[0], "routes.on_loss\t") {
		t.Errorf("got %q", got)
	}
	if got := complete(t, "config", "explain", "name", ""); len(got) != 0 {
		t.Errorf("a second key: got %q, want nothing", got)
	}
}
