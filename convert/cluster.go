package convert

import (
	"fmt"
	"slices"
	"strings"

	"mirror/config"
)

// cluster is one cluster of the output.
type cluster struct {
	name    string
	brokers []string
	rack    string
	tls     *tlsBlock
	sasl    []pair
	notes   notes

	// What Strimzi's resource says of certificates and users, which it keeps in
	// secrets of Kubernetes instead of properties.
	certificates, user []pair

	own, all *settings // the input's settings of this cluster, and of everything
}

// tlsBlock is the key tls with what goes into it.
type tlsBlock struct{ pairs []pair }

// pair is one key of the output with the comments above it.
type pair struct {
	key, value string // value as YAML
	comments   []string
}

// textPair is a pair whose value is any text.
func textPair(key, text string, comments ...string) pair {
	return pair{key: key, value: config.Quote(text), comments: comments}
}

// get looks a client setting up as MirrorMaker does: of the cluster, else of
// everything. A setting that is only there for one kind of client counts, too.
func (c *cluster) get(key string) (property, bool) {
	if p, ok := firstSetting(key, c.own, c.all); ok {
		return p, true
	}
	for _, role := range []string{"consumer.", "producer.", "admin."} {
		if p, ok := c.own.get(role + key); ok {
			return p, true
		}
	}
	return property{}, false
}

func (c *cluster) value(key string) string {
	p, _ := c.get(key)
	return p.value
}

// read makes the cluster's part of the output.
func (c *cluster) read() error {
	servers, ok := c.get("bootstrap.servers")
	if !ok || servers.value == "" {
		return fmt.Errorf("cluster %s has no %s.bootstrap.servers: add them, MirrorMaker 2 cannot do without either", c.name, c.name)
	}
	for _, address := range list(servers.value) {
		if _, after, scheme := strings.Cut(address, "://"); scheme {
			address = after
		}
		address = c.variable(address)
		if !slices.Contains(c.brokers, address) {
			c.brokers = append(c.brokers, address)
		}
	}
	c.rack = c.variable(c.value("client.rack"))
	protocol, given := c.get("security.protocol")
	name := strings.ToUpper(protocol.value)
	switch name {
	case "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL", "":
	default:
		c.notes.dropped(protocol, "there is no such protocol; write tls and sasl by hand")
	}
	if strings.Contains(name, "SSL") {
		c.readTLS()
	}
	if strings.HasPrefix(name, "SASL") {
		c.readSASL()
	}
	c.ignoreUnused(name, given)
	return nil
}

// ignoreUnused speaks of security settings that the protocol has no use for.
func (c *cluster) ignoreUnused(protocol string, given bool) {
	if !given {
		protocol = "not set, and so PLAINTEXT"
	}
	for _, p := range c.own.list {
		_, bare := clientRole(p.key)
		if c.own.used[p.key] || !isSecurity(bare) {
			continue
		}
		tls, sasl := strings.HasPrefix(bare, "ssl."), strings.HasPrefix(bare, "sasl.")
		if tls && c.tls == nil || sasl && !strings.HasPrefix(protocol, "SASL") {
			c.own.used[p.key] = true
			c.notes.secret(p, "security.protocol is %s, which has no use for it", firstOf(protocol, "not set"))
		}
	}
}

// variable turns Kafka's ${env:NAME} into ${NAME}, and keeps other dollar signs
// from being taken for one.
func (c *cluster) variable(value string) string {
	if name, ok := envReference(value); ok {
		return "${" + name + "}"
	}
	return dollars(value)
}

// envReference recognises a value that is read from the environment. Strimzi's
// name for the provider of Kafka is strimzienv.
func envReference(value string) (name string, ok bool) {
	inner, ok := strings.CutPrefix(value, "${")
	if !ok || !strings.HasSuffix(inner, "}") {
		return "", false
	}
	provider, name, ok := strings.Cut(strings.TrimSuffix(inner, "}"), ":")
	if !ok || provider != "env" && provider != "strimzienv" || name == "" {
		return "", false
	}
	for i, r := range name {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return "", false
		}
	}
	return name, true
}

// dollars escapes what the loader would take for a variable.
func dollars(value string) string {
	return strings.NewReplacer("$$", "$$$$", "${", "$${").Replace(value)
}

// secretFile is where the output asks for a secret to be put.
func (c *cluster) secretFile(what string) string {
	return "/run/secrets/" + c.name + "-" + what
}

// secretPair writes where a secret comes from: the environment where the input
// says so, else a file.
func (c *cluster) secretPair(key, what string, from property, value string) pair {
	if name, ok := envReference(value); ok {
		return textPair(key, "${"+name+"}")
	}
	return textPair(key+"_file", c.secretFile(what),
		fmt.Sprintf("Put the %s of %s (line %d) into this file; mirror reads it anew each time it is needed.", strings.ReplaceAll(what, "-", " "), from.key, from.line))
}

// readSASL translates the mechanism and the login module.
func (c *cluster) readSASL() {
	if c.user != nil {
		c.sasl = c.user
		return
	}
	mechanism, ok := c.get("sasl.mechanism")
	if !ok {
		mechanism.value = "GSSAPI" // Kafka's default
	}
	jaas, haveLogin := c.get("sasl.jaas.config")
	login, err := parseJAAS(jaas.value)
	if haveLogin && err != nil {
		c.notes.secretDropped(jaas, "it cannot be read (%v); write sasl by hand", err)
		return
	}
	switch name := strings.ToUpper(mechanism.value); name {
	case config.Plain, config.ScramSHA256, config.ScramSHA512:
		c.userSASL(name, jaas, login)
	case config.OAuthBearer:
		c.oauthSASL(jaas, login)
	default:
		mechanism.key = "sasl.mechanism"
		c.notes.dropped(mechanism, "mirror has PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER; open a listener with one of them on this cluster and write sasl by hand")
	}
}

func (c *cluster) userSASL(mechanism string, jaas property, l login) {
	user, password := l.options["username"], l.options["password"]
	if user == "" || password == "" {
		c.notes.secretDropped(jaas, "there is no username and password in it; write sasl: {mechanism: %s, username: ..., password_file: ...} by hand", mechanism)
		return
	}
	c.sasl = []pair{textPair("mechanism", mechanism), textPair("username", c.variable(user)),
		c.secretPair("password", "password", property{key: "sasl.jaas.config", line: jaas.line}, password)}
}

// oauthSASL takes the client credentials from where Kafka or Strimzi's login
// handler keep them.
func (c *cluster) oauthSASL(jaas property, l login) {
	url, _ := c.get("sasl.oauthbearer.token.endpoint.url")
	if handler, ok := c.get("sasl.login.callback.handler.class"); ok && !strings.Contains(handler.value, "OAuthBearerLoginCallbackHandler") &&
		!strings.Contains(handler.value, "JaasClientOauthLoginCallbackHandler") {
		c.notes.dropped(handler, "mirror loads no classes; it can fetch tokens with client credentials (token_url) or read them from a file that somebody keeps fresh (token_file)")
		return
	}
	endpoint := firstOf(url.value, l.options["oauth.token.endpoint.uri"])
	id := firstOf(c.value("sasl.oauthbearer.client.credentials.client.id"), l.options["clientId"], l.options["oauth.client.id"])
	secret, ok := c.get("sasl.oauthbearer.client.credentials.client.secret")
	if !ok {
		secret = property{key: "sasl.jaas.config", line: jaas.line, value: firstOf(l.options["clientSecret"], l.options["oauth.client.secret"])}
	}
	if id == "" || secret.value == "" || !strings.HasPrefix(endpoint, "http") || strings.Contains(endpoint, "@") {
		c.notes.secretDropped(property{key: "sasl.mechanism", line: jaas.line},
			"OAUTHBEARER is taken over only with a token endpoint (without a password in it), a client id and a client secret; write sasl: {mechanism: OAUTHBEARER, token_file: ...} or token_url by hand")
		return
	}
	c.sasl = []pair{textPair("mechanism", config.OAuthBearer), textPair("token_url", dollars(endpoint)), textPair("client_id", c.variable(id)),
		c.secretPair("client_secret", "client-secret", secret, secret.value)}
	if scope := firstOf(c.value("sasl.oauthbearer.scope"), l.options["scope"], l.options["oauth.scope"]); scope != "" {
		c.sasl = append(c.sasl, pair{key: "scopes", value: config.QuoteList(strings.Fields(dollars(scope)))})
	}
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
