//go:build unix

package history

import (
	"fmt"
	"os"
	"syscall"
)

// lock keeps a second process from writing the same file. It ends with the process.
func lock(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: another process uses it", f.Name())
	}
	return nil
}
