package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// writeSums lists all files of the release, as sha256sum reads them.
func (r release) writeSums() error {
	files, err := os.ReadDir(r.out) // sorted
	if err != nil {
		return err
	}
	return r.write("SHA256SUMS", func(f *os.File) error {
		for _, file := range files {
			data, err := os.ReadFile(filepath.Join(r.out, file.Name()))
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(f, "%x  %s\n", sha256.Sum256(data), file.Name()); err != nil {
				return err
			}
		}
		return nil
	})
}
