package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirror/config"
)

// selfSigned writes a certificate for loopback, which is its own authority, and
// its key.
func selfSigned(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mirror"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// A daemon that wants a certificate answers who shows one.
func TestClientCertificate(t *testing.T) {
	cert, key := selfSigned(t)
	stranger, strangerKey := selfSigned(t)
	url := serve(t, config.Web{Listen: "127.0.0.1:0", TLS: &config.WebTLS{CertFile: cert, KeyFile: key, ClientCAFile: cert}}, source{ready: true})
	tests := []struct {
		flags string
		code  int
		want  string
	}{
		{"--cert-file " + cert + " --key-file " + key, exitOK, "west-to-east"},
		{"", exitUnauthorised, "--cert-file and --key-file"},
		{"--cert-file " + stranger + " --key-file " + strangerKey, exitUnreachable, "no mirror answers"},
		{"--cert-file " + cert, exitUsage, "belong together"},
		{"--key-file " + key, exitUsage, "belong together"},
		{"--cert-file " + cert + " --key-file " + strangerKey, exitUsage, "private key does not match"},
		{"--cert-file nowhere --key-file " + key, exitUsage, "load --cert-file and --key-file"},
	}
	for _, test := range tests {
		args := append([]string{"status", "--url", url, "--ca-file", cert}, strings.Fields(test.flags)...)
		code, out, stderr := mirror(t, args...)
		if code != test.code || !strings.Contains(out+stderr, test.want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q, want %d and %q", test.flags, code, out, stderr, test.code, test.want)
		}
	}
}
