package servers

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"mirror/e2e/brokers"
)

// startWithin is how long a server may take to answer on a busy machine.
const startWithin = 2 * time.Minute

// server is one process with its folder.
type server struct {
	dir     string
	args    []string
	env     []string
	port    int // answers when it is ready
	process *brokers.Process
}

// find returns the path of a program. Daemons lie in folders that not every PATH has.
func find(program, pack string) (string, error) {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
		path := filepath.Join(dir, program)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", &brokers.MissingError{Tool: program, Use: "is in Debian's package " + pack}
}

// start runs the program and waits until its port answers.
func (s *server) start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the child has its own descriptor
	cmd := exec.Command(s.args[0], s.args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = append(os.Environ(), s.env...)
	if s.process, err = brokers.StartProcess(cmd); err != nil {
		return err
	}
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address(s.port))
		if err == nil {
			return conn.Close()
		}
		if !s.process.Running() {
			return fmt.Errorf("start %s: it has ended:\n%s", s.args[0], s.Log())
		}
	}
	return fmt.Errorf("start %s: it does not answer after %v:\n%s", s.args[0], startWithin, s.Log())
}

// Stop ends the server at once; what it had in memory is gone.
func (s *server) Stop() { s.process.Kill() }

// Restart stops the server and starts it again on the same ports.
func (s *server) Restart() error {
	s.Stop()
	return s.start()
}

// Log is what the server wrote, at most its last 4 KiB.
func (s *server) Log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4096):])
}

// write makes a file in the server's folder.
func (s *server) write(name, format string, args ...any) error {
	return os.WriteFile(filepath.Join(s.dir, name), fmt.Appendf(nil, format, args...), 0o600)
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// freePorts finds n ports that neither TCP nor UDP uses.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range 100 {
		if len(ports) == n {
			return ports, nil
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find free ports: %w", err)
		}
		defer l.Close() // held until all are found, so that none is found twice
		u, err := net.ListenPacket("udp", l.Addr().String())
		if err != nil {
			continue
		}
		defer u.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return nil, errors.New("find free ports: too few")
}

// readAll reads what a server says at once when somebody connects.
func readAll(address string) ([]byte, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return io.ReadAll(conn)
}
