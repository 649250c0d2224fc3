package sink

import (
	"context"
	"encoding/binary"
	"strings"
	"time"
)

// Message types and the slope of Ganglia's protocol since 3.1 (lib/gm_protocol.x
// of its source).
const (
	gangliaMetadata = 128
	gangliaString   = 133
	gangliaBoth     = 3 // slope: the value goes up and down
)

const (
	// metadataEvery is how often the description of a metric is sent again: gmond
	// forgets it when it restarts, and ignores values that it has no description of.
	metadataEvery = time.Minute
	// forgetAfter is when gmond may forget a metric that is not sent any more.
	forgetAfter = time.Hour
)

// ganglia sends one packet for each value to one gmond, and before the first of a
// metric, and every minute, one that describes it.
type ganglia struct {
	address, prefix string
	id              Identity
	interval        time.Duration
	described       map[string]time.Time // when each name's description was sent last
}

func newGanglia(address, prefix string, id Identity, interval time.Duration) *ganglia {
	return &ganglia{address: address, prefix: prefix, id: id, interval: interval, described: make(map[string]time.Time)}
}

func (g *ganglia) close() {}

func (g *ganglia) write(ctx context.Context, b batch) (int, error) {
	udp, err := dialUDP(ctx, g.address)
	if err != nil {
		return 0, err
	}
	defer udp.close()
	described := make(map[string]time.Time, len(b.points)) // without names that are gone
	var packet []byte
	for sent, p := range b.points {
		name := shorten(path(g.prefix, p))
		last, known := g.described[name]
		if !known || b.at.Sub(last) >= metadataEvery {
			last = b.at
			packet = g.appendMetadata(packet[:0], name, p)
			if err := udp.send(ctx, packet); err != nil {
				return sent, err
			}
		}
		described[name] = last
		packet = g.appendValue(packet[:0], name, p)
		if err := udp.send(ctx, packet); err != nil {
			return sent, err
		}
	}
	g.described = described
	return len(b.points), nil
}

func (g *ganglia) appendMetadata(buf []byte, name string, p point) []byte {
	buf = g.appendHead(buf, gangliaMetadata, name)
	buf = appendXDR(buf, "double")
	buf = appendXDR(buf, name)
	buf = appendXDR(buf, unitOf(p.name))
	buf = binary.BigEndian.AppendUint32(buf, gangliaBoth)
	buf = binary.BigEndian.AppendUint32(buf, uint32(g.interval.Seconds()))
	buf = binary.BigEndian.AppendUint32(buf, uint32(forgetAfter.Seconds()))
	buf = binary.BigEndian.AppendUint32(buf, 1) // pairs of more attributes
	buf = appendXDR(buf, "GROUP")
	return appendXDR(buf, "mirror")
}

func (g *ganglia) appendValue(buf []byte, name string, p point) []byte {
	buf = g.appendHead(buf, gangliaString, name)
	buf = appendXDR(buf, "%s")
	return appendXDR(buf, string(appendValue(nil, p.value)))
}

// appendHead begins a packet. gmond names the host by the sender's address.
func (g *ganglia) appendHead(buf []byte, kind uint32, name string) []byte {
	buf = binary.BigEndian.AppendUint32(buf, kind)
	buf = appendXDR(buf, g.id.Process)
	buf = appendXDR(buf, name)
	return binary.BigEndian.AppendUint32(buf, 0) // not on behalf of another host
}

// appendXDR writes a string as RFC 4506 says: its length, its bytes, and zeros up
// to a multiple of four.
func appendXDR(buf []byte, text string) []byte {
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(text)))
	buf = append(buf, text...)
	for len(buf)%4 != 0 {
		buf = append(buf, 0)
	}
	return buf
}

// unitOf reads the unit from a metric's name, where it stands by convention.
func unitOf(name string) string {
	for _, u := range []struct{ end, unit string }{
		{"bytes_per_second", "bytes/s"}, {"_per_second", "1/s"}, {"_seconds", "s"}, {"bytes_total", "bytes"},
	} {
		if strings.HasSuffix(name, u.end) {
			return u.unit
		}
	}
	return ""
}
