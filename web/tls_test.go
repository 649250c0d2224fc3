package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirror/config"
)

// authority signs certificates for the tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a := &authority{key: newKey(t)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue returns certificate and key as PEM. others are names besides that of the subject.
func (a *authority) issue(t *testing.T, name string, others ...string) (certPEM, keyPEM []byte) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: others,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// writeServer writes the files of a server that asks for certificates of this authority.
func (a *authority) writeServer(t *testing.T, files config.WebTLS, name string, at time.Time) {
	t.Helper()
	cert, key := a.issue(t, name)
	for file, content := range map[string][]byte{files.CertFile: cert, files.KeyFile: key, files.ClientCAFile: a.pem} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func serverFiles(t *testing.T) config.WebTLS {
	dir := t.TempDir()
	return config.WebTLS{CertFile: filepath.Join(dir, "cert"), KeyFile: filepath.Join(dir, "key"), ClientCAFile: filepath.Join(dir, "ca")}
}

// client is a client with a certificate of this authority, which trusts another one.
func (a *authority) client(t *testing.T, trusts *authority, name string, others ...string) *tls.Config {
	t.Helper()
	cert, key := a.issue(t, name, others...)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{RootCAs: trusts.pool(), Certificates: []tls.Certificate{pair}}
}

// askTLS returns the status and the name in the server's certificate.
func askTLS(t *testing.T, url string, client *tls.Config) (status int, server string, err error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: client, DisableKeepAlives: true}
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	response.Body.Close()
	return response.StatusCode, response.TLS.PeerCertificates[0].Subject.CommonName, nil
}

func TestMutualTLSAndRenewal(t *testing.T) {
	trusted, stranger := newAuthority(t), newAuthority(t)
	files := serverFiles(t)
	write := func(name string, at time.Time) { trusted.writeServer(t, files, name, at) }
	write("first", time.Now().Add(-time.Minute))
	url := start(t, config.Web{Listen: "127.0.0.1:0", TLS: &files}, fakeSource{ready: true})

	client := func(a *authority) *tls.Config { return a.client(t, trusted, "client") }
	nobody := &tls.Config{RootCAs: trusted.pool()}
	if status, _, err := askTLS(t, url+"/metrics", client(trusted)); err != nil || status != 200 {
		t.Errorf("trusted certificate: got %d, %v, want 200", status, err)
	}
	if status, _, err := askTLS(t, url+"/metrics", nobody); err != nil || status != 401 {
		t.Errorf("no certificate: got %d, %v, want 401", status, err)
	}
	if status, _, err := askTLS(t, url+"/healthz", nobody); err != nil || status != 200 {
		t.Errorf("no certificate, probe: got %d, %v, want 200", status, err)
	}
	if status, _, err := askTLS(t, url+"/metrics", client(stranger)); err == nil && status == 200 {
		t.Error("a stranger's certificate was let in")
	}
	if _, _, err := askTLS(t, url+"/healthz", &tls.Config{RootCAs: trusted.pool(), MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was accepted")
	}

	write("second", time.Now())
	if _, server, err := askTLS(t, url+"/healthz", nobody); err != nil || server != "second" {
		t.Errorf("after renewal: got certificate %q, %v, want second", server, err)
	}
	if err := os.WriteFile(files.KeyFile, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, server, err := askTLS(t, url+"/healthz", nobody); err != nil || server != "second" {
		t.Errorf("while a renewal is half written: got %q, %v, want second", server, err)
	}
}
