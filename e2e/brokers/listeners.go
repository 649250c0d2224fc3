package brokers

import (
	"fmt"
	"sort"
	"strings"
)

// Listener is a way in for clients. Every broker has Plain, which brokers and the test itself use.
type Listener string

// The listeners that a cluster can have besides Plain. Users of the SASL ones are Options.Users; with Scram the passwords are
// stored once the cluster is up. OAuth takes unsigned tokens.
const (
	Plain   Listener = "PLAIN"   // no encryption, no user: ANONYMOUS, who may do everything
	SASL    Listener = "SASL"    // SASL PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER without encryption
	TLS     Listener = "TLS"     // encrypted, no client certificate
	MTLS    Listener = "MTLS"    // encrypted, client certificate required; the user is its subject
	SASLTLS Listener = "SASLTLS" // SASL as above, encrypted
)

const controllerListener = "CONTROLLER"

func (l Listener) protocol() string {
	switch l {
	case SASL:
		return "SASL_PLAINTEXT"
	case TLS, MTLS:
		return "SSL"
	case SASLTLS:
		return "SASL_SSL"
	default:
		return "PLAINTEXT"
	}
}

func (l Listener) sasl() bool { return l == SASL || l == SASLTLS }

func (l Listener) encrypted() bool { return l == TLS || l == MTLS || l == SASLTLS }

// listenerProperties are a node's properties for all its listeners.
func listenerProperties(o Options, n *node, certs *Certs) map[string]string {
	p := map[string]string{
		"controller.listener.names":  controllerListener,
		"inter.broker.listener.name": string(Plain),
	}
	names := []string{string(Plain)}
	for _, l := range o.Listeners {
		names = append(names, string(l))
	}
	sort.Strings(names)
	bound := []string{fmt.Sprintf("%s://127.0.0.1:%d", controllerListener, n.ports[controllerListener])}
	var advertised []string
	protocols := []string{controllerListener + ":PLAINTEXT"}
	for _, name := range names {
		address := fmt.Sprintf("%s://127.0.0.1:%d", name, n.ports[name])
		bound, advertised = append(bound, address), append(advertised, address)
		protocols = append(protocols, name+":"+Listener(name).protocol())
	}
	p["listeners"] = strings.Join(bound, ",")
	p["advertised.listeners"] = strings.Join(advertised, ",")
	p["listener.security.protocol.map"] = strings.Join(protocols, ",")
	for _, l := range o.Listeners {
		prefix := "listener.name." + strings.ToLower(string(l)) + "."
		if l.encrypted() {
			addTLS(p, prefix, l, certs)
		}
		if l.sasl() {
			addSASL(p, prefix, o.Users)
		}
	}
	return p
}

func addTLS(p map[string]string, prefix string, l Listener, certs *Certs) {
	p[prefix+"ssl.keystore.type"] = "PEM"
	p[prefix+"ssl.keystore.location"] = certs.broker
	p[prefix+"ssl.truststore.type"] = "PEM"
	p[prefix+"ssl.truststore.location"] = certs.CA
	p[prefix+"ssl.client.auth"] = "none"
	if l == MTLS {
		p[prefix+"ssl.client.auth"] = "required"
	}
}

func addSASL(p map[string]string, prefix string, users map[string]string) {
	const modules = "org.apache.kafka.common.security."
	plain := modules + "plain.PlainLoginModule required"
	for _, user := range sortedKeys(users) {
		plain += fmt.Sprintf(" user_%s=%q", user, users[user])
	}
	p[prefix+"sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
	p[prefix+"plain.sasl.jaas.config"] = plain + ";"
	p[prefix+"scram-sha-256.sasl.jaas.config"] = modules + "scram.ScramLoginModule required;"
	p[prefix+"scram-sha-512.sasl.jaas.config"] = modules + "scram.ScramLoginModule required;"
	p[prefix+"oauthbearer.sasl.jaas.config"] = modules + "oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";"
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
