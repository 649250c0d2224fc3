package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// scripted listens and hands each connection to serve, which it closes afterwards. It returns its address.
func scripted(t testing.TB, serve func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer nc.Close()
				serve(nc)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

// readRequest reads one request and returns its key, version and correlation id.
func readRequest(nc net.Conn) (key, version int16, corr int32, err error) {
	var size [4]byte
	if _, err := io.ReadFull(nc, size[:]); err != nil {
		return 0, 0, 0, err
	}
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(nc, body); err != nil {
		return 0, 0, 0, err
	}
	return int16(binary.BigEndian.Uint16(body)), int16(binary.BigEndian.Uint16(body[2:])), int32(binary.BigEndian.Uint32(body[4:])), nil
}

// frame returns a response with its size and correlation id.
func frame(corr int32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))
	return append(binary.BigEndian.AppendUint32(b, uint32(corr)), body...)
}

// greets answers ApiVersions with Produce up to 8 and Fetch up to 11.
func greets(nc net.Conn) error {
	_, version, corr, err := readRequest(nc)
	if err != nil {
		return err
	}
	resp := kmsg.NewPtrApiVersionsResponse()
	resp.Version = version
	for key, most := range map[int16]int16{0: 8, 1: 11, 2: 5} {
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MaxVersion = key, most
		resp.ApiKeys = append(resp.ApiKeys, k)
	}
	_, err = nc.Write(frame(corr, resp.AppendTo(nil)))
	return err
}

// piped connects to a broker whose side of the connection serve is. There are no sockets, so that it can be used on a
// clock of testing/synctest: a test of timeouts takes no time, and a slow machine changes nothing of it.
func piped(t *testing.T, serve func(net.Conn), opts ...DialOpt) *Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	var served sync.WaitGroup
	served.Go(func() {
		defer theirs.Close()
		serve(theirs)
	})
	t.Cleanup(served.Wait)
	pipe := WithDialFunc(func(context.Context, string, string) (net.Conn, error) { return ours, nil })
	return dial(t, &config.Cluster{Name: "west", Brokers: []string{"west:9092"}}, append(opts, pipe)...)
}

// hostile starts a broker that greets and then answers one request with what reply returns.
func hostile(t *testing.T, reply func(corr int32) []byte) *config.Cluster {
	return &config.Cluster{Name: "west", Brokers: []string{scripted(t, func(nc net.Conn) {
		if greets(nc) != nil {
			return
		}
		if _, _, corr, err := readRequest(nc); err == nil {
			_, _ = nc.Write(reply(corr))
		}
	})}}
}

func fetchBody(topic string, partition int32) []byte {
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = 11
	rt := kmsg.NewFetchResponseTopic()
	rt.Topic = topic
	rp := kmsg.NewFetchResponseTopicPartition()
	rp.Partition = partition
	rt.Partitions = append(rt.Partitions, rp)
	resp.Topics = append(resp.Topics, rt)
	return resp.AppendTo(nil)
}

func TestHostileFetch(t *testing.T) {
	good := fetchBody("a", 0)
	lie := append([]byte(nil), good...)
	binary.BigEndian.PutUint32(lie[10:], 1<<30) // the number of topics
	for _, c := range []struct {
		name  string
		reply func(corr int32) []byte
		want  string // "": no error
	}{
		{"good", func(corr int32) []byte { return frame(corr, good) }, ""},
		{"negative size", func(int32) []byte { return []byte{0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 0} }, "claims -16 bytes"},
		{"size of 3", func(int32) []byte { return []byte{0, 0, 0, 3, 0, 0, 0, 0} }, "claims 3 bytes"},
		{"size of 2 GiB", func(int32) []byte { return []byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0} }, "claims 2147483647 bytes"},
		{"wrong correlation id", func(corr int32) []byte { return frame(corr+1, good) }, "correlation id"},
		{"cut short", func(corr int32) []byte { return frame(corr, good)[:20] }, "unexpected EOF"},
		{"nothing", func(int32) []byte { return nil }, "closed before the first answer"},
		{"no body", func(corr int32) []byte { return frame(corr, nil) }, "ends before the data"},
		{"too many topics", func(corr int32) []byte { return frame(corr, lie) }, "announces 1073741824 elements"},
		{"another topic", func(corr int32) []byte { return frame(corr, fetchBody("b", 0)) }, "not due"},
		{"another partition", func(corr int32) []byte { return frame(corr, fetchBody("a", 1)) }, "not due"},
		{"http", func(int32) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n") }, "claims 1213486160 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, hostile(t, c.reply))
			f, err := conn.Fetch(testCtx(t), fetchFrom("a", [16]byte{1}, 0), NewPool(), nil)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				f.Buf.Release()
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if _, again := conn.Fetch(testCtx(t), fetchFrom("a", [16]byte{1}, 0), NewPool(), nil); again == nil {
				t.Error("the connection is still used")
			}
		})
	}
}

func TestHostileGreeting(t *testing.T) {
	unsupported := []byte{0, 35}
	for _, c := range []struct {
		name  string
		reply func(version int16, corr int32) []byte
		want  string
	}{
		{"garbage", func(_ int16, corr int32) []byte { return frame(corr, bytes.Repeat([]byte{0xff}, 50)) }, ""},
		{"empty", func(_ int16, corr int32) []byte { return frame(corr, nil) }, "broken"},
		{"nothing known", func(version int16, corr int32) []byte {
			resp := kmsg.NewPtrApiVersionsResponse()
			resp.Version = version
			return frame(corr, resp.AppendTo(nil))
		}, "names no request"},
		{"never satisfied", func(_ int16, corr int32) []byte { return frame(corr, append(unsupported, 0, 0, 0, 0)) }, "UNSUPPORTED_VERSION"},
		{"never satisfied, short", func(_ int16, corr int32) []byte { return frame(corr, unsupported) }, "broken"},
		{"TLS alert", func(int16, int32) []byte { return []byte{0x15, 3, 3, 0, 2, 2, 80} }, "an answer of tls"},
		{"a megabyte", func(_ int16, corr int32) []byte { return frame(corr, make([]byte, 1<<20)) }, "claims 1048580 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := scripted(t, func(nc net.Conn) {
				for {
					_, version, corr, err := readRequest(nc)
					if err != nil {
						return
					}
					_, _ = nc.Write(c.reply(version, corr))
					if c.name == "TLS alert" {
						return
					}
				}
			})
			err := dialFails(t, &config.Cluster{Name: "west", Brokers: []string{addr}})
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if got, want := Explain(err, &config.Cluster{}, ""), "the listener expects TLS"; c.name == "TLS alert" && !strings.Contains(got, want) {
				t.Errorf("explained: got %q, want %q", got, want)
			}
		})
	}
}

func TestHostileProduce(t *testing.T) {
	body := func(partitions int) []byte {
		resp := kmsg.NewPtrProduceResponse()
		resp.Version = 8
		rt := kmsg.NewProduceResponseTopic()
		rt.Partitions = make([]kmsg.ProduceResponseTopicPartition, partitions)
		resp.Topics = append(resp.Topics, rt)
		return resp.AppendTo(nil)
	}
	for _, c := range []struct {
		name  string
		reply func(corr int32) []byte
		want  string
	}{
		{"wrong correlation id", func(corr int32) []byte { return frame(corr-1, body(1)) }, "correlation id"},
		{"two answers for one partition", func(corr int32) []byte { return frame(corr, body(2)) }, "answers for 2 partitions"},
		{"no answer", func(corr int32) []byte { return frame(corr, body(0)) }, "answers for 0 partitions"},
		{"17 MiB", func(corr int32) []byte { return []byte{1, 16, 0, 0, 0, 0, 0, 0} }, "claims 17825792 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, hostile(t, c.reply))
			if _, err := conn.WriteProduce(testCtx(t), []ProducePart{{Topic: "a", Records: []byte("x")}}, time.Second); err != nil {
				t.Fatal(err)
			}
			if _, _, err := conn.ReadProduce(testCtx(t)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if _, err := conn.WriteProduce(testCtx(t), []ProducePart{{Topic: "a", Records: []byte("x")}}, time.Second); err == nil {
				t.Error("the connection is still used")
			}
		})
	}
}

// silent starts a broker that greets, sends what it is told and then nothing more.
func silent(t *testing.T, bytes []byte) *config.Cluster {
	return &config.Cluster{Name: "west", Brokers: []string{scripted(t, silence(bytes))}}
}

func silence(bytes []byte) func(net.Conn) {
	return func(nc net.Conn) {
		if greets(nc) != nil {
			return
		}
		var writing sync.WaitGroup // while it reads: what connects them may hold nothing
		writing.Go(func() { _, _ = nc.Write(bytes) })
		_, _ = io.Copy(io.Discard, nc)
		writing.Wait()
	}
}

// TestInterrupted breaks off calls that wait: by their context, by the connection's timeout, by Close from elsewhere.
func TestInterrupted(t *testing.T) {
	half := frame(2, make([]byte, 100))[:50]
	for name, begin := range map[string][]byte{"before the answer": nil, "in the middle of the answer": half} {
		t.Run(name, func(t *testing.T) {
			c := silent(t, begin)
			cause := errors.New("stopped")
			calls := map[string]func(*Conn, context.Context) error{
				"fetch": func(conn *Conn, ctx context.Context) error {
					req := fetchFrom("a", [16]byte{}, 0)
					req.MaxWaitMillis = 0
					_, err := conn.Fetch(ctx, req, NewPool(), nil)
					return err
				},
				"produce": func(conn *Conn, ctx context.Context) error {
					if _, err := conn.WriteProduce(ctx, []ProducePart{{Topic: "a", Records: []byte("x")}}, 0); err != nil {
						return err
					}
					_, _, err := conn.ReadProduce(ctx)
					return err
				},
			}
			for name, call := range calls {
				ctx, cancel := context.WithCancelCause(context.Background())
				time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
				if err := call(dial(t, c), ctx); !errors.Is(err, cause) {
					t.Errorf("%s, cancelled: got %v, want %v", name, err, cause)
				}
				synctest.Test(t, func(t *testing.T) {
					if err := call(piped(t, silence(begin), WithRequestTimeout(300*time.Millisecond)), testCtx(t)); !isTimeout(err) {
						t.Errorf("%s, timeout: got %v", name, err)
					}
				})
				conn := dial(t, c)
				time.AfterFunc(20*time.Millisecond, func() { conn.Close() })
				if err := call(conn, testCtx(t)); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s, closed: got %v, want %v", name, err, net.ErrClosed)
				}
			}
		})
	}
}

// TestReadProduceWaits checks that a reader without a request in flight ends with its context or the connection.
func TestReadProduceWaits(t *testing.T) {
	conn := dial(t, silent(t, nil))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, _, err := conn.ReadProduce(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	time.AfterFunc(10*time.Millisecond, func() { conn.Close() })
	if _, _, err := conn.ReadProduce(testCtx(t)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want %v", err, net.ErrClosed)
	}
}

// TestCancelledBeforeItBegins checks that a context that has ended does not cost the connection.
func TestCancelledBeforeItBegins(t *testing.T) {
	c := fake(t)
	ids := topicIDs(t, c)
	conn := dial(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := conn.Fetch(ctx, fetchFrom("a", ids["a"], 0), NewPool(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	roundTrip(t, conn, ids)
}
