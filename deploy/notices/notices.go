// Package notices gathers the licences of what is linked into the binary: those
// of the modules that its packages come from, and of Go's own library. Whoever
// passes the binary on has to pass these on with it.
package notices

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// FileName is what the document of Text is called wherever it is passed on.
const FileName = "THIRD-PARTY-NOTICES.txt"

// Build says of which binary the licences are wanted.
type Build struct {
	Repo     string // directory of the sources
	OS, Arch string // in Go's words
}

// Part is a module in the binary, or Go itself under the name std.
type Part struct {
	Path, Version string
	Licences      []string // identifiers of SPDX, sorted
	Papers        []Paper  // by name
}

// Paper is a file that a part wants to be passed on.
type Paper struct {
	Name string // in its module, with slashes
	Text string
}

// module and listed are what `go list` tells.
type module struct {
	Path, Version, Dir string
	Main               bool
}

type listed struct {
	Dir    string
	Module *module
}

// Collect returns what the binary consists of, by path. A part without a licence,
// or with one of an unknown kind, is an error: somebody has to read it first.
func Collect(b Build) ([]Part, error) {
	packages, err := b.packages()
	if err != nil {
		return nil, err
	}
	std, err := b.std()
	if err != nil {
		return nil, err
	}
	papers, modules := map[string]map[string]string{}, map[string]module{}
	for _, p := range packages {
		if p.Module == nil || p.Module.Main {
			continue
		}
		if papers[p.Module.Path] == nil {
			papers[p.Module.Path], modules[p.Module.Path] = map[string]string{}, *p.Module
		}
		if err := gather(papers[p.Module.Path], p.Dir, p.Module.Dir); err != nil {
			return nil, err
		}
	}
	parts := []Part{std}
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		part, err := newPart(path, modules[path].Version, papers[path])
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// packages lists all that the binary is linked from. The flags are those of its
// build, as far as they choose files.
func (b Build) packages() ([]listed, error) {
	out, err := b.run("list", "-deps", "-tags", "timetzdata", "-json=Dir,Module", "./cmd/mirror")
	if err != nil {
		return nil, err
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		packages = append(packages, p)
	}
}

// std is Go's library and runtime.
func (b Build) std() (Part, error) {
	out, err := b.run("env", "GOROOT", "GOVERSION")
	if err != nil {
		return Part{}, err
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	papers := map[string]string{}
	if err := gather(papers, root, root); err != nil {
		return Part{}, err
	}
	return newPart("std", strings.TrimPrefix(version, "go"), papers)
}

func (b Build) run(args ...string) ([]byte, error) {
	var stderr strings.Builder
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stderr = b.Repo, &stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+b.OS, "GOARCH="+b.Arch, "GOFLAGS=", "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return out, nil
}

// papersNamed are files that are to be passed on, those of them with the licence
// itself begin as isLicence says.
var (
	papersNamed = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|notice|patents)([.-].*)?$`)
	isLicence   = regexp.MustCompile(`(?i)^(licen[cs]e|copying)`)
)

// gather adds the papers of a package's folder and of those above it, up to its
// module's. Folders that no package comes from are of other programs.
func gather(papers map[string]string, dir, top string) error {
	for {
		found, err := paperFiles(dir)
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(top, dir)
		if err != nil || !filepath.IsLocal(inside) {
			return fmt.Errorf("%s is not in its module %s", dir, top)
		}
		for name, text := range found {
			papers[path.Join(filepath.ToSlash(inside), name)] = text
		}
		if inside == "." {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

// paperFiles are those right in a folder.
func paperFiles(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !papersNamed.MatchString(entry.Name()) || strings.HasSuffix(entry.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		found[entry.Name()] = string(text)
	}
	return found, nil
}

func newPart(path, version string, papers map[string]string) (Part, error) {
	p := Part{Path: path, Version: version}
	kinds := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(papers)) {
		p.Papers = append(p.Papers, Paper{name, papers[name]})
		if !isLicence.MatchString(name[strings.LastIndex(name, "/")+1:]) {
			continue
		}
		found := kindsOf(papers[name])
		if len(found) == 0 {
			return p, fmt.Errorf("%s %s: %s is a licence of a kind that is not known here: read it before the module goes into a release", path, version, name)
		}
		for _, kind := range found {
			kinds[kind] = true
		}
	}
	if len(kinds) == 0 {
		return p, fmt.Errorf("%s %s has no licence, so it cannot be passed on", path, version)
	}
	p.Licences = slices.Sorted(maps.Keys(kinds))
	return p, nil
}

// Own are the papers of the project itself, by name; none where it has none.
func Own(repo string) (map[string]string, error) { return paperFiles(repo) }

// Text is one document with all of it: a list of the parts, then each text once
// with the names of those that it belongs to.
func Text(parts []Part) []byte {
	var b bytes.Buffer
	b.WriteString("mirror is linked from its own source and from the Go modules in this list; std is\n" +
		"Go's own library. Their licences follow. The source of a module in its version:\n" +
		"go mod download -json MODULE@VERSION\n\n")
	of := map[string][]string{}
	var texts []string
	for _, p := range parts {
		fmt.Fprintf(&b, "%s %s: %s\n", p.Path, p.Version, strings.Join(p.Licences, ", "))
		for _, paper := range p.Papers {
			text := strings.TrimSpace(paper.Text)
			if of[text] == nil {
				texts = append(texts, text)
			}
			of[text] = append(of[text], fmt.Sprintf("%s %s, %s", p.Path, p.Version, paper.Name))
		}
	}
	line := strings.Repeat("=", 80)
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s\n", line, strings.Join(of[text], "\n"), line, text)
	}
	return b.Bytes()
}
