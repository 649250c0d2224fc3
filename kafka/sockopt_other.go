//go:build !linux

package kafka

import "syscall"

// setUserTimeout does nothing where TCP_USER_TIMEOUT does not exist; the deadlines of each request remain.
func setUserTimeout(_, _ string, _ syscall.RawConn) error { return nil }
