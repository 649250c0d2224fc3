package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// dpkg runs Debian's own tool on a system of its own in root, as anybody.
func dpkg(t *testing.T, root string, args ...string) string {
	t.Helper()
	out, err := dpkgIn(root, args...)
	if err != nil {
		t.Fatalf("dpkg %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func dpkgIn(root string, args ...string) (string, error) {
	forced := "--force-script-chrootless,not-root,bad-path,architecture,confdef,confold"
	cmd := exec.Command("dpkg", append([]string{"--root=" + root, forced, "--log=/dev/null"}, args...)...)
	// dpkg wants these of a system administrator.
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// newSystem is an empty system that packages can be installed into.
func newSystem(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("dpkg"); err != nil {
		if os.Getenv("MIRROR_E2E_REQUIRED") != "" {
			t.Fatal(err)
		}
		t.Skip("dpkg is not here, so that no package can be installed:", err)
	}
	if runtime.GOOS != "linux" {
		t.Skip("Debian packages are for Linux")
	}
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"var/lib/dpkg/status", "var/lib/dpkg/available"} {
		if err := os.WriteFile(filepath.Join(root, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// A package is installed, used, upgraded with a changed configuration, removed
// and purged.
func TestPackage(t *testing.T) {
	slow(t)
	root := newSystem(t)
	here := platform{"linux", runtime.GOARCH}
	newer := makeRelease(t, testVersion, here)
	older := makeRelease(t, "v1.2.3-rc.1", here)
	dpkg(t, root, "--install", filepath.Join(older, release{version: "v1.2.3-rc.1"}.packageName(here)))

	binary := filepath.Join(root, "usr/bin/mirror")
	if out, err := exec.Command(binary, "version").Output(); err != nil || !strings.HasPrefix(string(out), "mirror v1.2.3-rc.1\n") {
		t.Errorf("the installed mirror version: %v\n%s", err, out)
	}
	configuration := filepath.Join(root, "etc/mirror/mirror.yaml")
	if reference, err := exec.Command(binary, "config", "reference").Output(); err != nil || !bytes.Equal(reference, read(t, root, "etc/mirror/mirror.yaml")) {
		t.Errorf("the installed configuration is not the reference: %v", err)
	}
	for _, file := range []string{"usr/lib/systemd/system/mirror@.service", "usr/share/man/man1/mirror-run.1.gz", "usr/share/man/man5/mirror.yaml.5.gz",
		"usr/share/bash-completion/completions/mirror", "usr/share/zsh/vendor-completions/_mirror", "usr/share/fish/vendor_completions.d/mirror.fish"} {
		if len(read(t, root, file)) == 0 {
			t.Errorf("%s is empty", file)
		}
	}
	if info, err := os.Stat(filepath.Join(root, "etc/mirror/secrets")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of secrets: %v, %v", info, err)
	}
	if text := read(t, root, "usr/share/doc/mirror/copyright"); !bytes.Contains(text, []byte("github.com/twmb/franz-go v")) || !bytes.Contains(text, []byte("Mozilla Public License")) {
		t.Errorf("usr/share/doc/mirror/copyright has not the licences of what is inside:\n%.1000s", text)
	}
	// Nothing is enabled, so nothing starts by itself.
	if links, err := filepath.Glob(filepath.Join(root, "etc/systemd/system/*.wants/*")); err != nil || links != nil {
		t.Errorf("enabled are %v, %v", links, err)
	}

	const mine = "name: mine\n"
	if err := os.WriteFile(configuration, []byte(mine), 0o644); err != nil {
		t.Fatal(err)
	}
	dpkg(t, root, "--install", filepath.Join(newer, release{version: testVersion}.packageName(here)))
	if out, err := exec.Command(binary, "version").Output(); err != nil || !strings.HasPrefix(string(out), "mirror "+testVersion+"\n") {
		t.Errorf("the upgraded mirror version: %v\n%s", err, out)
	}
	if got := read(t, root, "etc/mirror/mirror.yaml"); string(got) != mine {
		t.Errorf("the upgrade has overwritten the configuration:\n%s", got)
	}
	dpkg(t, root, "--remove", "mirror")
	if _, err := os.Stat(binary); err == nil {
		t.Error("the binary is still there after the package was removed")
	}
	if got := read(t, root, "etc/mirror/mirror.yaml"); string(got) != mine {
		t.Errorf("the removal has changed the configuration:\n%s", got)
	}
	dpkg(t, root, "--purge", "mirror")
	if _, err := os.Stat(filepath.Join(root, "etc/mirror")); err == nil {
		t.Error("the configuration is still there after the package was purged")
	}
}
