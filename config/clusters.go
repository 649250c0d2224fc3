package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"mirror/rename"
)

// name reads a name that becomes part of topic names.
func (d *decoder) name(n *yaml.Node, into *string) bool {
	text, ok := d.text(n)
	if !ok {
		return false
	}
	if err := nameFault(text); err != nil {
		d.fault(n, err.Error(), "use letters, digits, '.', '_' and '-'")
		return false
	}
	*into = text
	return true
}

// nameFault says why a name cannot be part of a topic's name.
func nameFault(name string) error {
	if len(name) > maxRouteName {
		return fmt.Errorf("this name has %d characters, at most %d are possible", len(name), maxRouteName)
	}
	return rename.CheckName(name)
}

func clustersKind(d *decoder) kind {
	return kind{words: "a mapping of cluster names to their settings", below: func() []field { return d.clusterFields(&Cluster{}) },
		wrap: func(cluster map[string]any) map[string]any {
			return map[string]any{"type": "object", "minProperties": 1, "additionalProperties": cluster,
				"propertyNames": map[string]any{"pattern": namePattern, "maxLength": maxRouteName}}
		}}
}

func (d *decoder) clusters(e entry) {
	entries, ok := d.entries(e, "a mapping of cluster names to their settings")
	if ok && len(entries) == 0 && len(e.value.Content) == 0 {
		d.fault(e.key, "no cluster is described here", "a route needs two: clusters: {west: {brokers: [...]}, east: {brokers: [...]}}")
	}
	for _, x := range entries {
		name := x.key.Value
		if err := nameFault(name); err != nil {
			d.fault(x.key, "cluster name: "+err.Error(), "use letters, digits, '.', '_' and '-'")
		} else if why, internal := rename.Internal(name + ".x"); internal {
			d.fault(x.key, fmt.Sprintf("a cluster cannot be called %q: %s, and so would be every topic copied from it", name, why), "choose another name")
		}
		d.cfg.Clusters[name] = d.cluster(x)
	}
}

func (d *decoder) cluster(e entry) *Cluster {
	c := &Cluster{Name: e.key.Value}
	fields := d.clusterFields(c)
	got := d.mapping("clusters.*", e, fields...)
	if e.value.Kind == yaml.MappingNode {
		d.require(e.key, got, fields)
	}
	if c.SASL != nil && c.TLS == nil && (c.SASL.Mechanism == Plain || c.SASL.Mechanism == OAuthBearer) {
		d.warn("cluster %s: %s without tls sends the credentials in clear over the network", c.Name, c.SASL.Mechanism)
	}
	return c
}

func (d *decoder) clusterFields(c *Cluster) []field {
	return []field{
		{key: "brokers", kind: textsKind("a list of addresses host:port", 1), required: brokersExample, read: func(e entry) { c.Brokers = d.addresses(e) }},
		d.textField("rack", "a text", &c.Rack),
		{key: "tls", kind: mappingKind(func() []field { return d.tlsFields(&TLS{}) }), read: func(e entry) { c.TLS = d.tls(e) }},
		{key: "sasl", kind: mappingKind(func() []field { return d.saslFields(&SASL{}) }), read: func(e entry) { c.SASL = d.sasl(e) }},
	}
}

const brokersExample = "for example brokers: [kafka-1:9092, kafka-2:9092]"

// warn notes something that works but deserves a second look.
func (d *decoder) warn(format string, args ...any) {
	d.cfg.Warnings = append(d.cfg.Warnings, fmt.Sprintf(format, args...))
}

// addresses reads a list of brokers.
func (d *decoder) addresses(e entry) []string {
	list, nodes := d.texts(e.value)
	if e.value.Kind == yaml.SequenceNode && len(list) == 0 {
		d.fault(e.key, "no broker is named here", brokersExample)
	}
	for i, addr := range list {
		if addr == "" {
			continue
		}
		if err := checkAddress(addr, false); err != nil {
			d.fault(nodes[i], fmt.Sprintf("%s is not the address of a broker: %v", d.show(nodes[i]), err), "an address is host:port, like kafka-1:9092")
		} else if slices.Contains(list[:i], addr) {
			d.fault(nodes[i], d.show(nodes[i])+" is in this list already", "remove one of them")
		}
	}
	return list
}

// checkAddress says what is wrong with host:port. listening allows an empty
// host and port 0, which only make sense for a listener. The errors do not
// repeat the address, which may come from the environment.
func checkAddress(addr string, listening bool) error {
	if strings.Contains(addr, "://") {
		return fmt.Errorf("it has a scheme (...://), which does not belong here")
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		if strings.Count(addr, ":") > 1 && !strings.HasPrefix(addr, "[") {
			return fmt.Errorf("an IPv6 address needs brackets and a port, like [::1]:9092")
		}
		return fmt.Errorf("the port is missing")
	}
	p, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil:
		return fmt.Errorf("the port is not a number up to 65535")
	case p == 0 && !listening:
		return fmt.Errorf("port 0 cannot be reached")
	case host == "" && !listening:
		return fmt.Errorf("the host is missing")
	case !isHost(host) && host != "":
		return fmt.Errorf("the host contains characters that no host name has")
	}
	return nil
}

// isHost accepts host names and IP addresses, also those with a zone.
func isHost(host string) bool {
	for _, c := range host {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune(".-_:%", c):
		default:
			return false
		}
	}
	return host != ""
}

func (d *decoder) tls(e entry) *TLS {
	t := &TLS{}
	if e.value.Tag == "!!bool" {
		d.fault(e.value, "a mapping (key: value) is wanted here, this is true or false", "tls: {} turns it on, with the system's certificate authorities; without the key it is off")
		return t
	}
	fields := d.tlsFields(t)
	d.together(d.mapping("clusters.*.tls", e, fields...), fields)
	return t
}

func (d *decoder) tlsFields(t *TLS) []field {
	return slices.Concat([]field{d.textField("ca_file", "the path of a file", &t.CAFile)},
		d.certificateFields(&t.CertFile, &t.KeyFile),
		[]field{d.textField("server_name", "a host name", &t.ServerName)})
}

// certificateFields are two keys that need each other.
func (d *decoder) certificateFields(cert, key *string) []field {
	c, k := d.textField("cert_file", "the path of a file", cert), d.textField("key_file", "the path of a file", key)
	c.with, k.with = k.key, c.key
	return []field{c, k}
}

// together reports the keys that need another one which is missing.
func (d *decoder) together(got found, fields []field) {
	for _, f := range fields {
		_, has := got[f.key]
		if _, other := got[f.with]; has && f.with != "" && !other {
			d.fault(got[f.key].key, fmt.Sprintf("%s needs %s beside it", f.key, f.with), "")
		}
	}
}

func (d *decoder) sasl(e entry) *SASL {
	s := &SASL{}
	fields := d.saslFields(s)
	got := d.mapping("clusters.*.sasl", e, fields...)
	if e.value.Kind != yaml.MappingNode {
		return s
	}
	d.require(e.key, got, fields)
	d.credentials(e, s, got)
	return s
}

func (d *decoder) saslFields(s *SASL) []field {
	mechanism := d.choiceField("mechanism", &s.Mechanism, Plain, ScramSHA256, ScramSHA512, OAuthBearer)
	mechanism.required = mechanism.kind.words
	return []field{
		mechanism,
		d.textField("username", "a text", &s.Username),
		d.secretField("password", &s.Password),
		d.textField("password_file", "the path of a file", &s.PasswordFile),
		d.textField("token_file", "the path of a file", &s.TokenFile),
		{key: "token_url", kind: textKind("an address like https://login.example.org/oauth2/token"), read: func(e entry) { s.TokenURL = d.tokenURL(e.value) }},
		d.textField("client_id", "a text", &s.ClientID),
		d.secretField("client_secret", &s.ClientSecret),
		d.textField("client_secret_file", "the path of a file", &s.ClientSecretFile),
		{key: "scopes", kind: textsKind("a list of texts", 0), read: func(e entry) { s.Scopes, _ = d.texts(e.value) }},
	}
}

// credentials checks that a mechanism has what it needs and nothing that it ignores.
func (d *decoder) credentials(e entry, s *SASL, got found) {
	forbid := func(why string, keys ...string) {
		for _, key := range keys {
			if x, ok := got[key]; ok {
				d.fault(x.key, fmt.Sprintf("%s does nothing here: %s", key, why), "remove it")
			}
		}
	}
	switch {
	case s.Mechanism == "":
	case s.Mechanism != OAuthBearer:
		if _, ok := got["username"]; !ok {
			d.missing(e.key, "username", s.Mechanism+" needs a user name")
		}
		d.either(e, got, "password", "password_file")
		forbid("it belongs to OAUTHBEARER", "token_file", "token_url", "client_id", "client_secret", "client_secret_file", "scopes")
	default:
		forbid("OAUTHBEARER has no user name and password", "username", "password", "password_file")
		d.either(e, got, "token_file", "token_url")
		if _, ok := got["token_url"]; !ok {
			forbid("it belongs to token_url", "client_id", "client_secret", "client_secret_file", "scopes")
			return
		}
		if _, ok := got["client_id"]; !ok {
			d.missing(e.key, "client_id", "token_url needs client_id and client_secret_file")
		}
		d.either(e, got, "client_secret", "client_secret_file")
	}
}

// either reports when not exactly one of two keys is there.
func (d *decoder) either(e entry, got found, a, b string) {
	_, hasA := got[a]
	_, hasB := got[b]
	switch {
	case hasA && hasB:
		d.fault(got[b].key, fmt.Sprintf("%s and %s exclude each other", a, b), "remove one of them")
	case !hasA && !hasB:
		d.fault(e.key, fmt.Sprintf("either %q or %q is missing here", a, b), "")
	}
}

// tokenURL reads the address of an OAuth server.
func (d *decoder) tokenURL(n *yaml.Node) string {
	text, ok := d.text(n)
	if !ok {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		d.fault(n, "this is not the address of an OAuth server", "for example https://login.example.org/oauth2/token")
	case u.User != nil:
		d.fault(n, "credentials do not belong into this address", "use client_id and client_secret_file")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		d.warn("token_url with http:// sends the client secret in clear over the network")
	}
	return text
}

// loopback reports whether only this machine can reach a host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
