package kafka

import (
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
)

// NewClient returns a franz-go client for a cluster. It dials when it is first used; a cluster that cannot be reached is
// tried again until the request's context ends. opts come last and win.
func NewClient(c *config.Cluster, clientID string, opts ...kgo.Opt) (*kgo.Client, error) {
	d, err := NewDialer(c, clientID)
	if err != nil {
		return nil, err
	}
	return d.NewClient(c.Brokers, opts...)
}

// NewClient is like the function of the same name, with this dialer's way to connect.
func (d *Dialer) NewClient(brokers []string, opts ...kgo.Opt) (*kgo.Client, error) {
	all := []kgo.Opt{
		kgo.SeedBrokers(brokers...),
		kgo.ClientID(d.clientID),
		kgo.SoftwareNameAndVersion("mirror", softwareVersion()),
		kgo.Dialer(d.DialContext),
		kgo.RetryBackoffFn(backoff),
		kgo.AlwaysRetryEOF(),                       // a broker behind a proxy that is restarting closes connections, too
		kgo.MetadataMinAge(100 * time.Millisecond), // a topic that was just created gets its leaders in such a time
		kgo.MetadataMaxAge(time.Minute),
	}
	if d.auth != nil {
		all = append(all, kgo.SASL(d.auth))
	}
	if d.bounds != nil {
		all = append(all, kgo.MaxVersions(d.bounds))
	}
	return kgo.NewClient(append(all, opts...)...)
}

// backoff returns how long to wait before the next try: from 100 ms after the first failure doubling to 2 s, less up to
// half by chance so that clients do not come back in step.
func backoff(failures int) time.Duration {
	d := min(50*time.Millisecond<<min(failures, 6), 2*time.Second)
	return d/2 + rand.N(d/2)
}
