package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeConfig writes the file as a whole or not at all, and nothing over what
// somebody has written without being told to.
func writeConfig(path string, text []byte, yes bool, in io.Reader, errOut io.Writer) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if !yes && !isTerminal(in) {
			return usageErrorf("%s exists: give --yes to overwrite it", path)
		}
		if err := confirm(in, errOut, fmt.Sprintf("%s exists. Overwrite it?", path), yes); err != nil {
			return err
		}
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".mirror-*.yaml")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // nothing is left of it once it was renamed
	_, err = file.Write(text)
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	fmt.Fprintf(errOut, "wrote %s\n", path)
	return nil
}
