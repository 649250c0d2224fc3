package main

import (
	"fmt"
	"io"
	"log/slog"

	"mirror/config"
)

// newLogger writes to stderr as the configuration says, without endless repeats.
func newLogger(c config.Log, stderr io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if c.Level != "" {
		if err := level.UnmarshalText([]byte(c.Level)); err != nil {
			return nil, fmt.Errorf("log.level %q: use debug, info, warn or error", c.Level)
		}
	}
	options := &slog.HandlerOptions{Level: level}
	switch c.Format {
	case "", "text":
		return slog.New(limitRepeats(slog.NewTextHandler(stderr, options))), nil
	case "json":
		return slog.New(limitRepeats(slog.NewJSONHandler(stderr, options))), nil
	}
	return nil, fmt.Errorf("log.format %q: use text or json", c.Format)
}
