// Command into writes the licences of what is linked into the binary of this
// platform, and the project's own where it has one, into a folder. The image is
// made with it.
//
//	go -C deploy run ./notices/into /licenses
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"mirror/deploy/notices"
)

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func write(args []string) error {
	if len(args) != 1 {
		return errors.New("name one folder")
	}
	parts, err := notices.Collect(notices.Build{Repo: "..", OS: runtime.GOOS, Arch: runtime.GOARCH})
	if err != nil {
		return err
	}
	papers, err := notices.Own("..")
	if err != nil {
		return err
	}
	papers[notices.FileName] = string(notices.Text(parts))
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return err
	}
	for name, text := range papers {
		if err := os.WriteFile(filepath.Join(args[0], name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
