package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirror/config"
)

func TestManPages(t *testing.T) {
	dir := t.TempDir()
	if code, out, stderr := mirror(t, "man", dir); code != exitOK || out != "" || !strings.Contains(stderr, "pages into") {
		t.Fatalf("exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
	for _, cmd := range allCommands(newRootCommand()) {
		page, err := os.ReadFile(filepath.Join(dir, "man1", manName(cmd)+".1"))
		if err != nil {
			t.Error(err)
		}
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT CODES", "SEE ALSO"} {
			if !bytes.Contains(page, []byte(`.SH "`+section+`"`)) {
				t.Errorf("%s has no section %s", manName(cmd), section)
			}
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "man5", "mirror.yaml.5"))
	for _, key := range config.Keys() {
		if err != nil || !bytes.Contains(page, []byte(bold(key.Path))) {
			t.Errorf("mirror.yaml(5) lacks %s (%v)", key.Path, err)
		}
	}
	golden(t, "testdata/mirror-version.1", []byte(manPages(newRootCommand(), "v1.2.3")["mirror-version.1"]))
	if code, _, stderr := mirror(t, "man", filepath.Join(dir, "man5", "mirror.yaml.5")); code != exitFailed || !strings.Contains(stderr, "not a directory") {
		t.Errorf("a file instead of a directory: exit code %d, stderr %q", code, stderr)
	}
}

// groff takes every page without a warning and shows what the help says.
func TestManPagesAreClean(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("no groff here:", err)
	}
	for name, text := range manPages(newRootCommand(), "v1.2.3") {
		cmd := exec.Command(groff, "-man", "-ww", "-Tascii", "-P-cbou")
		cmd.Stdin = strings.NewReader(text)
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if err := cmd.Run(); err != nil || errOut.Len() > 0 {
			t.Errorf("%s: %v, %s", name, err, errOut.String())
		}
		if name == "mirror-init.1" && !strings.Contains(out.String(), `'/clicks\..*/'`) {
			t.Errorf("%s: an example with special characters is not shown as it is:\n%s", name, out.String())
		}
	}
}
