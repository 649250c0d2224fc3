package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
)

// redacted stands wherever a secret would be printed.
const redacted = "[redacted]"

// maxSecret bounds a secret file, in bytes; OAuth tokens are the longest.
const maxSecret = 64 << 10

// Secret is a value that is never printed by accident: every way of turning
// it into text gives "[redacted]". Only Reveal returns it.
type Secret struct {
	// A pointer, because fmt prints the unexported fields of whatever holds a
	// Secret without asking its methods, and of a pointer it prints the address.
	value *string
}

// NewSecret wraps a value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the value itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no value, or an empty one.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, redacted) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (s Secret) MarshalYAML() (any, error)    { return redacted, nil }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }

// readSecret returns the inline value, or else what the file holds now. Files
// are read anew each time, so that a rotated secret needs no restart.
func readSecret(what string, inline Secret, path string) (Secret, error) {
	if path == "" {
		if inline.IsZero() {
			return Secret{}, fmt.Errorf("read %s: none is configured", what)
		}
		return inline, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, fmt.Errorf("read %s: %w", what, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return Secret{}, fmt.Errorf("read %s: %w", what, err)
	}
	if len(data) > maxSecret {
		return Secret{}, fmt.Errorf("read %s: file %s is larger than %d KiB, which no secret is", what, path, maxSecret>>10)
	}
	value, err := secretText(string(data))
	if err != nil {
		return Secret{}, fmt.Errorf("read %s: file %s %w", what, path, err)
	}
	return NewSecret(value), nil
}

// secretText cuts the newline that editors put at the end of a file.
func secretText(data string) (string, error) {
	value := strings.TrimSuffix(strings.TrimSuffix(data, "\n"), "\r")
	if value == "" {
		return "", errors.New("is empty")
	}
	return value, nil
}
