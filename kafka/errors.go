package kafka

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// DialError says that no TCP connection to an address could be made. It looks like a transient dial error to franz-go
// whatever its cause.
type DialError struct {
	Addr     string // host:port as the configuration or the cluster's metadata named it
	NotFound bool   // the name could not be resolved
	Err      error
}

func (e *DialError) Error() string { return fmt.Sprintf("dial %s: %v", e.Addr, e.Err) }
func (e *DialError) Unwrap() error { return e.Err }

// TLSError says that the TLS handshake with an address did not succeed, or that the files it needs are not usable.
type TLSError struct {
	Addr string
	Err  error
}

func (e *TLSError) Error() string { return fmt.Sprintf("start tls with %s: %v", e.Addr, e.Err) }
func (e *TLSError) Unwrap() error { return e.Err }

// AuthError says that SASL authentication with an address did not succeed. Its text never holds a secret.
type AuthError struct {
	Addr      string
	Mechanism string // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER
	Offers    string // the mechanisms of a broker that does not have this one, if it says so
	Refused   bool   // the broker refused the credentials; else they could not be obtained or the exchange broke
	Err       error
}

func (e *AuthError) Error() string {
	return fmt.Sprintf("authenticate with %s by %s: %v", e.Addr, e.Mechanism, e.Err)
}
func (e *AuthError) Unwrap() error { return e.Err }

// ProtocolError says that a broker, or whatever answers at its address, sent bytes that are not an answer to what was
// asked. The connection is closed by then.
type ProtocolError struct {
	Addr string
	Why  string
	// Sender is a guess at who sent it instead of a broker without TLS: "tls", "http" or empty.
	Sender string
}

func (e *ProtocolError) Error() string { return fmt.Sprintf("read from %s: %s", e.Addr, e.Why) }

// ClosedError says that the other side closed the connection instead of answering the first request that followed the
// greeting, or the greeting itself: what a broker does whose listener expects TLS or SASL.
type ClosedError struct{ Err error }

func (e *ClosedError) Error() string {
	return "connection closed before the first answer: " + e.Err.Error()
}
func (e *ClosedError) Unwrap() error { return e.Err }

// VersionError says that a broker and this program have no version of a request in common.
type VersionError struct {
	Addr     string
	Key      int16 // of the request
	Min, Max int16 // what the broker offers; -1 when it does not know the request
	Need     int16 // the lowest version that this program can use
	Most     int16 // the highest one
}

func (e *VersionError) Error() string {
	name := kmsg.NameForKey(e.Key)
	if e.Max < 0 {
		return fmt.Sprintf("ask %s for %s: the broker does not know this request", e.Addr, name)
	}
	return fmt.Sprintf("ask %s for %s: the broker has versions %d to %d, needed are %d to %d", e.Addr, name, e.Min, e.Max, e.Need, e.Most)
}

// dialError wraps what a dial returned. franz-go gives up at once on names that do not exist and on EACCES and EPERM,
// which it takes for faults of the configuration; but a name server may lose a name for a while and a firewall may
// change, so those causes are hidden from it behind an ordinary dial error.
func dialError(addr string, err error) *DialError {
	var dns *net.DNSError
	notFound := errors.As(err, &dns)
	if notFound || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) {
		var op *net.OpError
		if errors.As(err, &op) && op.Err != nil {
			err = op.Err // its text without the words that the new one repeats
		}
		err = &net.OpError{Op: "dial", Net: "tcp", Err: hiddenError{err}}
	}
	return &DialError{Addr: addr, NotFound: notFound, Err: err}
}

// hiddenError keeps the text of an error and nothing else.
type hiddenError struct{ err error }

func (e hiddenError) Error() string { return e.err.Error() }

// isTimeout tells whether an error is a deadline that passed.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
