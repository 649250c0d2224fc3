package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"mirror/deploy/notices"
)

// build makes the binary for a platform, by the flags of the Dockerfile but for the
// revision, which Go writes into it where the sources are under version control. It
// has the time zones inside, so that it needs no file of the host for them.
func (r release) build(p platform, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "timetzdata",
		"-ldflags", "-s -w -X main.version="+r.version, "-o", out, "./cmd/mirror")
	cmd.Dir = r.repo
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOFLAGS=-buildvcs=auto", "GOWORK=off")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build for %s: %w\n%s", p, err, said)
	}
	return nil
}

// papers is what goes with every binary. Names have slashes.
type papers struct {
	manual      map[string][]byte // by name below a directory for manual pages: man1/mirror.1
	completions map[string][]byte // by shell
	reference   []byte            // a mirror.yaml with all keys
	readme      []byte
	changelog   []byte
	documents   map[string][]byte // what readme and changelog link to, by path
	licences    map[string][]byte // the project's own, by name; empty where it has none
}

// with are the papers of a binary with the licences of what is linked into it.
func (p papers) with(parts []notices.Part) papers {
	p.licences = maps.Clone(p.licences)
	p.licences[notices.FileName] = notices.Text(parts)
	return p
}

// papers has the binary of this machine write what it says of itself.
func (r release) papers(binary, work string) (papers, error) {
	p := papers{manual: map[string][]byte{}, completions: map[string][]byte{}, licences: map[string][]byte{}}
	dir := filepath.Join(work, "man")
	if _, err := output(binary, "man", dir); err != nil {
		return p, err
	}
	pages, err := filepath.Glob(filepath.Join(dir, "man*", "*"))
	if err != nil {
		return p, err
	}
	for _, page := range pages {
		name, err := filepath.Rel(dir, page)
		if err != nil {
			return p, err
		}
		if p.manual[filepath.ToSlash(name)], err = os.ReadFile(page); err != nil {
			return p, err
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if p.completions[shell], err = output(binary, "completion", shell); err != nil {
			return p, err
		}
	}
	if p.reference, err = output(binary, "config", "reference"); err != nil {
		return p, err
	}
	if p.readme, err = os.ReadFile(filepath.Join(r.repo, "README.md")); err != nil {
		return p, err
	}
	if p.changelog, err = os.ReadFile(filepath.Join(r.repo, "CHANGELOG.md")); err != nil {
		return p, err
	}
	if p.documents, err = r.documents(); err != nil {
		return p, err
	}
	own, err := notices.Own(r.repo)
	for name, text := range own {
		p.licences[name] = []byte(text)
	}
	return p, err
}

// output returns what a command writes to stdout.
func output(binary string, args ...string) ([]byte, error) {
	var stderr strings.Builder
	cmd := exec.Command(binary, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return out, nil
}
