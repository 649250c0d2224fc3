package config

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
)

// secretFile is a file that the configuration names.
type namedFile struct {
	what, path string
	secret     bool
}

// fileWarnings looks at the files that the configuration names. None of it is
// an error: files are read when they are needed and may appear later.
func fileWarnings(c *Config, path string) []string {
	files := []namedFile{{"the configuration, which contains a secret,", path, true}}
	if !hasInlineSecret(c) {
		files = nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.Clusters)) {
		files = append(files, clusterFiles(c.Clusters[name])...)
	}
	for _, s := range c.Metrics.Sinks {
		files = append(files, namedFile{"metrics.sinks password_file of " + s.String(), s.PasswordFile, true})
	}
	files = append(files, namedFile{"web.token_file", c.Web.TokenFile, true})
	if t := c.Web.TLS; t != nil {
		files = append(files, namedFile{"web.tls.cert_file", t.CertFile, false}, namedFile{"web.tls.key_file", t.KeyFile, true},
			namedFile{"web.tls.client_ca_file", t.ClientCAFile, false})
	}
	var out []string
	for _, f := range files {
		if w := f.warning(); w != "" {
			out = append(out, w)
		}
	}
	return out
}

func clusterFiles(c *Cluster) []namedFile {
	var files []namedFile
	prefix := "clusters." + c.Name
	if t := c.TLS; t != nil {
		files = append(files, namedFile{prefix + ".tls.ca_file", t.CAFile, false}, namedFile{prefix + ".tls.cert_file", t.CertFile, false},
			namedFile{prefix + ".tls.key_file", t.KeyFile, true})
	}
	if s := c.SASL; s != nil {
		files = append(files, namedFile{prefix + ".sasl.password_file", s.PasswordFile, true}, namedFile{prefix + ".sasl.token_file", s.TokenFile, true},
			namedFile{prefix + ".sasl.client_secret_file", s.ClientSecretFile, true})
	}
	return files
}

func hasInlineSecret(c *Config) bool {
	for _, cluster := range c.Clusters {
		if s := cluster.SASL; s != nil && (!s.Password.IsZero() || !s.ClientSecret.IsZero()) {
			return true
		}
	}
	return slices.ContainsFunc(c.Metrics.Sinks, func(s Sink) bool { return !s.Password.IsZero() })
}

// warning says what is wrong with the file, or "".
func (f namedFile) warning() string {
	if f.path == "" {
		return ""
	}
	info, err := os.Stat(f.path)
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %v", f.what, err)
	case info.IsDir():
		return fmt.Sprintf("%s: %s is a directory", f.what, f.path)
	case f.secret && runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0:
		return fmt.Sprintf("%s: every user of this machine can read %s; chmod o-r takes that away", f.what, f.path)
	}
	return ""
}
