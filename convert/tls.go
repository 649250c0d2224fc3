package convert

import (
	"fmt"
	"strings"
)

// readTLS translates stores of keys and certificates. mirror reads PEM files, so
// the output names files, and the comments say with which commands to make them.
func (c *cluster) readTLS() {
	c.tls = &tlsBlock{pairs: c.certificates}
	c.trustStore()
	c.keyStore()
	if p, ok := c.get("ssl.endpoint.identification.algorithm"); ok && !strings.EqualFold(p.value, "https") {
		c.notes.dropped(p, "mirror always checks that a certificate is made for the host; give the brokers such certificates, or name the one in them with tls.server_name")
	}
	for _, key := range []string{"ssl.protocol", "ssl.enabled.protocols", "ssl.cipher.suites", "ssl.provider", "ssl.trustmanager.algorithm", "ssl.keymanager.algorithm", "ssl.secure.random.implementation"} {
		if p, ok := c.get(key); ok {
			c.notes.unneeded(p, "mirror speaks TLS 1.2 and 1.3 with Go's choice of ciphers")
		}
	}
	if p, ok := c.get("ssl.engine.factory.class"); ok {
		c.notes.dropped(p, "mirror loads no classes; write tls by hand")
	}
}

func (c *cluster) pem(what string) string { return "/etc/mirror/" + c.name + "-" + what + ".pem" }

// trustStore writes ca_file. Without one both use the authorities of the system.
func (c *cluster) trustStore() {
	at, located := c.get("ssl.truststore.location")
	inline, isInline := c.get("ssl.truststore.certificates")
	kind := storeType(c.value("ssl.truststore.type"))
	c.get("ssl.truststore.password") // the command asks for it
	add := func(file string, comments ...string) {
		c.tls.pairs = append(c.tls.pairs, textPair("ca_file", dollars(file), comments...))
	}
	switch {
	case isInline:
		add(c.pem("ca"), fmt.Sprintf("Put the certificates of ssl.truststore.certificates (line %d) into this file.", inline.line))
	case !located || at.value == "":
	case kind == "PEM":
		add(at.value)
	default:
		add(c.pem("ca"), fmt.Sprintf("mirror reads PEM. Make this file of the truststore of line %d, with its password at hand:", at.line),
			fmt.Sprintf("  keytool -list -rfc -keystore %s -storetype %s > %s", shellQuote(at.value), kind, c.pem("ca")))
	}
}

// keyStore writes cert_file and key_file.
func (c *cluster) keyStore() {
	at, located := c.get("ssl.keystore.location")
	chain, isInline := c.get("ssl.keystore.certificate.chain")
	key, _ := c.get("ssl.keystore.key")
	kind := storeType(c.value("ssl.keystore.type"))
	encrypted, _ := c.get("ssl.key.password")
	c.get("ssl.keystore.password")
	cert, private := c.pem("cert"), c.pem("key")
	var comments []string
	switch {
	case isInline:
		comments = []string{fmt.Sprintf("Put ssl.keystore.certificate.chain (line %d) and ssl.keystore.key (line %d) into these files.", chain.line, key.line)}
		if encrypted.value != "" {
			comments = append(comments, fmt.Sprintf("The key must not be encrypted: openssl pkey -in encrypted.pem -out %s", private))
		}
	case !located || at.value == "":
		return
	case kind == "PEM" && encrypted.value == "":
		cert, private = at.value, at.value
	case kind == "PEM":
		cert = at.value
		comments = []string{"The key must not be encrypted:", fmt.Sprintf("  openssl pkey -in %s -out %s", shellQuote(at.value), private)}
	default:
		comments = keyStoreLines(at, kind, cert, private)
	}
	c.tls.pairs = append(c.tls.pairs, textPair("cert_file", dollars(cert), comments...), textPair("key_file", dollars(private)))
}

// keyStoreLines are the commands that make PEM of a keystore. openssl reads only
// PKCS12, so a JKS store takes one step more.
func keyStoreLines(at property, kind, cert, key string) []string {
	lines := []string{fmt.Sprintf("mirror reads PEM. Make these files of the keystore of line %d, with its password at hand:", at.line)}
	store := at.value
	if kind != "PKCS12" {
		lines = append(lines, fmt.Sprintf("  keytool -importkeystore -srckeystore %s -srcstoretype %s -destkeystore store.p12 -deststoretype PKCS12", shellQuote(store), kind))
		store = "store.p12"
	}
	return append(lines, fmt.Sprintf("  openssl pkcs12 -in %s -nokeys -out %s", shellQuote(store), cert),
		fmt.Sprintf("  openssl pkcs12 -in %s -nocerts -nodes -out %s && chmod 600 %s", shellQuote(store), key, key))
}

// storeType is the type of a store; Java's own keystores are JKS by Kafka's default.
func storeType(text string) string {
	switch kind := strings.ToUpper(text); kind {
	case "PEM", "PKCS12":
		return kind
	case "P12":
		return "PKCS12"
	}
	return "JKS"
}

// shellQuote makes one word of a path for a POSIX shell.
func shellQuote(path string) string {
	plain := strings.IndexFunc(path, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:", r))
	}) < 0
	if plain && path != "" {
		return path
	}
	return "'" + strings.ReplaceAll(oneLine(path), "'", `'\''`) + "'"
}
