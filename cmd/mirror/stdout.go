package main

import "os"

// checkedFile remembers the first write that failed, so that a command whose
// data did not all arrive (a full disk) cannot end well. A reader that has gone
// (`| head -1`) needs nothing here: the system ends the process by SIGPIPE.
type checkedFile struct {
	*os.File
	failed error
}

func (f *checkedFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	if f.failed == nil {
		f.failed = err
	}
	return n, err
}

// WriteString is what io.WriteString calls; it must not go past Write.
func (f *checkedFile) WriteString(s string) (int, error) { return f.Write([]byte(s)) }
