package history

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"mirror/config/logkey"
)

// Options say where and how much.
type Options struct {
	Path   string // of the file; empty: in memory
	Series int    // how many there is room for, 1 to MaxSeries
	Memory int64  // bytes that may be taken where there is no file; fewer series then. 0: no limit
	Log    *slog.Logger
}

// Open opens the file or makes a new one. It never fails: history is not worth a
// mirror that does not start. A file that is damaged or of another version is
// renamed and a new one begun; where no file can be written, history is kept in
// memory. Both are logged with the reason.
func Open(o Options) *History {
	o.Series = min(max(o.Series, 1), MaxSeries)
	if o.Path != "" {
		h, err := openFile(o)
		if err == nil {
			return h
		}
		o.Log.Warn("history is kept in memory and ends with this process", logkey.Path, o.Path, logkey.Err, err)
	}
	for o.Memory > 0 && o.Series > 1 && Size(o.Series) > o.Memory {
		o.Series--
	}
	l := layout{o.Series}
	m := make(memory, l.size())
	copy(m, l.header())
	h := newHistory(m, l, o.Log)
	h.memory = l.size()
	return h
}

func openFile(o Options) (*History, error) {
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o750); err != nil {
		return nil, err
	}
	f, found, err := openExisting(o.Path)
	var bad *brokenError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f, err = create(o, nothing)
	case errors.As(err, &bad):
		f, err = setAside(o, bad)
	case err == nil && found.series != o.Series:
		f, err = resize(f, found, o)
	}
	if err != nil {
		return nil, err
	}
	h := newHistory(file{f}, layout{o.Series}, o.Log)
	if err := h.readDirectory(); err != nil {
		f.Close()
		return nil, err
	}
	return h, nil
}

// brokenError is a file that cannot be used as it is.
type brokenError struct{ why string }

func (e *brokenError) Error() string { return e.why }

func openExisting(path string) (*os.File, layout, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, layout{}, err
	}
	l, err := examine(f)
	if err != nil {
		f.Close()
		return nil, layout{}, err
	}
	return f, l, nil
}

// examine locks a file and reads its header.
func examine(f *os.File) (layout, error) {
	info, err := f.Stat()
	if err != nil {
		return layout{}, err
	}
	if !info.Mode().IsRegular() {
		return layout{}, fmt.Errorf("%s is not a file", f.Name())
	}
	if err := lock(f); err != nil {
		return layout{}, err
	}
	page := make([]byte, pageSize)
	if _, err := f.ReadAt(page, 0); err != nil && !errors.Is(err, io.EOF) {
		return layout{}, err
	}
	l, err := parseHeader(page)
	if err == nil && info.Size() != l.size() {
		err = fmt.Errorf("it has %d bytes instead of %d", info.Size(), l.size())
	}
	if err != nil {
		return layout{}, &brokenError{err.Error()}
	}
	return l, nil
}

// create makes a new file beside the path, fills it and moves it there, so that no
// other start ever sees half of one.
func create(o Options, fill func(*os.File) error) (*os.File, error) {
	fresh := o.Path + ".new"
	f, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	if err = format(f, layout{o.Series}); err == nil {
		err = fill(f)
	}
	if err == nil {
		err = os.Rename(fresh, o.Path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// nothing leaves a new file empty.
func nothing(*os.File) error { return nil }

// format empties a file and writes the header. The rows take room on the disk
// when they are written.
func format(f *os.File, l layout) error {
	if err := lock(f); err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(0), f.Truncate(l.size())); err != nil {
		return err
	}
	_, err := f.WriteAt(l.header(), 0)
	return err
}

// setAside keeps a broken file for whoever wants to look at it.
func setAside(o Options, bad *brokenError) (*os.File, error) {
	aside := o.Path + ".broken-" + time.Now().UTC().Format("20060102T150405")
	if err := os.Rename(o.Path, aside); err != nil {
		return nil, err
	}
	o.Log.Warn("the history file cannot be used: it was set aside and a new one begins", logkey.Path, o.Path, logkey.Why, bad.why, logkey.MovedTo, aside)
	return create(o, nothing)
}

// resize copies a file into one for another number of series. Slots that no
// longer have room are dropped.
func resize(old *os.File, from layout, o Options) (*os.File, error) {
	defer old.Close()
	f, err := create(o, func(f *os.File) error { return copyInto(f, layout{o.Series}, old, from) })
	if err == nil {
		o.Log.Info("the history file has room for another number of series now", logkey.Path, o.Path, logkey.Series, o.Series, logkey.Before, from.series)
	}
	return f, err
}

func copyInto(dst io.WriterAt, to layout, src io.ReaderAt, from layout) error {
	shared := min(from.series, to.series)
	directory := make([]byte, shared*entrySize)
	if _, err := src.ReadAt(directory, from.entry(0)); err != nil {
		return err
	}
	if _, err := dst.WriteAt(directory, to.entry(0)); err != nil {
		return err
	}
	was, is := make([]byte, from.rowSize()), make([]byte, to.rowSize())
	for t, tier := range tiers() {
		for i := range int64(tier.count) {
			if _, err := src.ReadAt(was, from.row(t, i)); err != nil {
				return err
			}
			bucket := rowBucket(was)
			if !rowHolds(was, bucket) || bucket%int64(tier.count) != i {
				continue
			}
			clearRow(is, to.series)
			copy(is[rowHead:], was[rowHead:rowHead+shared*pointSize])
			sealRow(is, bucket)
			if _, err := dst.WriteAt(is, to.row(t, i)); err != nil {
				return err
			}
		}
	}
	return nil
}
