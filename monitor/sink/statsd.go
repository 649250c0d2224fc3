package sink

import "context"

// statsd sends gauges, as many lines as fit into a packet.
type statsd struct{ address, prefix string }

func newStatsd(address, prefix string) *statsd { return &statsd{address, prefix} }

func (s *statsd) close() {}

func (s *statsd) write(ctx context.Context, b batch) (int, error) {
	udp, err := dialUDP(ctx, s.address)
	if err != nil {
		return 0, err
	}
	defer udp.close()
	sent, held := 0, 0
	var packet, lines []byte
	for _, p := range b.points {
		lines = s.appendLines(lines[:0], p)
		if len(packet)+len(lines) > packetBytes && held > 0 {
			if err := udp.send(ctx, packet); err != nil {
				return sent, err
			}
			sent, held, packet = sent+held, 0, packet[:0]
		}
		packet = append(packet, lines...)
		held++
	}
	if held > 0 {
		if err := udp.send(ctx, packet); err != nil {
			return sent, err
		}
	}
	return sent + held, nil
}

// appendLines adds a gauge. One with a sign would be a change, so a negative value
// is made of 0 and that change.
func (s *statsd) appendLines(buf []byte, p point) []byte {
	name := path(s.prefix, p)
	if p.value < 0 {
		buf = append(append(buf, name...), ":0|g\n"...)
	}
	buf = append(append(buf, name...), ':')
	return append(appendValue(buf, p.value), "|g\n"...)
}
