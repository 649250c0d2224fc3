package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mirror.yaml")
	if _, err := Load(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that it does not exist", err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("got no error for a directory")
	}
	if err := os.WriteFile(path, []byte(minimal), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil || len(cfg.Warnings) != 0 {
		t.Errorf("got %v, %v, want no error and no warning", cfg, err)
	}
	if err := os.WriteFile(path, make([]byte, maxFile+100), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "larger than 4 MiB") {
		t.Errorf("got %v, want that it is too large", err)
	}
}

func TestLoadLooksAtFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions mean something else here")
	}
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"open": 0o644, "closed": 0o600, "group": 0o640} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), mode); err != nil {
			t.Fatal(err)
		}
	}
	load := func(sasl string, mode os.FileMode) string {
		path := filepath.Join(dir, "mirror.yaml")
		text := strings.Replace(minimal, "west-1:9092]", "west-1:9092], tls: {}, sasl: {mechanism: PLAIN, username: u, "+strings.ReplaceAll(sasl, "DIR", dir)+"}", 1)
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(cfg.Warnings, "\n")
	}
	tests := []struct {
		sasl string
		mode os.FileMode
		want string
	}{
		{"password_file: DIR/closed", 0o644, ""},
		{"password_file: DIR/group", 0o644, ""},
		{"password_file: DIR/open", 0o644, "every user of this machine can read"},
		{"password_file: DIR/none", 0o644, "no such file"},
		{"password_file: DIR", 0o644, "is a directory"},
		{"password: hunter2", 0o600, ""},
		{"password: hunter2", 0o644, "the configuration, which contains a secret"},
	}
	for _, tt := range tests {
		got := load(tt.sasl, tt.mode)
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got warnings %q, want one with %q", tt.sasl, got, tt.want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("MIRROR_CONFIG", "")
	if got, err := Find("flag.yaml"); got != "flag.yaml" || err != nil {
		t.Errorf("got %q, %v, want the flag", got, err)
	}
	if _, err := os.Stat("/etc/mirror/mirror.yaml"); err != nil {
		if got, err := Find(""); err == nil || !strings.Contains(err.Error(), "--config") {
			t.Errorf("got %q, %v, want an error that names the way out", got, err)
		}
	}
	if err := os.WriteFile("mirror.yaml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(""); got != "mirror.yaml" || err != nil {
		t.Errorf("got %q, %v, want mirror.yaml", got, err)
	}
	t.Setenv("MIRROR_CONFIG", "env.yaml")
	if got, err := Find(""); got != "env.yaml" || err != nil {
		t.Errorf("got %q, %v, want the environment's", got, err)
	}
}
