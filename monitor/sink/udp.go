package sink

import (
	"context"
	"fmt"
	"net"
	"time"
)

const (
	// A server that is sent everything at once loses much of it before it reads
	// (gmond half of 4,000 packets) and with these pauses nothing.
	packetsAtOnce = 20
	packetPause   = time.Millisecond
	// packetBytes fits into one Ethernet frame.
	packetBytes = 1400
)

// udpPackets paces packets to one server.
type udpPackets struct {
	conn  net.Conn
	count int
}

// dialUDP looks the address up anew for each batch: that costs little, and a
// server that has moved is found again.
func dialUDP(ctx context.Context, address string) (*udpPackets, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	return &udpPackets{conn: conn}, nil
}

func (u *udpPackets) send(ctx context.Context, packet []byte) error {
	if u.count++; u.count%packetsAtOnce == 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(packetPause):
		}
	}
	if _, err := u.conn.Write(packet); err != nil {
		return fmt.Errorf("send to %s: %w", u.conn.RemoteAddr(), err)
	}
	return nil
}

func (u *udpPackets) close() { _ = u.conn.Close() } // nothing is buffered
