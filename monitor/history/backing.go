package history

import (
	"errors"
	"io"
	"os"
)

// backing is where the bytes are: a file, or memory of the same layout.
type backing interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// memory is a backing for processes that have no place for a file.
type memory []byte

var errOutside = errors.New("outside of the history")

func (m memory) ReadAt(b []byte, at int64) (int, error) {
	if at < 0 || at > int64(len(m)) {
		return 0, errOutside
	}
	n := copy(b, m[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m memory) WriteAt(b []byte, at int64) (int, error) {
	if at < 0 || at+int64(len(b)) > int64(len(m)) {
		return 0, errOutside
	}
	return copy(m[at:], b), nil
}

func (m memory) Close() error { return nil }

// file is a locked file that is synced when it is closed. Between, the system
// writes it when it likes: what was written survives the end of the process, and
// a power failure loses what the system had not written yet.
type file struct{ *os.File }

func (f file) Close() error { return errors.Join(f.Sync(), f.File.Close()) }
