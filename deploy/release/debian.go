package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"

	"mirror/deploy/notices"
)

// debianVersion lets a pre-release sort before its release.
func (r release) debianVersion() string {
	return strings.Replace(strings.TrimPrefix(r.version, "v"), "-", "~", 1)
}

// packageName is by Debian's convention.
func (r release) packageName(p platform) string {
	return fmt.Sprintf("mirror_%s_%s.deb", r.debianVersion(), p.arch)
}

// writePackage writes the Debian package. It starts nothing when it is installed,
// and restarts nothing when it is upgraded: a fleet is upgraded process by process.
func (r release) writePackage(out io.Writer, p platform, program []byte, papers papers) error {
	work, err := os.MkdirTemp("", "mirror-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	scripts, err := writeScripts(work)
	if err != nil {
		return err
	}
	contents, err := r.contents(work, program, papers)
	if err != nil {
		return err
	}
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "mirror", Arch: p.arch, Platform: p.os, Version: r.version, Section: "net", Priority: "optional",
		Maintainer: r.maintainer, MTime: r.time, DisableGlobbing: true,
		Description: "copies Kafka topics between clusters exactly once\n" +
			"A daemon for each datacenter that copies topics of other clusters into the\nlocal one under new names, and commands to plan, watch and verify that.",
		Overridables: nfpm.Overridables{
			Recommends: []string{"ca-certificates"},
			Contents:   contents,
			Scripts:    scripts,
			Deb:        nfpm.Deb{Compression: "gzip"},
		},
	})
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		return err
	}
	return deb.Default.Package(info, out)
}

// What dpkg runs. An upgrade only tells systemd of the new unit; a removal lets the
// daemons drain while their binary is still there, and a purge takes their
// histories, too. What was put into /etc/mirror by hand stays.
const (
	reloadUnits = `#!/bin/sh
set -e
if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload || true
fi
`
	beforeRemoval = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
  systemctl stop 'mirror@*.service' || true
fi
`
	afterRemoval = reloadUnits + `if [ "$1" = purge ]; then
  rm -rf "$DPKG_ROOT/var/lib/mirror" "$DPKG_ROOT/var/lib/private/mirror"
fi
`
)

// writeScripts puts them where nfpm reads them.
func writeScripts(work string) (nfpm.Scripts, error) {
	s := nfpm.Scripts{PostInstall: filepath.Join(work, "postinst"), PreRemove: filepath.Join(work, "prerm"), PostRemove: filepath.Join(work, "postrm")}
	for path, text := range map[string]string{s.PostInstall: reloadUnits, s.PreRemove: beforeRemoval, s.PostRemove: afterRemoval} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			return s, err
		}
	}
	return s, nil
}

// contents lays the files of the package out in work, where nfpm reads them.
func (r release) contents(work string, program []byte, papers papers) (files.Contents, error) {
	unit, err := os.ReadFile(filepath.Join(r.repo, "deploy", "systemd", "mirror@.service"))
	if err != nil {
		return nil, err
	}
	data := map[string][]byte{
		"/usr/bin/mirror":                                  program,
		"/usr/lib/systemd/system/mirror@.service":          unit,
		"/etc/mirror/mirror.yaml":                          papers.reference,
		"/usr/share/doc/mirror/README.md":                  papers.readme,
		"/usr/share/doc/mirror/CHANGELOG.md.gz":            gzipped(papers.changelog),
		"/usr/share/doc/mirror/changelog.gz":               gzipped(r.debianChangelog()),
		"/usr/share/doc/mirror/copyright":                  copyright(papers.licences),
		"/usr/share/lintian/overrides/mirror":              []byte(lintianOverrides),
		"/usr/share/bash-completion/completions/mirror":    papers.completions["bash"],
		"/usr/share/zsh/vendor-completions/_mirror":        papers.completions["zsh"],
		"/usr/share/fish/vendor_completions.d/mirror.fish": papers.completions["fish"],
	}
	for name, page := range papers.manual {
		data["/usr/share/man/"+name+".gz"] = gzipped(page)
	}
	contents := files.Contents{r.content("", "/etc/mirror/secrets", files.TypeDir, 0o700)}
	for i, name := range slices.Sorted(maps.Keys(data)) {
		source := filepath.Join(work, fmt.Sprint(i))
		if err := os.WriteFile(source, data[name], 0o600); err != nil {
			return nil, err
		}
		kind, mode := files.TypeFile, os.FileMode(0o644)
		switch name {
		case "/usr/bin/mirror":
			mode = 0o755
		case "/etc/mirror/mirror.yaml":
			kind = files.TypeConfigNoReplace
		}
		contents = append(contents, r.content(source, name, kind, mode))
	}
	return contents, nil
}

// lintianOverrides are what Debian's checker is told about, because it is meant to
// be so.
const lintianOverrides = `# It runs on any Linux, and has nothing to be linked with.
mirror: statically-linked-binary [usr/bin/mirror]
# The licences of modules are passed on as they are, also to where Debian's are not.
mirror: copyright-file-contains-full-apache-2-license
# Secrets are for root alone.
mirror: non-standard-dir-perm 0700 != 0755 [etc/mirror/secrets/]
# All instances are stopped at once, which the helpers for units cannot.
mirror: maintainer-script-calls-systemctl [prerm:*]
`

// debianChangelog says in Debian's form which version this is; what changed is in
// the project's own file.
func (r release) debianChangelog() []byte {
	return fmt.Appendf(nil, "mirror (%s) stable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- %s  %s\n", r.debianVersion(), r.maintainer, r.time.Format(time.RFC1123Z))
}

// copyright is where Debian looks for all licences: the project's own, then those
// of what is linked in.
func copyright(licences map[string][]byte) []byte {
	text := []byte("mirror: copies Kafka topics between clusters exactly once\n\n")
	for _, name := range slices.Sorted(maps.Keys(licences)) {
		if name != notices.FileName {
			text = fmt.Appendf(text, "%s\n\n", bytes.TrimSpace(licences[name]))
		}
	}
	return append(text, licences[notices.FileName]...)
}

func (r release) content(source, name, kind string, mode os.FileMode) *files.Content {
	return &files.Content{Source: source, Destination: name, Type: kind,
		FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: r.time}}
}

// gzipped compresses without name and time, as Debian asks for.
func gzipped(text []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything, and the level is right
	}
	return b.Bytes()
}
