package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"path"
	"slices"
)

// writeArchive writes a tar.gz of one folder: sorted, owned by root and dated alike.
func (r release) writeArchive(out io.Writer, folder string, program []byte, p papers) error {
	files := map[string][]byte{
		"mirror":       program,
		"mirror.yaml":  p.reference,
		"README.md":    p.readme,
		"CHANGELOG.md": p.changelog,
	}
	for name, page := range p.manual {
		files["man/"+name] = page
	}
	for shell, script := range p.completions {
		files["completions/mirror."+shell] = script
	}
	maps.Copy(files, p.documents)
	maps.Copy(files, p.licences)
	gz, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(gz)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: path.Join(folder, name), Size: int64(len(files[name])), Mode: 0o644,
			ModTime: r.time, Uname: "root", Gname: "root", Format: tar.FormatUSTAR}
		if name == "mirror" || bytes.HasPrefix(files[name], []byte("#!")) {
			header.Mode = 0o755
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(files[name]); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), gz.Close())
}
