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
	d := newDecoder(file, newSource(data), env)
	if root := d.parseTree(data); root != nil {
		d.structure(root)
		d.root(root)
	}
	return d, len(d.faults.List) == 0
}

func newDecoder(file string, src *source, env func(string) (string, bool)) *decoder {
	return &decoder{env: env, src: src, faults: &Faults{File: file, src: src}, cfg: newConfig(), told: make(map[place]bool)}
}

// root decodes the whole file.
func (d *decoder) root(n *yaml.Node) {
	fields := d.rootFields()
	got := d.mapping("", entry{n, n}, fields...)
	if n.Kind != yaml.MappingNode {
		return
	}
	d.require(n, got, fields)
	d.checkPurpose(n, got)
	d.checkRoutes()
}

// rootFields are the keys of the file.
func (d *decoder) rootFields() []field {
	c := d.cfg
	return []field{
		{key: "name", kind: nameKind(), standard: c.Name, read: func(e entry) { d.name(e.value, &c.Name) }},
		{key: "clusters", kind: clustersKind(d), required: "-", read: d.clusters},
		{key: "routes", kind: routesKind(d), read: d.routes},
		d.mappingField("limits", d.sizeField("memory", &c.Limits.Memory, minMemory, "32MiB")),
		d.metricsField(),
		d.monitorField(),
		d.webField(),
		d.mappingField("log",
			d.choiceField("level", &c.Log.Level, "debug", "info", "warn", "error"),
			d.choiceField("format", &c.Log.Format, "text", "json")),
	}
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
