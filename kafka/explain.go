package kafka

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
)

// Explain turns an error of this package or of franz-go into one plain sentence for operators: which cluster, what could
// not be done, why, and the way out. what says what was tried, as in "read topic orders"; it may be empty. The sentence
// holds no secret of the cluster, even if a broker echoes one.
func Explain(err error, cluster *config.Cluster, what string) string {
	if err == nil {
		return ""
	}
	begin := "cluster " + cluster.Name + ": "
	if what != "" {
		begin += "cannot " + what + ": "
	}
	e := explainer{cluster: cluster, err: err}
	for _, rule := range []func() string{e.dial, e.auth, e.tls, e.foreign, e.closed, e.version, e.authorization, e.slow} {
		if text := rule(); text != "" {
			return redact(begin+text, cluster)
		}
	}
	return redact(begin+printable(err.Error()), cluster)
}

// explainer holds the rules, each of which returns an empty text when the error is not its kind.
type explainer struct {
	cluster *config.Cluster
	err     error
}

// dial explains an address that cannot be reached. An address that is not in the configuration comes from the brokers'
// metadata, and is wrong there more often than not.
func (e *explainer) dial() string {
	var d *DialError
	if !errors.As(e.err, &d) {
		return ""
	}
	why := innermost(d.Err)
	switch advertised := !slices.Contains(e.cluster.Brokers, d.Addr); {
	case d.NotFound && advertised:
		return fmt.Sprintf("the brokers advertise the address %s, whose name cannot be resolved here (%s); correct advertised.listeners of that broker or the name service", d.Addr, why)
	case d.NotFound:
		return fmt.Sprintf("the name in %s cannot be resolved (%s); correct brokers in the configuration or the name service", d.Addr, why)
	case advertised:
		return fmt.Sprintf("the brokers advertise the address %s, which cannot be reached from here (%s); correct advertised.listeners of that broker or open the way to it", d.Addr, why)
	default:
		return fmt.Sprintf("%s cannot be reached (%s); check that the broker runs and that the network lets this host through", d.Addr, why)
	}
}

// auth explains a SASL exchange that did not succeed.
func (e *explainer) auth() string {
	var a *AuthError
	known := errors.As(e.err, &a)
	switch {
	case errors.Is(e.err, kerr.UnsupportedSaslMechanism):
		text := "the broker does not offer the SASL mechanism " + e.mechanism()
		if known && a.Offers != "" {
			text += ", only " + a.Offers
		}
		return text + "; set sasl.mechanism to one that its listener has"
	case errors.Is(e.err, kerr.SaslAuthenticationFailed) || known && a.Refused:
		return fmt.Sprintf("the broker refused the %s of %s by %s; correct it, it is read again at the next try", e.secretName(), e.who(), e.mechanism())
	case errors.Is(e.err, kerr.IllegalSaslState):
		return "the broker's listener does not use SASL; remove sasl from the configuration or use the address of another listener"
	case known:
		return fmt.Sprintf("authentication as %s by %s did not succeed: %v", e.who(), a.Mechanism, a.Err)
	}
	return ""
}

func (e *explainer) mechanism() string {
	if e.cluster.SASL == nil {
		return "none"
	}
	return e.cluster.SASL.Mechanism
}

// secretName says where the credential comes from.
func (e *explainer) secretName() string {
	s := e.cluster.SASL
	switch {
	case s == nil:
		return "credentials"
	case s.Mechanism != config.OAuthBearer && s.PasswordFile != "":
		return "password (in " + s.PasswordFile + ")"
	case s.Mechanism != config.OAuthBearer:
		return "password"
	case s.TokenFile != "":
		return "token (in " + s.TokenFile + ")"
	default:
		return "token"
	}
}

// who names the principal as far as it can be known on this side.
func (e *explainer) who() string {
	s, t := e.cluster.SASL, e.cluster.TLS
	switch {
	case s != nil && s.Username != "":
		return "user " + s.Username
	case s != nil && s.ClientID != "":
		return "client " + s.ClientID
	case s != nil:
		return "the token's owner"
	case t != nil && t.CertFile != "":
		return "the client certificate " + printable(CertificateSubject(t.CertFile))
	default:
		return "the anonymous user"
	}
}

// CertificateSubject returns the distinguished name in a certificate file, as brokers print it unless they have rules, or
// the file's name when it cannot be read.
func CertificateSubject(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return file
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return file
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return file
	}
	return cert.Subject.String()
}

// foreign explains bytes that no Kafka broker sends on a listener of the configured kind.
func (e *explainer) foreign() string {
	const alert = "appear to be a tls alert record" // franz-go has no type for it
	var p *ProtocolError
	known := errors.As(e.err, &p)
	switch {
	case known && p.Sender == "tls", strings.Contains(e.err.Error(), alert):
		return "the listener expects TLS and the configuration has none; set tls or use the address of a plaintext listener"
	case known && p.Sender == "http":
		return fmt.Sprintf("%s answers with HTTP and is no Kafka broker; correct the address", p.Addr)
	case known:
		return fmt.Sprintf("%s does not answer as a Kafka broker does (%s); check what listens there and what stands between", p.Addr, p.Why)
	}
	return ""
}

// closed explains a broker that closes the connection instead of answering the first request.
func (e *explainer) closed() string {
	var ours *ClosedError
	var theirs *kgo.ErrFirstReadEOF
	if !errors.As(e.err, &ours) && !errors.As(e.err, &theirs) {
		return ""
	}
	var missing []string
	if e.cluster.TLS == nil {
		missing = append(missing, "TLS")
	}
	if e.cluster.SASL == nil {
		missing = append(missing, "SASL")
	}
	if len(missing) == 0 {
		return "the broker closed the connection instead of answering the first request; its own log says why"
	}
	return "the broker closed the connection instead of answering the first request; its listener may expect " + strings.Join(missing, " or ") +
		", which the configuration does not have"
}

// version explains a broker that is too old.
func (e *explainer) version() string {
	const tooOld = "broker is too old" // franz-go has no type for it
	var v *VersionError
	switch {
	case errors.As(e.err, &v) && v.Max >= v.Need:
		return v.Error() + "; it is too new for this program"
	case errors.As(e.err, &v):
		return v.Error() + "; it is too old"
	case errors.Is(e.err, kerr.UnsupportedVersion), strings.Contains(e.err.Error(), tooOld):
		return "the broker does not know this request; its version is too old"
	}
	return ""
}

// authorization explains a missing permission.
func (e *explainer) authorization() string {
	for _, r := range []struct {
		err  error
		what string
	}{
		{kerr.TopicAuthorizationFailed, "topic"},
		{kerr.GroupAuthorizationFailed, "group"},
		{kerr.ClusterAuthorizationFailed, "cluster"},
		{kerr.TransactionalIDAuthorizationFailed, "transactional id"},
	} {
		if errors.Is(e.err, r.err) {
			return fmt.Sprintf("%s is not authorised (%s); grant it an ACL for this operation on the %s", e.who(), r.err.(*kerr.Error).Message, r.what)
		}
	}
	return ""
}

// slow explains an answer that did not come in time.
func (e *explainer) slow() string {
	if isTimeout(e.err) {
		return "no answer came in time (" + printable(e.err.Error()) + ")"
	}
	return ""
}

// innermost returns the text of the error that others wrap: "connection refused" and not where it came from.
func innermost(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return printable(err.Error())
		}
		err = next
	}
}

// redact removes the cluster's secrets from a text.
func redact(text string, c *config.Cluster) string {
	if c.SASL == nil {
		return text
	}
	for _, read := range []func() (config.Secret, error){c.SASL.ReadPassword, c.SASL.ReadClientSecret, c.SASL.ReadToken} {
		if s, err := read(); err == nil && !s.IsZero() {
			text = strings.ReplaceAll(text, s.Reveal(), "[redacted]")
		}
	}
	return text
}

// closedEarly tells whether an error means that the other side closed the connection.
func closedEarly(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
