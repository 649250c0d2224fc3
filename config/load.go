package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"gopkg.in/yaml.v3"
)

// Load reads the file, and looks at the files that it names. An error of type
// *Faults holds everything that is wrong with it.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	cfg, err := Parse(path, data, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	cfg.Warnings = append(cfg.Warnings, fileWarnings(cfg, path)...)
	return cfg, nil
}

// Parse reads the text of a file. It looks at nothing but its arguments. env
// finds environment variables; file is only for messages. An error is of type
// *Faults.
func Parse(file string, data []byte, env func(string) (string, bool)) (*Config, error) {
	d, ok := decode(file, data, env)
	if !ok {
		d.faults.sort()
		return nil, d.faults
	}
	return d.cfg, nil
}

// decode does the work of Parse, and reports whether there was no fault.
func decode(file string, data []byte, env func(string) (string, bool)) (*decoder, bool) {
	src := newSource(data)
	d := &decoder{env: env, src: src, faults: &Faults{File: file, src: src}, cfg: newConfig(), told: make(map[place]bool), keys: make(map[string]bool)}
	if root := d.parseTree(data); root != nil {
		d.structure(root)
		d.root(root)
	}
	return d, len(d.faults.List) == 0
}

// root decodes the whole file.
func (d *decoder) root(n *yaml.Node) {
	c := d.cfg
	got := d.mapping("", entry{n, n},
		field{"name", func(e entry) { d.name(e.value, &c.Name) }},
		field{"clusters", d.clusters},
		field{"routes", d.routes},
		field{"limits", func(e entry) {
			d.mapping("limits", e, field{"memory", func(e entry) { d.size(e.value, &c.Limits.Memory, minMemory, "32MiB") }})
		}},
		field{"web", d.web},
		field{"log", func(e entry) {
			d.mapping("log", e,
				field{"level", func(e entry) { d.choice(e.value, &c.Log.Level, "debug", "info", "warn", "error") }},
				field{"format", func(e entry) { d.choice(e.value, &c.Log.Format, "text", "json") }})
		}},
	)
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, key := range []string{"clusters", "routes"} {
		if _, ok := got[key]; !ok {
			d.missing(n, key, "")
		}
	}
	d.checkRoutes()
}

// Find returns the path of the config file: the flag's value, the one that
// MIRROR_CONFIG names, ./mirror.yaml or /etc/mirror/mirror.yaml.
func Find(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := os.Getenv("MIRROR_CONFIG"); path != "" {
		return path, nil
	}
	for _, path := range []string{"mirror.yaml", "/etc/mirror/mirror.yaml"} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("find config: %w", err)
		}
	}
	return "", errors.New("find config: there is neither ./mirror.yaml nor /etc/mirror/mirror.yaml; name the file with --config or MIRROR_CONFIG")
}
