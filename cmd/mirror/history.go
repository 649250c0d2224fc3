package main

import (
	"log/slog"
	"os"
	"path/filepath"

	"mirror/config"
	"mirror/config/logkey"
	"mirror/monitor/history"
)

// historyShare is the part of limits.memory that history may take where it has no
// file: copying needs the rest.
const historyShare = 4

// openHistory opens what the page's graphs are drawn from.
func openHistory(cfg *config.Config, log *slog.Logger) *history.History {
	path := cfg.Web.History.Path
	if path == "" {
		// systemd gives a list when the unit names several directories.
		if dirs := filepath.SplitList(os.Getenv("STATE_DIRECTORY")); len(dirs) > 0 {
			path = filepath.Join(dirs[0], "history")
		}
	}
	h := history.Open(history.Options{Path: path, Series: cfg.Web.History.Series, Memory: cfg.Limits.Memory / historyShare, Log: log})
	if h.Memory() > 0 {
		log.Info("history is kept in memory, as part of limits.memory; web.history.path keeps it over a restart", logkey.Series, h.Capacity(), logkey.Bytes, h.Memory())
	}
	return h
}

// withoutHistory is the configuration of the engine: what history takes is not
// there for records on their way.
func withoutHistory(cfg *config.Config, h *history.History) *config.Config {
	engine := *cfg
	engine.Limits.Memory -= h.Memory()
	return &engine
}
