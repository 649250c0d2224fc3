package brokers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Certs are the files of a cluster's own certificate authority. Paths are of PEM files.
type Certs struct {
	CA     string // the authority's certificate
	dir    string
	broker string // certificate and key of every broker, for 127.0.0.1 and localhost
	root   *x509.Certificate
	key    *ecdsa.PrivateKey
}

// newCerts makes an authority and the brokers' certificate in the folder.
func newCerts(dir string) (*Certs, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	template := certificate("test authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	c := &Certs{CA: filepath.Join(dir, "ca.pem"), dir: dir, broker: filepath.Join(dir, "broker.pem"), root: root, key: key}
	if err := writePEM(c.CA, block("CERTIFICATE", der)); err != nil {
		return nil, err
	}
	certPEM, keyPEM, err := c.issue("broker")
	if err != nil {
		return nil, err
	}
	return c, writePEM(c.broker, append(keyPEM, certPEM...))
}

// Client makes a certificate for a user named CN=name and returns the certificate's and the key's file.
func (c *Certs) Client(name string) (certFile, keyFile string, err error) {
	certPEM, keyPEM, err := c.issue(name)
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = filepath.Join(c.dir, name+".crt"), filepath.Join(c.dir, name+".key")
	if err := writePEM(certFile, certPEM); err != nil {
		return "", "", err
	}
	return certFile, keyFile, writePEM(keyFile, keyPEM)
}

func (c *Certs) issue(name string) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate of %s: %w", name, err)
	}
	template := certificate(name)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	der, err := x509.CreateCertificate(rand.Reader, template, c.root, &key.PublicKey, c.key)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate of %s: %w", name, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate of %s: %w", name, err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", pkcs8), nil
}

func certificate(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62)) // never fails for crypto/rand.Reader
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func writePEM(path string, data []byte) error {
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	return nil
}
