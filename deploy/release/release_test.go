package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirror/deploy/notices"
)

const testVersion = "v1.2.3"

// makeRelease makes a release for some platforms and returns its directory.
func makeRelease(t *testing.T, version string, platforms ...platform) string {
	t.Helper()
	return releaseOf(t, "../..", version, platforms...)
}

func releaseOf(t *testing.T, repo, version string, platforms ...platform) string {
	t.Helper()
	r := release{version: version, repo: repo, out: filepath.Join(t.TempDir(), "out"), maintainer: "Test <test@localhost>", time: time.Unix(1700000000, 0).UTC()}
	if err := r.run(platforms); err != nil {
		t.Fatal(err)
	}
	return r.out
}

func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the binary for several platforms")
	}
}

// The same sources give the same bytes, whenever and wherever they are made, and
// whoever makes them; and what is made is what it is called.
func TestRelease(t *testing.T) {
	slow(t)
	repo, elsewhere := sources(t), filepath.Join(t.TempDir(), "elsewhere")
	first := releaseOf(t, repo, testVersion, platforms()...)
	t.Setenv("TZ", "Asia/Kathmandu")
	t.Setenv("LC_ALL", "C")
	defer syscall.Umask(syscall.Umask(0o077))
	if out, err := exec.Command("git", "clone", "-q", repo, elsewhere).CombinedOutput(); err != nil {
		t.Fatalf("copy the sources: %v\n%s", err, out)
	}
	second := releaseOf(t, elsewhere, testVersion, platforms()...)
	sums := read(t, first, "SHA256SUMS")
	if again := read(t, second, "SHA256SUMS"); !bytes.Equal(sums, again) {
		t.Errorf("two releases of the same sources differ:\n%s\n%s", sums, again)
	}
	files, err := os.ReadDir(first)
	if err != nil {
		t.Fatal(err)
	}
	if want := 3 + 3 + 2 + 1; len(files) != want {
		t.Errorf("got %d files, want %d: %v", len(files), want, files)
	}
	for _, file := range files {
		if sum := fmt.Sprintf("%x  %s\n", sha256.Sum256(read(t, first, file.Name())), file.Name()); file.Name() != "SHA256SUMS" && !strings.Contains(string(sums), sum) {
			t.Errorf("SHA256SUMS does not have %q", sum)
		}
	}
	if check, err := exec.LookPath("sha256sum"); err == nil {
		cmd := exec.Command(check, "--check", "--strict", "SHA256SUMS")
		cmd.Dir = first
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("sha256sum: %v\n%s", err, out)
		}
	}
	for _, p := range platforms() {
		t.Run(p.String(), func(t *testing.T) { checkArchive(t, first, p) })
	}
}

// sources is a repository of its own with the files of this one as they are now.
func sources(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not here, so that there are no sources to copy:", err)
	}
	repo := t.TempDir()
	cmd := exec.Command("sh", "-ec", `git -C ../.. ls-files -co --exclude-standard -z | tar -C ../.. --ignore-failed-read --null --files-from - -cf - | tar -C "$0" -xf -
cd "$0" && git init -q && git add -A && git commit -q -m all`, repo)
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@localhost", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@localhost", "GIT_COMMITTER_DATE=1700000000 +0000", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("copy the sources: %v\n%s", err, out)
	}
	return repo
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkLinks looks for what the documents of an archive link to.
func checkLinks(t *testing.T, dir string) {
	link, found := regexp.MustCompile(`\]\(([^)#\s]+)`), 0
	err := filepath.WalkDir(dir, func(file string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".md" {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, l := range link.FindAllSubmatch(text, -1) {
			target := string(l[1])
			if strings.Contains(target, "://") {
				continue
			}
			found++
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), target)); err != nil {
				t.Errorf("%s links to %s, which the archive does not have", filepath.Base(file), target)
			}
		}
		return nil
	})
	if err != nil || found < 20 {
		t.Errorf("found %d links: %v", found, err)
	}
}

// checkArchive unpacks an archive and looks at what is in it.
func checkArchive(t *testing.T, dir string, p platform) {
	name := fmt.Sprintf("mirror-%s-%s", testVersion, p)
	unpacked := t.TempDir()
	unpack(t, filepath.Join(dir, name+".tar.gz"), unpacked)
	binary := filepath.Join(unpacked, name, "mirror")
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	checkBOM(t, read(t, dir, name+".cdx.json"), info)
	checkNotices(t, read(t, filepath.Join(unpacked, name), notices.FileName), info)
	for _, file := range []string{"README.md", "CHANGELOG.md", "mirror.yaml", "man/man1/mirror-run.1", "man/man5/mirror.yaml.5", "completions/mirror.bash", "completions/mirror.zsh", "completions/mirror.fish"} {
		if len(read(t, filepath.Join(unpacked, name), file)) == 0 {
			t.Errorf("%s is empty", file)
		}
	}
	checkLinks(t, filepath.Join(unpacked, name))
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["GOOS"] != p.os || settings["GOARCH"] != p.arch || settings["CGO_ENABLED"] != "0" || settings["-tags"] != "timetzdata" || settings["-trimpath"] != "true" {
		t.Errorf("the binary was built with %v", settings)
	}
	if p.os == "darwin" {
		if _, err := macho.Open(binary); err != nil {
			t.Error(err)
		}
		return
	}
	program, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if libraries, _ := program.ImportedLibraries(); len(libraries) > 0 || program.Section(".interp") != nil {
		t.Errorf("the binary is not static: it needs %v", libraries)
	}
	if p.arch == runtime.GOARCH && p.os == runtime.GOOS {
		out, err := exec.Command(binary, "version").Output()
		if err != nil || !strings.HasPrefix(string(out), "mirror "+testVersion+"\n") {
			t.Errorf("mirror version: %v\n%s", err, out)
		}
		if revision := settings["vcs.revision"]; revision == "" || !strings.Contains(string(out), "revision "+revision+" of 2023-11-14T22:13:20Z\n") {
			t.Errorf("mirror version does not name the revision %q:\n%s", revision, out)
		}
	}
}

// unpack writes the files of a tar.gz, and looks at what reproducing it needs.
func unpack(t *testing.T, path, into string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	gz, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for archive := tar.NewReader(gz); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name <= last || header.ModTime.Unix() != 1700000000 || header.Uname != "root" || !filepath.IsLocal(header.Name) {
			t.Errorf("after %s: %s of %v, owned by %s", last, header.Name, header.ModTime, header.Uname)
		}
		last = header.Name
		to := filepath.Join(into, header.Name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err == nil {
			err = os.WriteFile(to, data, header.FileInfo().Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// checkNotices looks for the licence of each module that is linked in, and of no
// other.
func checkNotices(t *testing.T, text []byte, info *buildinfo.BuildInfo) {
	t.Helper()
	_, list, _ := strings.Cut(string(text), "\n\n")
	list, texts, _ := strings.Cut(list, "\n\n")
	if got := strings.Count(list, "\n") + 1; got != len(info.Deps)+1 {
		t.Errorf("there are licences of %d parts, want %d modules and the standard library:\n%s", got, len(info.Deps), list)
	}
	for _, module := range info.Deps {
		if !strings.Contains("\n"+list, "\n"+module.Path+" "+module.Version+": ") || !strings.Contains(texts, "\n"+module.Path+" "+module.Version+", LICENSE") {
			t.Errorf("there is no licence of %s %s", module.Path, module.Version)
		}
	}
}

func TestVersionsAndDirectories(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ version, out, want string }{
		{"", t.TempDir(), "is not like v1.2.3"},
		{"1.2.3", t.TempDir(), "is not like v1.2.3"},
		{"v1.2", t.TempDir(), "is not like v1.2.3"},
		{"v1.2.3; rm", t.TempDir(), "is not like v1.2.3"},
		{"v1.2.3", "", "-out"},
		{"v1.2.3", full, "is not empty"},
	}
	for _, test := range tests {
		r := release{version: test.version, out: test.out, repo: "../.."}
		if err := r.run(nil); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("version %q, directory %q: got %v, want %q", test.version, test.out, err, test.want)
		}
	}
	r := release{version: "v1.2.3-rc.1"}
	if got, want := r.packageName(platform{"linux", "arm64"}), "mirror_1.2.3~rc.1_arm64.deb"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
