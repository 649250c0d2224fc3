package main

import "mirror/config"

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
