package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirror/config"
)

const mm2Properties = `clusters = west, east
west.bootstrap.servers = west-1:9092
east.bootstrap.servers = east-1:9092
west->east.enabled = true
west->east.topics = orders
`

func TestConvert(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole := write("mm2.properties", mm2Properties)
	lossy := write("lossy.properties", mm2Properties+"our.secret.token = hunter2\n")

	code, text, stderr := mirror(t, "convert", whole)
	if code != exitOK || stderr != "" || !strings.Contains(text, "topics: [orders]") {
		t.Errorf("exit code %d, stderr %q, stdout %s", code, stderr, text)
	}
	code, text, stderr = mirror(t, "convert", lossy)
	if code != exitWithLosses || !strings.Contains(stderr, "dropped: our.secret.token (line 6)") || !strings.Contains(text, "# DROPPED our.secret.token") {
		t.Errorf("with a line that is dropped: exit code %d, stderr %q", code, stderr)
	}
	if strings.Contains(text+stderr, "hunter2") {
		t.Error("a value that could be a secret is shown")
	}

	out := filepath.Join(dir, "mirror.yaml")
	if code, text, _ = mirror(t, "convert", whole, "--out", out); code != exitOK || text != "" {
		t.Errorf("--out: exit code %d, stdout %q", code, text)
	}
	if cfg, err := config.Load(out); err != nil || cfg.Routes[0].Name != "west-to-east" {
		t.Errorf("the file that was written: %v", err)
	}
	before, _ := os.ReadFile(out)
	if code, _, stderr = mirror(t, "convert", lossy, "--out", out); code != exitUsage || !strings.Contains(stderr, "--yes") {
		t.Errorf("over a file that is there: exit code %d, stderr %q", code, stderr)
	}
	if after, _ := os.ReadFile(out); string(after) != string(before) {
		t.Error("the file was overwritten without --yes")
	}
	if code, _, _ = mirror(t, "convert", lossy, "--out", out, "--yes"); code != exitWithLosses {
		t.Errorf("with --yes: exit code %d", code)
	}
	if after, _ := os.ReadFile(out); string(after) == string(before) {
		t.Error("the file was not overwritten with --yes")
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".mirror-*"))
	if len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

func TestConvertErrors(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("clusters = one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ args, want string }{
		{"", "takes one file"},
		{"a b", "takes one file"},
		{broken, "copying needs two"},
		{broken + ".not", "no such file"},
	} {
		code, out, stderr := mirror(t, append([]string{"convert"}, strings.Fields(test.args)...)...)
		if code != exitUsage || out != "" || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q", test.args, code, out, stderr)
		}
	}
}
