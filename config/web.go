package config

import (
	"fmt"
	"net"
	"strings"
)

func (d *decoder) webField() field {
	return field{key: "web", kind: mappingKind(d.webFields), read: d.web}
}

func (d *decoder) webFields() []field {
	w := &d.cfg.Web
	return []field{
		{key: "listen", kind: textKind("an address host:port"), standard: w.Listen, read: func(e entry) { d.listen(e, w) }},
		{key: "tls", kind: mappingKind(func() []field { return d.webTLSFields(&WebTLS{}) }), read: func(e entry) { w.TLS = d.webTLS(e) }},
		d.textField("token_file", "the path of a file", &w.TokenFile),
		{key: "hosts", kind: textsKind("a list of host names", 0), standard: []string{}, read: func(e entry) { w.Hosts = d.hosts(e) }},
		d.boolField("actions", &w.Actions),
		d.mappingField("web.history",
			d.textField("path", "the path of a file", &w.History.Path),
			d.intField("series", &w.History.Series, 1, maxSeries)),
	}
}

func (d *decoder) listen(e entry, w *Web) {
	text, ok := d.text(e.value)
	if !ok {
		return
	}
	if err := checkAddress(text, true); err != nil {
		d.fault(e.value, fmt.Sprintf("%s is not an address to listen on: %v", d.show(e.value), err), "an address is host:port, like 127.0.0.1:8080 or :8080")
		return
	}
	w.Listen = text
}

func (d *decoder) web(e entry) {
	w := &d.cfg.Web
	got := d.mapping("web", e, d.webFields()...)
	_, hasToken := got["token_file"]
	if actions, ok := got["actions"]; ok && w.Actions && !hasToken && (w.TLS == nil || w.TLS.ClientCAFile == "") {
		d.fault(actions.value, "anybody who reaches the page could pause routes: nothing protects it",
			"set web.token_file or web.tls.client_ca_file, also where it listens on 127.0.0.1")
	}
	listen, ok := got["listen"]
	if !ok {
		return
	}
	host, _, err := net.SplitHostPort(w.Listen)
	if err != nil || loopback(host) {
		return
	}
	switch {
	case !hasToken && (w.TLS == nil || w.TLS.ClientCAFile == ""):
		d.fault(listen.value, "other machines can reach this address, and nothing protects it",
			"set web.token_file or web.tls.client_ca_file, or listen on 127.0.0.1")
	case w.TLS == nil:
		d.warn("web.listen %s without web.tls: the token travels in clear over the network", d.show(listen.value))
	}
}

func (d *decoder) webTLS(e entry) *WebTLS {
	t := &WebTLS{}
	fields := d.webTLSFields(t)
	got := d.mapping("web.tls", e, fields...)
	d.together(got, fields)
	if _, key := got["key_file"]; !key { // else together has said it
		d.require(e.key, got, fields)
	}
	return t
}

func (d *decoder) webTLSFields(t *WebTLS) []field {
	fields := append(d.certificateFields(&t.CertFile, &t.KeyFile), d.textField("client_ca_file", "the path of a file", &t.ClientCAFile))
	fields[0].required = "a server needs cert_file and key_file"
	return fields
}

// hosts reads the names by which the page may be called.
func (d *decoder) hosts(e entry) []string {
	list, nodes := d.texts(e.value)
	for i, host := range list {
		if host == "" {
			continue
		}
		if strings.Contains(host, ":") && net.ParseIP(host) == nil || !isHost(host) {
			d.fault(nodes[i], d.show(nodes[i])+" is not a host name", "write the name alone, without scheme and port: mirror.example.org")
		}
	}
	return list
}
