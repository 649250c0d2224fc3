package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	secret := NewSecret("hunter2")
	holder := struct {
		Shown  Secret
		hidden Secret
		inside *SASL
	}{secret, secret, &SASL{Password: secret, ClientSecret: secret}}
	var printed []string
	for _, value := range []any{secret, &secret, holder, &holder, []Secret{secret}, map[string]Secret{"a": secret}, holder.inside, *holder.inside} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s", "%T %[1]v"} {
			printed = append(printed, fmt.Sprintf(verb, value))
		}
		asJSON, err := json.Marshal(value)
		if err != nil {
			t.Errorf("json: %v", err)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", value)
		printed = append(printed, string(asJSON), log.String(), fmt.Sprint(value), fmt.Sprintln(value))
	}
	for _, value := range []any{secret, holder.inside, map[string]Secret{"a": secret}} {
		asYAML, err := yaml.Marshal(value)
		if err != nil {
			t.Errorf("yaml: %v", err)
		}
		printed = append(printed, string(asYAML))
	}
	for _, text := range printed {
		if strings.Contains(text, "hunter") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("the secret is in %q", text)
		}
	}
	if got := fmt.Sprint(secret); got != redacted {
		t.Errorf("got %q, want %q", got, redacted)
	}
	if got := secret.Reveal(); got != "hunter2" {
		t.Errorf("got %q, want the secret", got)
	}
	if !(Secret{}).IsZero() || !NewSecret("").IsZero() || secret.IsZero() {
		t.Error("IsZero is wrong")
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name, text, want, wrong string
	}{
		{"plain", "secret", "secret", ""},
		{"newline", "secret\n", "secret", ""},
		{"windows", "secret\r\n", "secret", ""},
		{"only one newline is cut", "secret\n\n", "secret\n", ""},
		{"spaces stay", " secret ", " secret ", ""},
		{"empty", "", "", "is empty"},
		{"blank", "\n", "", "is empty"},
		{"huge", strings.Repeat("x", maxSecret+1), "", "larger than"},
	}
	for _, tt := range tests {
		s := &SASL{PasswordFile: write(tt.name, tt.text)}
		got, err := s.ReadPassword()
		if got.Reveal() != tt.want || (err != nil) != (tt.wrong != "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: got %q, %v, want %q, %q", tt.name, got.Reveal(), err, tt.want, tt.wrong)
		}
	}

	s := &SASL{TokenFile: write("token", "old\n"), ClientSecret: NewSecret("inline")}
	if got, err := s.ReadToken(); err != nil || got.Reveal() != "old" {
		t.Errorf("got %q, %v, want old", got.Reveal(), err)
	}
	write("token", "new\n")
	if got, err := s.ReadToken(); err != nil || got.Reveal() != "new" {
		t.Errorf("got %q, %v, want new: files are read anew", got.Reveal(), err)
	}
	if got, err := s.ReadClientSecret(); err != nil || got.Reveal() != "inline" {
		t.Errorf("got %q, %v, want the inline secret", got.Reveal(), err)
	}
	if _, err := s.ReadPassword(); err == nil {
		t.Error("got no error without a password")
	}
	if _, err := (&SASL{PasswordFile: filepath.Join(dir, "none")}).ReadPassword(); err == nil || !strings.Contains(err.Error(), "read password") {
		t.Errorf("got %v, want an error about the password", err)
	}
}
