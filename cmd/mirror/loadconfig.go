package main

import (
	"fmt"
	"io"

	"mirror/config"
)

// loadConfig finds and reads the configuration. Every fault of it is the user's
// to mend, so all end with the exit code of a wrong command line.
func loadConfig(flag string) (*config.Config, error) {
	path, err := config.Find(flag)
	if err != nil {
		return nil, withCode(exitUsage, err)
	}
	cfg, err := config.Load(path)
	return cfg, withCode(exitUsage, err)
}

// loadRoute is loadConfig for a command that works on one route, see findRoute.
func loadRoute(flag, name string) (*config.Config, *config.Route, error) {
	cfg, err := loadConfig(flag)
	if err != nil {
		return nil, nil, err
	}
	route, err := findRoute(cfg, name)
	return cfg, route, err
}

// loadRoutes is loadConfig for a command that looks at one route or at all, see
// findRoutes. What the configuration warns of is written to warnings.
func loadRoutes(flag, name string, warnings io.Writer) (*config.Config, []*config.Route, error) {
	cfg, err := loadConfig(flag)
	if err != nil {
		return nil, nil, err
	}
	for _, warning := range cfg.Warnings {
		fmt.Fprintf(warnings, "warning: %s\n", cell(warning))
	}
	routes, err := findRoutes(cfg, name)
	return cfg, routes, err
}
