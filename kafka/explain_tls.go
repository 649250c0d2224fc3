package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
)

// tls explains a TLS handshake that did not succeed, on either side.
func (e *explainer) tls() string {
	var t *TLSError
	addr := "the broker"
	if errors.As(e.err, &t) {
		addr = t.Addr
	}
	if text := e.certificate(addr); text != "" {
		return text
	}
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(e.err, &record):
		return addr + " does not speak TLS; remove tls from the configuration or use the address of a TLS listener"
	case errors.As(e.err, &alert), strings.Contains(e.err.Error(), "remote error: tls:"):
		return e.alert(addr)
	case t != nil && closedEarly(t.Err):
		return addr + " closed the connection during the TLS handshake; its listener may not be a TLS one, or it wants a client certificate (tls.cert_file)"
	case t != nil && isTimeout(t.Err):
		return addr + " did not answer the TLS handshake in time; its listener may not be a TLS one"
	case t != nil:
		return fmt.Sprintf("the TLS handshake with %s did not succeed: %v", addr, t.Err)
	}
	return ""
}

// certificate explains a broker's certificate that this side does not accept.
func (e *explainer) certificate(addr string) string {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(e.err, &name):
		return fmt.Sprintf("the certificate of %s is not valid for the name %q but for %s; connect by such a name, or set tls.server_name to it",
			addr, name.Host, certificateNames(name.Certificate))
	case errors.As(e.err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of %s is not valid now (from %s to %s); renew it, or correct this host's clock",
			addr, invalid.Cert.NotBefore.UTC().Format("2006-01-02 15:04"), invalid.Cert.NotAfter.UTC().Format("2006-01-02 15:04"))
	case errors.As(e.err, &unknown):
		return fmt.Sprintf("the certificate of %s is signed by an authority that is not trusted here; set tls.ca_file to that authority's certificate", addr)
	case errors.As(e.err, &invalid):
		return fmt.Sprintf("the certificate of %s cannot be used: %s", addr, printable(invalid.Error()))
	}
	return ""
}

// certificateNames lists the names a certificate is for.
func certificateNames(c *x509.Certificate) string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name at all"
	}
	return printable(strings.Join(names, ", "))
}

// alert explains what the broker said about this side's part of the handshake. The words are those of crypto/tls.
func (e *explainer) alert(addr string) string {
	text := e.err.Error()
	_, reason, _ := strings.Cut(text, "tls: ")
	switch {
	case e.cluster.TLS != nil && e.cluster.TLS.CertFile == "" && (strings.Contains(text, "certificate required") || strings.Contains(text, "bad certificate") || strings.Contains(text, "handshake failure")):
		return fmt.Sprintf("%s wants a client certificate (%s); set tls.cert_file and tls.key_file", addr, printable(reason))
	case strings.Contains(text, "certificate") || strings.Contains(text, "unknown certificate authority"):
		return fmt.Sprintf("%s does not accept our client certificate (%s); the broker's truststore must hold its authority", addr, printable(reason))
	case strings.Contains(text, "protocol version"):
		return fmt.Sprintf("%s offers no TLS version from 1.2 on; enable TLS 1.2 or 1.3 on the broker", addr)
	default:
		return fmt.Sprintf("%s ended the TLS handshake (%s)", addr, printable(reason))
	}
}
