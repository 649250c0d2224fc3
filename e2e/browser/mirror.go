package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Mirror is a running `mirror run`.
type Mirror struct {
	URL    string
	token  string // empty: none is needed
	cmd    *exec.Cmd
	stderr bytes.Buffer
	done   chan error
}

// Build builds the binary of the module that this one lies in.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "mirror")
	root, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/mirror")
	cmd.Dir = string(bytes.TrimSpace(root))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build mirror: %w\n%s", err, out)
	}
	return binary, nil
}

// StartMirror runs the binary in a directory that it may fill, with the
// configuration that config makes of a free address and the path of the history.
func StartMirror(ctx context.Context, binary, dir, listen string, config func(listen, history string) string) (*Mirror, error) {
	return StartGuardedMirror(ctx, binary, dir, listen, "", config)
}

// StartGuardedMirror is StartMirror for a configuration with a token.
func StartGuardedMirror(ctx context.Context, binary, dir, listen, token string, config func(listen, history string) string) (*Mirror, error) {
	file := filepath.Join(dir, "mirror.yaml")
	if err := os.WriteFile(file, []byte(config(listen, filepath.Join(dir, "history"))), 0o600); err != nil {
		return nil, err
	}
	m := &Mirror{URL: "http://" + listen, token: token, done: make(chan error, 1)}
	m.cmd = exec.Command(binary, "run", "--config", file)
	m.cmd.Stderr = &m.stderr
	if err := m.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start mirror: %w", err)
	}
	go func() { m.done <- m.cmd.Wait() }()
	for deadline := time.Now().Add(30 * time.Second); ; {
		var status any
		err := m.Get(ctx, "status", &status)
		if err == nil {
			return m, nil
		}
		select {
		case err := <-m.done:
			return nil, fmt.Errorf("mirror ended: %w\n%s", err, &m.stderr)
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(err, m.Stop())
		}
	}
}

// FreeAddress is an address on loopback that nobody listens on now.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Get reads a document of the API.
func (m *Mirror) Get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, "GET", m.URL+"/api/v1/"+path, nil)
	if err != nil {
		return err
	}
	if m.token != "" {
		request.SetBasicAuth("test", m.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, response.Status, body)
	}
	return json.Unmarshal(body, into)
}

// Kill ends the mirror as a crash does.
func (m *Mirror) Kill() error {
	if err := m.cmd.Process.Kill(); err != nil {
		return err
	}
	<-m.done // says that it was killed
	return nil
}

// Stop asks the mirror to end and waits for it.
func (m *Mirror) Stop() error {
	if err := m.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-m.done:
		if err != nil {
			return fmt.Errorf("mirror ended: %w\n%s", err, &m.stderr)
		}
		return nil
	case <-time.After(30 * time.Second):
		return errors.Join(errors.New("mirror did not stop"), m.cmd.Process.Kill())
	}
}
