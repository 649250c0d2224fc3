package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"mirror/config"
)

// History in memory is part of limits.memory and at most a quarter of it; in a
// file it takes nothing from the records on their way.
func TestHistoryInMemoryIsCounted(t *testing.T) {
	for _, test := range []struct {
		name   string
		memory int64
		states []string // $STATE_DIRECTORY
		path   string
	}{
		{name: "in memory", memory: 256 << 20},
		{name: "in little memory", memory: 16 << 20},
		{name: "under systemd", memory: 256 << 20, states: []string{t.TempDir()}},
		{name: "under systemd with several directories", memory: 256 << 20, states: []string{t.TempDir(), t.TempDir()}},
		{name: "in a file", memory: 256 << 20, path: filepath.Join(t.TempDir(), "graphs")},
		{name: "in a file under systemd", memory: 256 << 20, states: []string{t.TempDir()}, path: filepath.Join(t.TempDir(), "graphs")},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := ""
			for _, dir := range test.states {
				list += string(filepath.ListSeparator) + dir
			}
			t.Setenv("STATE_DIRECTORY", list[min(len(list), 1):])
			cfg := &config.Config{Limits: config.Limits{Memory: test.memory}}
			cfg.Web.History.Path, cfg.Web.History.Series = test.path, 500
			h := openHistory(cfg, slog.New(slog.DiscardHandler))
			defer h.Close()
			engine := withoutHistory(cfg, h)
			if got, want := engine.Limits.Memory, test.memory-h.Memory(); got != want || cfg.Limits.Memory != test.memory {
				t.Errorf("the engine has %d bytes, want %d", got, want)
			}
			file := test.path
			if file == "" && len(test.states) > 0 {
				file = filepath.Join(test.states[0], "history")
			}
			if file == "" {
				if h.Memory() <= 0 || h.Memory() > test.memory/4 || h.Capacity() == 0 {
					t.Errorf("history takes %d of %d bytes for %d series", h.Memory(), test.memory, h.Capacity())
				}
				return
			}
			if info, err := os.Stat(file); err != nil || info.Size() == 0 || h.Memory() != 0 {
				t.Errorf("%v; history takes %d bytes of memory besides", err, h.Memory())
			}
		})
	}
}
