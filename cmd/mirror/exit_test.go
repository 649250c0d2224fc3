package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"mirror/kafka"
)

func TestExitCode(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"none", nil, exitOK},
		{"any", errors.New("x"), exitFailed},
		{"usage", usageErrorf("x"), exitUsage},
		{"wrapped usage", fmt.Errorf("a: %w", usageErrorf("x")), exitUsage},
		{"interrupted", fmt.Errorf("read: %w", context.Canceled), exitInterrupted},
		{"coded", withCode(exitUnreachable, errors.New("x")), exitUnreachable},
		{"coded though interrupted", withCode(exitFailed, context.Canceled), exitFailed},
		{"quiet", quietExit(exitDifferent), exitDifferent},
		{"coded nothing", withCode(exitFailed, nil), exitOK},
	}
	for _, test := range tests {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
	if text := quietExit(1).Error(); text != "" {
		t.Errorf("a quiet exit says %q", text)
	}
}

func TestClusterCode(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{&kafka.DialError{Addr: "a:1", Err: errors.New("x")}, exitUnreachable},
		{&kafka.TLSError{Addr: "a:1", Err: errors.New("x")}, exitUnreachable},
		{&kafka.AuthError{Addr: "a:1", Refused: true, Err: errors.New("x")}, exitUnauthorised},
		{&kafka.AuthError{Addr: "a:1", Err: errors.New("token endpoint is down")}, exitUnreachable},
		{fmt.Errorf("describe: %w", kerr.TopicAuthorizationFailed), exitUnauthorised},
		{context.DeadlineExceeded, exitUnreachable},
		{kerr.UnknownServerError, exitFailed},
	}
	for _, test := range tests {
		if got := clusterCode(test.err); got != test.want {
			t.Errorf("%v: got %d, want %d", test.err, got, test.want)
		}
	}
}
