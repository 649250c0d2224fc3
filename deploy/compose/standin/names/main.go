// Command names is a name server, at port 53 of loopback, that knows no name and says so at once. In the namespaces of an
// engine nobody else could be asked, and who asks for a container that is stopped would wait for that.
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	conn, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		fmt.Fprintln(os.Stderr, "names:", err)
		os.Exit(1)
	}
	for query := make([]byte, 512); ; {
		n, from, err := conn.ReadFrom(query)
		if err != nil {
			continue // of an answer that nobody took
		}
		if said := unknown(query[:n]); said != nil {
			_, _ = conn.WriteTo(said, from) // who is gone asks no more
		}
	}
}

// unknown is the answer to a query that there is no such name (RFC 1035, section 4.1), or nil for what is none.
func unknown(query []byte) []byte {
	const header = 12
	if len(query) < header || query[2]&0x80 != 0 || query[4] != 0 || query[5] != 1 {
		return nil
	}
	end := header
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 1 + 4 // the root, type and class
	if end > len(query) {
		return nil
	}
	said := append([]byte(nil), query[:end]...)
	said[2] |= 0x80       // an answer
	said[3] = 0x80 | 3    // asked on behalf of others; no such name
	clear(said[6:header]) // with nothing but the question
	return said
}
