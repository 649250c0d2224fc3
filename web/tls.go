package web

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"mirror/config"
	"mirror/config/logkey"
)

// newTLSConfig reads the files once, so that a bad one is told at start, and
// again whenever one changes.
func newTLSConfig(files config.WebTLS, log *slog.Logger) (*tls.Config, error) {
	r := &tlsReloader{files: files, log: log}
	r.stamps = r.stamp() // before the files are read, so that no change is missed
	var err error
	if r.current, err = r.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return r.get(), nil
		},
	}, nil
}

// tlsReloader keeps the server's certificate and client CA as the files have
// them: certificates are renewed while the mirror runs.
type tlsReloader struct {
	files config.WebTLS
	log   *slog.Logger

	mu      sync.Mutex
	current *tls.Config  // guarded by mu
	stamps  [3]fileStamp // of the files in current; guarded by mu
}

// fileStamp changes with a file's content.
type fileStamp struct {
	changed time.Time
	size    int64
}

// get returns the present configuration. Files that do not fit together (a
// renewal between two writes) are tried again with the next connection, and the
// old ones serve until then.
func (r *tlsReloader) get() *tls.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	stamps := r.stamp()
	if stamps == r.stamps {
		return r.current
	}
	next, err := r.load()
	if err != nil {
		r.log.Warn("web certificate changed and cannot be used, the old one still serves", logkey.Err, err)
		return r.current
	}
	r.current, r.stamps = next, stamps
	return r.current
}

// stamp looks at the three files; one that is missing keeps the zero stamp, and
// load says so.
func (r *tlsReloader) stamp() (stamps [3]fileStamp) {
	for i, file := range []string{r.files.CertFile, r.files.KeyFile, r.files.ClientCAFile} {
		if info, err := os.Stat(file); err == nil {
			stamps[i] = fileStamp{info.ModTime(), info.Size()}
		}
	}
	return stamps
}

func (r *tlsReloader) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(r.files.CertFile, r.files.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("load web.tls.cert_file and key_file: %w", err)
	}
	loaded := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{pair},
		NextProtos:   []string{"http/1.1"},
	}
	if r.files.ClientCAFile == "" {
		return loaded, nil
	}
	pem, err := os.ReadFile(r.files.ClientCAFile)
	if err != nil {
		return nil, fmt.Errorf("load web.tls.client_ca_file: %w", err)
	}
	loaded.ClientCAs = x509.NewCertPool()
	if !loaded.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("load web.tls.client_ca_file: no certificate in %s: it must be PEM", r.files.ClientCAFile)
	}
	// The probes are free, so a certificate is verified where there is one, and
	// the authenticator asks whether there was.
	loaded.ClientAuth = tls.VerifyClientCertIfGiven
	return loaded, nil
}
