package main

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// documents are the files that README and the guides link to, by their path in the
// repository: the guides themselves with their pictures, and what can be deployed.
func (r release) documents() (map[string][]byte, error) {
	ls := exec.Command("git", "-C", r.repo, "ls-files", "-z", "--", "docs", "config/reference.yaml",
		"deploy/compose", "deploy/grafana", "deploy/kubernetes", "deploy/prometheus", "deploy/systemd")
	list, err := ls.Output()
	if err != nil {
		return nil, err
	}
	all := make(map[string][]byte)
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if forTests(name) {
			continue
		}
		if all[name], err = os.ReadFile(filepath.Join(r.repo, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// forTests tells the files that only the repository's own tests use.
func forTests(name string) bool {
	return path.Ext(name) == ".go" || strings.HasSuffix(name, "_test.yml") || strings.HasPrefix(name, "deploy/compose/standin/") ||
		slices.Contains([]string{"deploy/compose/test", "deploy/compose/parts"}, name)
}
