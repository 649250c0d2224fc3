package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/monitor"
	"mirror/web"
)

const (
	// daemonTimeout is for one answer of a daemon that is near.
	daemonTimeout = 5 * time.Second
	// maxAnswerBytes is beyond the status of 100,000 partitions.
	maxAnswerBytes = 256 << 20
)

// daemonOptions are the flags of commands that talk to a running mirror.
type daemonOptions struct {
	config, url, tokenFile, caFile string
	certFile, keyFile              string // of the client, where the daemon wants a certificate
}

func addDaemonFlags(cmd *cobra.Command, o *daemonOptions) {
	addConfigFlag(cmd, &o.config)
	cmd.Flags().StringVar(&o.url, "url", "", "`address` of the daemon, such as https://mirror:8080 (default: web.listen of the configuration)")
	cmd.Flags().StringVar(&o.tokenFile, "token-file", "", "`file` with the daemon's token (default: web.token_file, unless --url is given)")
	cmd.Flags().StringVar(&o.caFile, "ca-file", "", "PEM `file` with the authority of the daemon's certificate")
	cmd.Flags().StringVar(&o.certFile, "cert-file", "", "PEM `file` with the certificate to show to the daemon")
	cmd.Flags().StringVar(&o.keyFile, "key-file", "", "PEM `file` with the key of --cert-file")
}

// daemon is a client of one running mirror.
type daemon struct {
	url    string
	token  config.Secret // zero: none
	client *http.Client
	config *config.Config // that said where it is; nil: --url did
}

// findDaemon takes the address from --url or the configuration. The token of the
// configuration is only sent to the address of the configuration.
func findDaemon(o daemonOptions) (*daemon, error) {
	if o.url != "" {
		return newDaemon(o.url, o, nil)
	}
	cfg, err := loadConfig(o.config)
	if err != nil {
		return nil, err
	}
	address, err := localURL(cfg.Web)
	if err != nil {
		return nil, withCode(exitUsage, err)
	}
	o.tokenFile = firstOf(o.tokenFile, cfg.Web.TokenFile)
	d, err := newDaemon(address, o, cfg.Web.TLS)
	if err != nil {
		return nil, err
	}
	d.config = cfg
	return d, nil
}

// localURL is how a command on the same machine reaches what web.listen says.
func localURL(w config.Web) (string, error) {
	host, port, err := net.SplitHostPort(w.Listen)
	if err != nil || port == "0" {
		return "", fmt.Errorf("web.listen %q names no port to ask: use --url", w.Listen)
	}
	if addr, err := netip.ParseAddr(host); host == "" || (err == nil && addr.IsUnspecified()) {
		host = "127.0.0.1"
		if err == nil && addr.Is6() {
			host = "::1"
		}
	}
	scheme := "http"
	if w.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}

func newDaemon(address string, o daemonOptions, own *config.WebTLS) (*daemon, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return nil, usageErrorf("--url %q is no address such as http://127.0.0.1:8080", address)
	}
	d := &daemon{url: strings.TrimRight(address, "/")}
	if o.tokenFile != "" {
		if d.token, err = web.ReadToken(o.tokenFile); err != nil {
			return nil, withCode(exitUsage, err)
		}
	}
	trust, err := daemonTLS(o.caFile, own)
	if err == nil {
		err = showCertificate(trust, o)
	}
	if err != nil {
		return nil, withCode(exitUsage, err)
	}
	d.client = &http.Client{
		Timeout:   daemonTimeout,
		Transport: &http.Transport{TLSClientConfig: trust},
		// A redirect would carry the token to who knows where; the daemon sends none.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return d, nil
}

// daemonTLS trusts --ca-file, or else the very certificate that the configuration
// gives the daemon: it is made for another name than the loopback address that
// the daemon is asked at here, and needs no authority where the file itself is at
// hand. With --url alone the system's authorities count.
func daemonTLS(caFile string, own *config.WebTLS) (*tls.Config, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read --ca-file: %w", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read --ca-file: no certificate in %s: it must be PEM", caFile)
		}
		return trust, nil
	}
	if own == nil {
		return trust, nil
	}
	pair, err := tls.LoadX509KeyPair(own.CertFile, own.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("load web.tls.cert_file and key_file: %w", err)
	}
	trust.InsecureSkipVerify = true // VerifyConnection compares with the one certificate
	trust.VerifyConnection = func(state tls.ConnectionState) error {
		if !state.PeerCertificates[0].Equal(pair.Leaf) {
			return errors.New("the daemon's certificate is not the one in web.tls.cert_file: use --ca-file")
		}
		return nil
	}
	return trust, nil
}

// showCertificate sets the certificate by which a daemon with web.tls.client_ca_file
// knows who asks.
func showCertificate(trust *tls.Config, o daemonOptions) error {
	if o.certFile == "" && o.keyFile == "" {
		return nil
	}
	if o.certFile == "" || o.keyFile == "" {
		return usageErrorf("--cert-file and --key-file belong together")
	}
	pair, err := tls.LoadX509KeyPair(o.certFile, o.keyFile)
	if err != nil {
		return fmt.Errorf("load --cert-file and --key-file: %w", err)
	}
	trust.Certificates = []tls.Certificate{pair}
	return nil
}

// status asks for the status.
func (d *daemon) status(ctx context.Context) (monitor.Status, error) {
	var status monitor.Status
	code, body, err := d.get(ctx, "/api/v1/status")
	if err != nil {
		return status, err
	}
	if code != http.StatusOK {
		return status, d.refused(code, body)
	}
	if err := json.Unmarshal(body, &status); err != nil {
		return status, fmt.Errorf("read status of %s: this is no mirror: %w", d.url, err)
	}
	return status, nil
}

// selected asks for the status and leaves only what is wanted of it, see selectStatus.
func (d *daemon) selected(ctx context.Context, route string, topics []string) (monitor.Status, error) {
	status, err := d.status(ctx)
	if err != nil {
		return status, err
	}
	return selectStatus(status, route, topics)
}

// ready asks whether the daemon is ready, and why not.
func (d *daemon) ready(ctx context.Context) (bool, string, error) {
	code, body, err := d.get(ctx, "/readyz")
	if err != nil {
		return false, "", err
	}
	if code != http.StatusOK && code != http.StatusServiceUnavailable {
		return false, "", d.refused(code, body)
	}
	return code == http.StatusOK, strings.TrimSpace(string(body)), nil
}

func (d *daemon) get(ctx context.Context, path string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+path, nil)
	if err != nil {
		return 0, nil, usageErrorf("--url %q: %v", d.url, err)
	}
	if !d.token.IsZero() {
		request.Header.Set("Authorization", "Bearer "+d.token.Reveal())
	}
	response, err := d.client.Do(request)
	if err != nil {
		return 0, nil, d.unreachable(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return 0, nil, d.unreachable(ctx, err)
	}
	return response.StatusCode, body, nil
}

func (d *daemon) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err() // interrupted, not unreachable
	}
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err // its text repeats the address
	}
	return withCode(exitUnreachable, fmt.Errorf("no mirror answers at %s: %w", d.url, err))
}

func (d *daemon) refused(code int, body []byte) error {
	text := cell(strings.TrimSpace(string(body[:min(len(body), 300)])))
	err := fmt.Errorf("the mirror at %s answers %d: %s", d.url, code, text)
	if code == http.StatusUnauthorized || code == http.StatusForbidden {
		way := "give --token-file, or --cert-file and --key-file"
		if code == http.StatusUnauthorized && !d.token.IsZero() {
			way = "the token that was sent is not the one that this mirror has in web.token_file"
		}
		return withCode(exitUnauthorised, fmt.Errorf("%w: %s", err, way))
	}
	return err
}
