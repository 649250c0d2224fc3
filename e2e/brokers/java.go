package brokers

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

//go:embed java/Clients.java
var clientsSource []byte

// Java is one JVM with the official clients. Its methods are for one goroutine at a time; sends are buffered and their
// failures are told by the next Flush, Commit, Abort or Close of that producer.
type Java struct {
	proc   *Process
	in     *bufio.Writer
	pipe   io.Closer
	out    *bufio.Reader
	stderr *lockedBuffer
	dir    string // for dumps
}

// StartJava compiles the helper the first time and starts it.
func StartJava(ctx context.Context) (*Java, error) {
	kafka, err := Install(ctx)
	if err != nil {
		return nil, err
	}
	classes, err := compile(ctx, kafka)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mirror-java-")
	if err != nil {
		return nil, fmt.Errorf("make dump folder: %w", err)
	}
	cmd, err := jvm(context.Background(), kafka, quickStart("600m"), string(os.PathListSeparator)+classes, "Clients")
	if err != nil {
		return nil, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start java: %w", err)
	}
	// A pipe of our own: exec's StdoutPipe would be closed by Wait, which runs beside our reads.
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start java: %w", err)
	}
	j := &Java{in: bufio.NewWriterSize(stdin, 1<<20), pipe: stdin, out: bufio.NewReader(read), stderr: &lockedBuffer{}, dir: dir}
	cmd.Stdout, cmd.Stderr = write, j.stderr
	j.proc, err = StartProcess(cmd)
	if closeErr := write.Close(); err == nil {
		err = closeErr
	}
	return j, err
}

// compile puts the classes beside the jars, in a folder named after the source, so that a changed source is compiled again.
func compile(ctx context.Context, k Kafka) (string, error) {
	if _, err := exec.LookPath("javac"); err != nil {
		return "", &MissingError{"javac", "compiles the helper that runs the official clients"}
	}
	sum := sha256.Sum256(clientsSource)
	dir := filepath.Join(k.Dir, "classes-"+hex.EncodeToString(sum[:4]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	work, err := os.MkdirTemp(k.Dir, "compile-")
	if err != nil {
		return "", fmt.Errorf("compile helper: %w", err)
	}
	defer os.RemoveAll(work)
	source, classes := filepath.Join(work, "Clients.java"), filepath.Join(work, "classes")
	if err := os.WriteFile(source, clientsSource, 0o644); err != nil {
		return "", fmt.Errorf("compile helper: %w", err)
	}
	if out, err := exec.CommandContext(ctx, "javac", "-cp", k.Jars(), "-d", classes, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile helper: %w\n%s", err, out)
	}
	if err := os.Rename(classes, dir); err != nil {
		if _, gone := os.Stat(dir); gone != nil {
			return "", fmt.Errorf("compile helper: %w", err)
		}
	}
	return dir, nil
}

// Field is a header.
type Field struct {
	Key   string
	Value []byte // nil is null
}

// Record is what Send sends. Nil bytes are null. A nil Timestamp lets the producer set the time.
type Record struct {
	Topic     string
	Partition int32
	Timestamp *int64
	Key       []byte
	Value     []byte
	Headers   []Field
}

// Open makes a producer. Properties are the Java client's.
func (j *Java) Open(name, bootstrap string, properties map[string]string) error {
	words := []string{"open", name, "bootstrap.servers=" + bootstrap}
	for _, key := range sortedKeys(properties) {
		words = append(words, key+"="+properties[key])
	}
	return j.command(words...)
}

// Send hands a record to a producer.
func (j *Java) Send(name string, r Record) error {
	timestamp := "-"
	if r.Timestamp != nil {
		timestamp = strconv.FormatInt(*r.Timestamp, 10)
	}
	words := []string{"send", name, r.Topic, strconv.Itoa(int(r.Partition)), timestamp, word(r.Key), word(r.Value)}
	for _, h := range r.Headers {
		words = append(words, word([]byte(h.Key)), word(h.Value))
	}
	if _, err := j.in.WriteString(strings.Join(words, " ") + "\n"); err != nil {
		return j.failed("send", err)
	}
	return nil
}

func word(b []byte) string {
	switch {
	case b == nil:
		return "-"
	case len(b) == 0:
		return "="
	default:
		return base64.StdEncoding.EncodeToString(b)
	}
}

// Flush waits until everything sent is acknowledged; with a long linger.ms it ends the batches.
func (j *Java) Flush(name string) error { return j.command("flush", name) }

// Begin begins a transaction.
func (j *Java) Begin(name string) error { return j.command("begin", name) }

// Commit flushes and commits.
func (j *Java) Commit(name string) error { return j.command("commit", name) }

// Abort flushes, so that the records are in the log, and aborts.
func (j *Java) Abort(name string) error { return j.command("abort", name) }

// CloseProducer flushes and closes a producer.
func (j *Java) CloseProducer(name string) error { return j.command("close", name) }

// Streams starts an application of Kafka Streams that passes the records of a topic on to another one, in a streams group
// (KIP-1071) with the name of the application. CloseStreams ends it.
func (j *Java) Streams(name, bootstrap, application, from, to string) error {
	return j.command("streams", name, bootstrap, application, from, to)
}

// CloseStreams ends an application, which commits.
func (j *Java) CloseStreams(name string) error { return j.command("close", name) }

// Dumped is one record as the official consumer delivered it. Key, Value and Headers are SHA-256 in hex, "-" for null; that
// of Headers covers each key and value with its length as 4 bytes, -1 for null.
type Dumped struct {
	Topic               string
	Partition           int32
	Offset, Timestamp   int64
	TimestampType       string
	Key, Value, Headers string
}

// Dump reads whole topics with the official consumer, in offset order within each partition.
func (j *Java) Dump(bootstrap string, committed bool, topics ...string) ([]Dumped, error) {
	isolation := "read_uncommitted"
	if committed {
		isolation = "read_committed"
	}
	file := filepath.Join(j.dir, "dump")
	if err := j.command(append([]string{"dump", file, bootstrap, isolation}, topics...)...); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read dump: %w", err)
	}
	var records []Dumped
	for line := range strings.Lines(string(text)) {
		var r Dumped
		if _, err := fmt.Sscan(line, &r.Topic, &r.Partition, &r.Offset, &r.Timestamp, &r.TimestampType, &r.Key, &r.Value, &r.Headers); err != nil {
			return nil, fmt.Errorf("read dump: %w in %q", err, line)
		}
		records = append(records, r)
	}
	return records, nil
}

// command sends a command and waits for its answer.
func (j *Java) command(words ...string) error {
	what := strings.Join(words[:min(2, len(words))], " ")
	if _, err := j.in.WriteString(strings.Join(words, " ") + "\n"); err != nil {
		return j.failed(what, err)
	}
	if err := j.in.Flush(); err != nil {
		return j.failed(what, err)
	}
	answer, err := j.out.ReadString('\n')
	if err != nil {
		return j.failed(what, err)
	}
	if answer = strings.TrimSpace(answer); answer != "ok" {
		return j.failed(what, errors.New(strings.TrimPrefix(answer, "error ")))
	}
	return nil
}

func (j *Java) failed(what string, err error) error {
	return fmt.Errorf("java %s: %w\n%s", what, err, lastLines(j.stderr.String(), 10))
}

// Close ends the JVM.
func (j *Java) Close() error {
	closeErr := j.pipe.Close()
	j.proc.Kill()
	return errors.Join(closeErr, os.RemoveAll(j.dir))
}

// lockedBuffer is what a child writes and the test reads at any time.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
