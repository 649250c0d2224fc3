package kafka

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// authority signs certificates for a test.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t, key: newKey(t)}
	tmpl := template("test authority")
	tmpl.IsCA, tmpl.BasicConstraintsValid, tmpl.KeyUsage = true, true, x509.KeyUsageCertSign
	a.cert, a.pem = a.sign(tmpl, tmpl, &a.key.PublicKey)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
}

func (a *authority) sign(tmpl, parent *x509.Certificate, pub *ecdsa.PublicKey) (*x509.Certificate, []byte) {
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// issue returns a certificate and its key in PEM form.
func (a *authority) issue(change func(*x509.Certificate)) (cert, key []byte) {
	k := newKey(a.t)
	tmpl := template("broker")
	tmpl.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	if change != nil {
		change(tmpl)
	}
	_, cert = a.sign(tmpl, a.cert, &k.PublicKey)
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

func (a *authority) pair(change func(*x509.Certificate)) tls.Certificate {
	pair, err := tls.X509KeyPair(a.issue(change))
	if err != nil {
		a.t.Fatal(err)
	}
	return pair
}

// files writes the authority's certificate, and a client certificate when one is wanted.
func (a *authority) files(dir string, client bool) *config.TLS {
	c := &config.TLS{CAFile: filepath.Join(dir, "ca.pem")}
	a.write(c.CAFile, a.pem)
	if client {
		c.CertFile, c.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		a.renew(c)
	}
	return c
}

// renew replaces a client certificate.
func (a *authority) renew(c *config.TLS) {
	cert, key := a.issue(func(c *x509.Certificate) { c.Subject.CommonName = "mirror" })
	a.write(c.CertFile, cert)
	a.write(c.KeyFile, key)
}

func (a *authority) write(file string, data []byte) {
	if err := os.WriteFile(file, data, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)
	c := fake(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{a.pair(nil)}}))
	c.TLS = a.files(t.TempDir(), false)
	ids := topicIDs(t, c)
	conn := dial(t, c)
	roundTrip(t, conn, ids)
	resp := exchange(t, conn, ProducePart{Topic: "b", TopicID: ids["b"], Records: batchOf(bytes.Repeat([]byte("large"), 180_000))})
	if code := resp.Topics[0].Partitions[0].ErrorCode; code != 0 {
		t.Errorf("900 kB: got error %d", code)
	}
}

func TestMutualTLS(t *testing.T) {
	a := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	c := fake(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{a.pair(nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}))
	c.TLS = a.files(t.TempDir(), true)
	roundTrip(t, dial(t, c), topicIDs(t, c))

	// A certificate of another authority, then a good one again, with the same dialer.
	d, err := NewDialer(c, "mirror-test")
	if err != nil {
		t.Fatal(err)
	}
	newAuthority(t).renew(c.TLS)
	_, err = d.Dial(testCtx(t), c.Brokers[0])
	if got, want := Explain(err, c, ""), "does not accept our client certificate"; !strings.Contains(got, want) {
		t.Errorf("foreign certificate: got %q, want %q", got, want)
	}
	a.renew(c.TLS)
	conn, err := d.Dial(testCtx(t), c.Brokers[0])
	if err != nil {
		t.Fatalf("renewed certificate: %v", err)
	}
	conn.Close()

	// A key that is not there yet: the pair read before stays in use.
	a.write(c.TLS.KeyFile, nil)
	conn, err = d.Dial(testCtx(t), c.Brokers[0])
	if err != nil {
		t.Fatalf("half renewed certificate: %v", err)
	}
	conn.Close()

	c.TLS = &config.TLS{CAFile: c.TLS.CAFile}
	if got, want := Explain(dialFails(t, c), c, ""), "set tls.cert_file"; !strings.Contains(got, want) {
		t.Errorf("no certificate: got %q, want %q", got, want)
	}
}

func TestTLSTrouble(t *testing.T) {
	a := newAuthority(t)
	for _, test := range []struct {
		name   string
		server *tls.Config                  // nil: plaintext
		client func(dir string) *config.TLS // of the client's configuration
		want   string
	}{
		{"unknown authority", &tls.Config{Certificates: []tls.Certificate{a.pair(nil)}},
			func(dir string) *config.TLS { return newAuthority(t).files(dir, false) }, "set tls.ca_file"},
		{"system authorities", &tls.Config{Certificates: []tls.Certificate{a.pair(nil)}},
			func(string) *config.TLS { return &config.TLS{} }, "set tls.ca_file"},
		{"wrong name", &tls.Config{Certificates: []tls.Certificate{a.pair(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"kafka.example.org"} })}},
			func(dir string) *config.TLS { return a.files(dir, false) }, `not valid for the name "127.0.0.1" but for kafka.example.org; connect by such a name, or set tls.server_name`},
		{"expired", &tls.Config{Certificates: []tls.Certificate{a.pair(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })}},
			func(dir string) *config.TLS { return a.files(dir, false) }, "is not valid now"},
		{"TLS 1.1", &tls.Config{Certificates: []tls.Certificate{a.pair(nil)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			func(dir string) *config.TLS { return a.files(dir, false) }, "offers no TLS version from 1.2 on"},
		{"broker without TLS", nil, func(dir string) *config.TLS { return a.files(dir, false) }, "TLS"},
		{"client without TLS", &tls.Config{Certificates: []tls.Certificate{a.pair(nil)}}, func(string) *config.TLS { return nil }, "TLS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var opts []kfake.Opt
			if test.server != nil {
				opts = append(opts, kfake.TLS(test.server))
			}
			c := fake(t, opts...)
			if test.server == nil {
				c.Brokers = []string{plaintextBroker(t)}
			}
			c.TLS = test.client(t.TempDir())
			if got := Explain(dialFails(t, c), c, "read topic orders"); !strings.Contains(got, test.want) {
				t.Errorf("connection: got %q, want %q", got, test.want)
			}
			cl := client(t, c, once())
			_, err := cl.Request(testCtx(t), kmsg.NewPtrMetadataRequest())
			if got := Explain(err, c, "read topic orders"); !strings.Contains(got, test.want) {
				t.Errorf("franz-go: got %q, want %q", got, test.want)
			}
		})
	}
}

// plaintextBroker closes connections whose first request claims more than 100 MiB, as a TLS handshake does and as
// Apache Kafka does, unlike kfake. It returns its address.
func plaintextBroker(t *testing.T) string {
	return scripted(t, func(nc net.Conn) {
		var size [4]byte
		_, _ = io.ReadFull(nc, size[:])
	})
}

func TestTLSServerName(t *testing.T) {
	a := newAuthority(t)
	c := fake(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{a.pair(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"kafka.example.org"} })}}))
	c.TLS = a.files(t.TempDir(), false)
	c.TLS.ServerName = "kafka.example.org"
	roundTrip(t, dial(t, c), topicIDs(t, c))
}

func TestTLSFilesAreCheckedEarly(t *testing.T) {
	dir := t.TempDir()
	a := newAuthority(t)
	a.write(filepath.Join(dir, "empty.pem"), nil)
	for name, c := range map[string]config.TLS{
		"no such file":   {CAFile: filepath.Join(dir, "nothing.pem")},
		"no certificate": {CAFile: filepath.Join(dir, "empty.pem")},
		"key missing":    {CertFile: filepath.Join(dir, "empty.pem")},
		"bad pair":       {CertFile: filepath.Join(dir, "empty.pem"), KeyFile: filepath.Join(dir, "empty.pem")},
	} {
		if _, err := NewClient(&config.Cluster{Name: "west", Brokers: []string{"127.0.0.1:1"}, TLS: &c}, "x"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestTLSMinimum(t *testing.T) {
	cfg, err := (&tlsFiles{}).load()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.MinVersion != tls.VersionTLS12 || cfg.InsecureSkipVerify {
		t.Errorf("got version %x, skip verify %v", cfg.MinVersion, cfg.InsecureSkipVerify)
	}
}
