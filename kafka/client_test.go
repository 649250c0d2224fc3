package kafka

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// unused returns an address on which nobody listens.
func unused(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestUnreachable(t *testing.T) {
	addr := unused(t)
	c := &config.Cluster{Name: "west", Brokers: []string{addr}}
	want := "cluster west: cannot list topics: " + addr + " cannot be reached (connection refused); check that the broker runs and that the network lets this host through"
	if got := Explain(dialFails(t, c), c, "list topics"); got != want {
		t.Errorf("connection:\ngot  %s\nwant %s", got, want)
	}
	_, err := kadm.NewClient(client(t, c, once())).ListTopics(testCtx(t))
	if got := Explain(err, c, "list topics"); got != want {
		t.Errorf("franz-go:\ngot  %s\nwant %s", got, want)
	}
}

// TestNameAppears starts with a name that does not exist, which must be tried again until it does.
func TestNameAppears(t *testing.T) {
	c := fake(t)
	known := false
	lookup := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !known {
			known = true
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "broker", IsNotFound: true}}
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	d, err := NewDialer(c, "mirror-test", WithDialFunc(lookup))
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.DialContext(context.Background(), "tcp", c.Brokers[0])
	var dns *net.DNSError
	if errors.As(err, &dns) {
		t.Error("franz-go would see the name error and give up")
	}
	want := "cluster west: the name in " + c.Brokers[0] + " cannot be resolved (no such host); correct brokers in the configuration or the name service"
	if got := Explain(err, c, ""); got != strings.Replace(want, "no such host", "lookup broker: no such host", 1) {
		t.Errorf("explained:\ngot  %s\nwant %s", got, want)
	}
	cl, err := d.NewClient(append(c.Brokers, c.Brokers[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	known = false
	if _, err := kadm.NewClient(cl).ListTopics(testCtx(t)); err != nil {
		t.Errorf("after the name appeared: %v", err)
	}
}

// TestAdvertisedAddress has a broker that advertises an address where nobody listens.
func TestAdvertisedAddress(t *testing.T) {
	cl, c := fakeCluster(t)
	addr := unused(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	cl.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cl.KeepControl()
		resp := req.ResponseKind().(*kmsg.MetadataResponse)
		b := kmsg.NewMetadataResponseBroker()
		b.NodeID, b.Host = 0, host
		for _, d := range port {
			b.Port = b.Port*10 + int32(d-'0')
		}
		resp.Brokers = append(resp.Brokers, b)
		return resp, nil, true
	})
	k := client(t, c, once())
	if _, err := k.Request(testCtx(t), kmsg.NewPtrMetadataRequest()); err != nil {
		t.Fatal(err)
	}
	_, err = k.Broker(0).Request(testCtx(t), kmsg.NewPtrListGroupsRequest())
	want := "the brokers advertise the address " + addr + ", which cannot be reached from here (connection refused); correct advertised.listeners"
	if got := Explain(err, c, "list groups"); !strings.Contains(got, want) {
		t.Errorf("explained:\ngot  %s\nwant %s", got, want)
	}
}

func TestDialerReachesClient(t *testing.T) {
	c := fake(t, kfake.NumBrokers(1))
	dialled := 0
	d, err := NewDialer(c, "mirror-test", WithDialFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
		dialled++
		return new(net.Dialer).DialContext(ctx, network, addr)
	}))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := d.Dial(testCtx(t), c.Brokers[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if dialled != 1 || conn.Addr() != c.Brokers[0] {
		t.Errorf("got %d dials of %s, want 1 of %s", dialled, conn.Addr(), c.Brokers[0])
	}
}

func TestBackoff(t *testing.T) {
	for failures := range 100 {
		least, most := 25*time.Millisecond, 2*time.Second
		if failures >= 6 {
			least = time.Second
		}
		if got := backoff(failures); got < least || got > most {
			t.Errorf("after %d failures: got %s, want %s to %s", failures, got, least, most)
		}
	}
}
