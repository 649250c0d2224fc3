// Package mirror_test holds what is true of the repository as a whole.
package mirror_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// room is what the files of a folder (and of folders in it) may import, apart
// from the standard library. Tests may import more: they build small worlds.
type room struct {
	mirror []string // rooms of this module
	others []string // modules, by prefix of the import path
}

const (
	franz      = "github.com/twmb/franz-go/pkg/"
	prometheus = "github.com/prometheus/client_golang/"
	syncModule = "golang.org/x/sync/"
)

// rooms is the star that the packages form: rename and batch know nothing, each
// further one knows some before it, and only cmd/mirror sees everything.
func rooms() map[string]room {
	return map[string]room{
		"rename": {},
		"batch":  {others: []string{franz + "kmsg", franz + "kgo", "github.com/klauspost/compress/", "github.com/pierrec/lz4/"}},
		"config": {mirror: []string{"rename"}, others: []string{"gopkg.in/yaml.v3"}},
		// convert makes text and reads nothing; it has the loader try what it made.
		"convert": {mirror: []string{"config", "rename"}, others: []string{"gopkg.in/yaml.v3"}},
		"kafka":   {mirror: []string{"config"}, others: []string{franz}},
		"monitor": {mirror: []string{"batch", "config"}, others: []string{prometheus, "github.com/hashicorp/go-metrics"}},
		"offsets": {others: []string{franz}},
		"replicate": {mirror: []string{"batch", "config", "kafka", "monitor", "offsets", "rename"},
			others: []string{franz, syncModule}},
		// verify judges what batch and replicate did, so it shares nothing with them.
		"verify": {mirror: []string{"config", "kafka", "offsets", "rename"}, others: []string{franz, syncModule}},
		"check":  {mirror: []string{"config", "kafka", "offsets", "replicate"}, others: []string{franz}},
		// clusters only looks, and at any cluster: it knows nothing of routes.
		"clusters": {mirror: []string{"config", "kafka", "monitor"}, others: []string{franz}},
		"web":      {mirror: []string{"clusters", "config", "monitor", "replicate"}, others: []string{prometheus}},
		"demo": {mirror: []string{"config", "kafka", "monitor", "rename", "replicate", "verify", "web"},
			others: []string{franz, syncModule}},
		"cmd/mirror": {mirror: []string{"check", "clusters", "config", "convert", "demo", "kafka", "monitor", "offsets", "rename", "replicate", "verify", "web"},
			others: []string{franz, "github.com/spf13/", "gopkg.in/yaml.v3", "golang.org/x/term", syncModule}},
		// The end-to-end tests run the binary and judge with readers of their own.
		// e2e/browser is a module of its own, for what drives a browser.
		"e2e": {mirror: []string{"e2e"}, others: []string{franz, syncModule, "github.com/chromedp/"}},
		// deploy is a module of its own: what it needs is no dependency of the product.
		"deploy": {others: []string{"github.com/goreleaser/nfpm/", "github.com/CycloneDX/cyclonedx-go"}},
		// bench measures binaries; one of them is the engine without what shows it.
		"bench": {mirror: []string{"bench", "config", "e2e", "monitor", "replicate"}, others: []string{franz, syncModule}},
	}
}

func TestImports(t *testing.T) {
	allowed := rooms()
	eachGoFile(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		name := roomOf(path)
		r, ok := allowed[name]
		if !ok {
			t.Errorf("%s: the room %q is not in the list of rooms", path, name)
			return
		}
		for _, imported := range importsOf(t, path) {
			if !r.allows(name, imported) {
				t.Errorf("%s imports %s, which %s may not", path, imported, name)
			}
		}
	})
}

// allows reports whether the room may import a path. A room's own folders may
// import each other.
func (r room) allows(name, imported string) bool {
	if inside, ok := strings.CutPrefix(imported, "mirror/"); ok {
		to := roomOf(inside + "/x.go")
		return to == name || slices.Contains(r.mirror, to)
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(r.others, func(prefix string) bool { return strings.HasPrefix(imported, prefix) })
}

// roomOf names the room of a file: its first folder, of cmd the first two.
func roomOf(path string) string {
	parts := strings.Split(filepath.ToSlash(path), "/")
	if parts[0] == "cmd" && len(parts) > 2 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// Folders are named after what is in them, not after how it is used.
func TestFolderNames(t *testing.T) {
	forbidden := []string{"internal", "pkg", "util", "utils", "common", "helper", "helpers", "misc", "lib", "shared", "base"}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if skipped(path, entry) {
			return filepath.SkipDir
		}
		if entry.IsDir() && slices.Contains(forbidden, entry.Name()) {
			t.Errorf("folder %s: name it after its concept", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A file holds one concept; one of more than 700 lines holds several.
func TestFileLengths(t *testing.T) {
	const limit = 700
	eachGoFile(t, func(path string) {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(source), "\n"); lines > limit {
			t.Errorf("%s has %d lines, more than %d", path, lines, limit)
		}
	})
}

func eachGoFile(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if skipped(path, entry) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && filepath.Dir(path) != "." {
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// skipped leaves out what is not source: .git, .cache, build output, test data.
func skipped(path string, entry fs.DirEntry) bool {
	name := entry.Name()
	return entry.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "bin" || name == "testdata")
}

func importsOf(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var imports []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imports = append(imports, imported)
	}
	return imports
}
