// Command release makes what people install: for each platform an archive with
// the binary, its manual pages, completions and licences, for Debian packages, the
// list of the modules inside as CycloneDX, and the checksums of all. The same sources,
// version and time give the same bytes.
//
//	go run ./release -version v1.2.3 -out ../bin/release
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"mirror/deploy/notices"
)

func main() {
	r := release{}
	var epoch int64
	flag.StringVar(&r.version, "version", "", "`version` to release, such as v1.2.3")
	flag.StringVar(&r.out, "out", "", "`directory` to write to; it must not exist, or be empty")
	flag.StringVar(&r.repo, "repo", "..", "`directory` of the sources")
	flag.StringVar(&r.maintainer, "maintainer", "mirror <mirror@localhost>", "`name <address>` of who answers for the Debian package")
	flag.Int64Var(&epoch, "epoch", 0, "`seconds` since 1970 that all files are dated with")
	flag.Parse()
	r.time = time.Unix(epoch, 0).UTC()
	if err := r.run(platforms()); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release is one version on its way into a directory.
type release struct {
	version    string // as the binary prints it
	repo, out  string // directories
	maintainer string
	time       time.Time
}

// platform is what a binary is for, in Go's words.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "-" + p.arch }

func platforms() []platform {
	return []platform{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "arm64"}}
}

func (r release) run(platforms []platform) error {
	// Debian's version has no v, and begins with a digit.
	if !regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.-]+)?$`).MatchString(r.version) {
		return fmt.Errorf("the version %q is not like v1.2.3", r.version)
	}
	if err := emptyDir(r.out); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "mirror-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	here := filepath.Join(work, "mirror")
	if err := r.build(platform{runtime.GOOS, runtime.GOARCH}, here); err != nil {
		return err
	}
	common, err := r.papers(here, work)
	if err != nil {
		return err
	}
	for _, p := range platforms {
		if err := r.publish(p, common, filepath.Join(work, p.String())); err != nil {
			return fmt.Errorf("release for %s: %w", p, err)
		}
	}
	return r.writeSums()
}

// publish writes all files of one platform.
func (r release) publish(p platform, common papers, binary string) error {
	if err := r.build(p, binary); err != nil {
		return err
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	parts, err := notices.Collect(notices.Build{Repo: r.repo, OS: p.os, Arch: p.arch})
	if err != nil {
		return err
	}
	common = common.with(parts)
	name := fmt.Sprintf("mirror-%s-%s", r.version, p)
	if err := r.write(name+".tar.gz", func(f *os.File) error { return r.writeArchive(f, name, program, common) }); err != nil {
		return err
	}
	if err := r.write(name+".cdx.json", func(f *os.File) error { return r.writeBOM(f, p, binary, parts) }); err != nil {
		return err
	}
	if p.os != "linux" {
		return nil
	}
	return r.write(r.packageName(p), func(f *os.File) error { return r.writePackage(f, p, program, common) })
}

// write makes one file of the release.
func (r release) write(name string, fill func(f *os.File) error) error {
	f, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	if err := errors.Join(fill(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func emptyDir(dir string) error {
	if dir == "" {
		return errors.New("name a directory with -out")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	there, err := os.ReadDir(dir)
	if err == nil && len(there) > 0 {
		err = fmt.Errorf("%s is not empty: a release has nothing beside itself", dir)
	}
	return err
}
