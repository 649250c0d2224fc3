package check

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"mirror/kafka"
	"mirror/replicate"
)

// dialsAtOnce bounds how many brokers are dialled at a time.
const dialsAtOnce = 16

// reached is what came of dialling one broker.
type reached struct {
	broker   replicate.Broker
	addr     string
	conn     *kafka.Conn
	version  string // a guess, or unrecognised
	produces bool   // it knows DescribeProducers
	err      error
}

// dialAll connects to every broker at the address that it advertises, as the daemon will: TCP, TLS and SASL. The first
// connection is kept.
func (c *cluster) dialAll(ctx context.Context, patience time.Duration) {
	all := make([]reached, len(c.brokers))
	var dialling sync.WaitGroup
	slots := make(chan struct{}, dialsAtOnce)
	for i, b := range c.brokers {
		slots <- struct{}{}
		dialling.Go(func() {
			all[i] = c.dial(ctx, b, patience)
			<-slots
		})
	}
	dialling.Wait()
	var addrs []string
	for _, r := range all {
		if r.err != nil {
			c.findings.failAs(kindOf(r.err), "cluster.listener", c.explain(r.err, fmt.Sprintf("reach broker %d at %s", r.broker.ID, r.addr)))
			continue
		}
		addrs = append(addrs, r.addr)
		if c.conn == nil {
			c.conn = r.conn
			continue
		}
		r.conn.Close()
	}
	if len(addrs) > 0 {
		c.findings.ok("cluster.listener", "answering where they are advertised: "+some(addrs))
		c.checkVersions(all)
	}
}

func (c *cluster) dial(ctx context.Context, b replicate.Broker, patience time.Duration) reached {
	r := reached{broker: b, addr: net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if r.conn, r.err = c.dialer.Dial(ctx, r.addr); r.err != nil {
		return r
	}
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "mirror", "check" // brokers refuse the request without (KIP-511)
	resp, err := r.conn.Request(ctx, req)
	if err == nil {
		err = kerr.ErrorForCode(resp.(*kmsg.ApiVersionsResponse).ErrorCode)
	}
	if err != nil {
		r.conn.Close()
		r.conn, r.err = nil, fmt.Errorf("ask for versions: %w", err)
		return r
	}
	offered := resp.(*kmsg.ApiVersionsResponse)
	r.produces = slices.ContainsFunc(offered.ApiKeys, func(k kmsg.ApiVersionsResponseApiKey) bool {
		return k.ApiKey == kmsg.DescribeProducers.Int16()
	})
	r.version = versionOf(kversion.FromApiVersionsResponse(offered).VersionGuess(), r.produces)
	return r
}

// unrecognised is said of brokers that are no release of Kafka as they answer.
const unrecognised = "of a version that is not recognised"

// versionOf makes of the guess by the requests that a broker takes what users
// read. A broker that takes DescribeProducers (since 2.8) and is guessed to be
// older takes some requests only, as brokers that are not Kafka do.
func versionOf(guess string, describesProducers bool) string {
	numbers := regexp.MustCompile(`v(\d+)\.(\d+)`).FindAllStringSubmatch(guess, -1)
	if len(numbers) == 0 {
		return unrecognised
	}
	newest := numbers[len(numbers)-1]
	major, _ := strconv.Atoi(newest[1]) // digits, and few of them
	minor, _ := strconv.Atoi(newest[2])
	if describesProducers && (major < 2 || major == 2 && minor < 8) {
		return unrecognised
	}
	return strings.ReplaceAll(strings.TrimPrefix(guess, "v"), " v", " ")
}

// checkVersions tells what the brokers are and whether they can be what the routes want them to be.
func (c *cluster) checkVersions(all []reached) {
	var versions, old []string
	for _, r := range all {
		if r.err != nil {
			continue
		}
		if !slices.Contains(versions, r.version) {
			versions = append(versions, r.version)
		}
		if !r.produces {
			old = append(old, fmt.Sprintf("broker %d (Kafka %s)", r.broker.ID, r.version))
		}
	}
	c.version = strings.Join(versions, ", ")
	switch {
	case c.isTarget && len(old) > 0:
		c.findings.fail("cluster.version", some(old)+": too old for a target, which needs DescribeProducers to tell positions; Kafka has it since 2.8",
			"upgrade these brokers to Kafka 2.8 or later")
	case len(versions) > 1:
		c.findings.ok("cluster.version", "brokers of several versions: Kafka "+c.version)
	default:
		c.findings.ok("cluster.version", "Kafka "+c.version)
	}
}

// maxNamed is how many things a text names before it counts the others.
const maxNamed = 5

// some joins names, and counts those beyond the first few.
func some(names []string) string {
	if len(names) <= maxNamed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], ", "), len(names)-maxNamed)
}
