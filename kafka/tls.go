package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"mirror/config"
)

// tlsFiles is the client side of TLS from files that are read again when they change, so that certificates are rotated
// without a restart. It is safe for concurrent use.
type tlsFiles struct {
	config config.TLS // immutable

	mu     sync.Mutex // guards the rest
	stamps [3]stamp   // of the CA, certificate and key files as they were read
	loaded *tls.Config
}

// stamp tells one state of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

// load returns the configuration for one handshake, the caller's to change. When files changed and cannot be used, for
// example because only one half of a pair has been replaced yet, the ones read before stay in use.
func (f *tlsFiles) load() (*tls.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamps := f.stat()
	if f.loaded == nil || stamps != f.stamps {
		loaded, err := f.read()
		switch {
		case err == nil:
			f.loaded, f.stamps = loaded, stamps
		case f.loaded == nil:
			return nil, err
		}
	}
	return f.loaded.Clone(), nil
}

// stat returns the state of each file, the zero one for a file that is not configured or cannot be seen.
func (f *tlsFiles) stat() (stamps [3]stamp) {
	for i, name := range []string{f.config.CAFile, f.config.CertFile, f.config.KeyFile} {
		if name == "" {
			continue
		}
		if info, err := os.Stat(name); err == nil {
			stamps[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return stamps
}

// read reads all files. Without a CA file the system's authorities are trusted.
func (f *tlsFiles) read() (*tls.Config, error) {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: f.config.ServerName,
		// Requests are large: full records from the start instead of small ones for the first megabyte.
		DynamicRecordSizingDisabled: true,
	}
	if name := f.config.CAFile; name != "" {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read ca_file %s: it holds no certificate in PEM form", name)
		}
	}
	if (f.config.CertFile == "") != (f.config.KeyFile == "") {
		return nil, errors.New("read tls files: cert_file and key_file are needed together")
	}
	if f.config.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(f.config.CertFile, f.config.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read cert_file and key_file: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
