package brokers

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports below the kernel's ephemeral range, so that no outgoing connection takes a stopped broker's port.
const (
	lowPort  = 20000
	highPort = 32000
)

// freePorts finds n ports of 127.0.0.1 that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	seen := make(map[int]bool)
	for range 1000 {
		if len(ports) == n {
			return ports, nil
		}
		port := lowPort + rand.IntN(highPort-lowPort)
		if seen[port] {
			continue
		}
		seen[port] = true
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := l.Close(); err == nil {
			ports = append(ports, port)
		}
	}
	return nil, errors.New("find free ports: none in range")
}
