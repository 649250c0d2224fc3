package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Metrics says how often a snapshot is taken of what the mirror does, and where
// it goes besides /metrics.
type Metrics struct {
	Interval   time.Duration
	Partitions bool // series of single partitions, too
	Sinks      []Sink
}

// Sink is a monitoring system that every snapshot is sent to.
type Sink struct {
	Kind     string // one of the Sink constants
	Address  string // host:port
	Prefix   string // that names begin with; may hold {mirror} and {process}
	Database string // of InfluxDB
	TLS      bool   // of InfluxDB: HTTPS

	Username     string // of InfluxDB; empty: no authentication
	Password     Secret // or PasswordFile
	PasswordFile string
}

// Kinds of sinks; as the scheme of the URL they are written the same way.
const (
	SinkGraphite = "graphite"
	SinkGanglia  = "ganglia"
	SinkInfluxDB = "influxdb"
	SinkKairosDB = "kairosdb"
	SinkOpenTSDB = "opentsdb"
	SinkStatsd   = "statsd"
)

// sinkKind is what is special about a kind of sink.
type sinkKind struct {
	name, port, prefix string
	options            []string // keys of the query
}

// Where processes of a fleet would write over each other's values, their names
// are part of the series.
var sinkKinds = []sinkKind{
	{SinkGraphite, "2003", "mirror.{process}", []string{"prefix"}},
	{SinkGanglia, "8649", "mirror", []string{"prefix"}},
	{SinkInfluxDB, "8086", "", []string{"tls", "username", "password_file"}},
	{SinkKairosDB, "4242", "", nil},
	{SinkOpenTSDB, "4242", "", nil},
	{SinkStatsd, "8125", "mirror.{process}", []string{"prefix"}},
}

// ReadPassword returns the password as it is now.
func (s Sink) ReadPassword() (Secret, error) {
	return readSecret("password", s.Password, s.PasswordFile)
}

// String names the sink without its credentials.
func (s Sink) String() string {
	name := s.Kind + "://" + s.Address
	if s.Database != "" {
		name += "/" + s.Database
	}
	return name
}

func (d *decoder) metricsField() field {
	m := &d.cfg.Metrics
	return d.mappingField("metrics",
		d.durationField("interval", &m.Interval, minInterval),
		d.boolField("partitions", &m.Partitions),
		field{key: "sinks", kind: sinksKind(), standard: []string{}, read: func(e entry) { m.Sinks = d.sinks(e) }})
}

func sinksKind() kind {
	k := textsKind("a list of URLs like graphite://host:2003", 0)
	k.schema["items"] = map[string]any{"type": "string", "pattern": "^(" + strings.Join(sinkNames(), "|") + ")://."}
	return k
}

func (d *decoder) sinks(e entry) []Sink {
	var list []Sink
	for _, n := range d.items(e.value) {
		sink, ok := d.sink(n)
		if !ok {
			continue
		}
		if slices.ContainsFunc(list, func(s Sink) bool {
			return s.String() == sink.String() && s.Database == sink.Database && s.Prefix == sink.Prefix
		}) {
			d.fault(n, "this sink is in the list twice", "remove one of them")
			continue
		}
		list = append(list, sink)
	}
	return list
}

// sink reads the URL of one sink. It is taken apart before environment variables
// are filled in, so that a password may hold any character.
func (d *decoder) sink(n *yaml.Node) (Sink, bool) {
	if !d.kind(n, yaml.ScalarNode, "the URL of a sink") {
		return Sink{}, false
	}
	scheme, rest, found := strings.Cut(n.Value, "://")
	i := slices.IndexFunc(sinkKinds, func(k sinkKind) bool { return k.name == scheme })
	if !found || i < 0 {
		if strings.Contains(n.Value, "@") {
			d.hide(n)
		}
		d.fault(n, "this is no URL of a sink", "a sink is written like graphite://host:2003; "+suggest(scheme, sinkNames()))
		return Sink{}, false
	}
	kind := sinkKinds[i]
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if strings.Contains(path, "@") {
		d.hide(n)
		d.fault(n, "the credentials of this URL contain a /", "keep the password in a file (?password_file=...) or in the environment (${NAME})")
		return Sink{}, false
	}
	user, address := "", authority
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		user, address = authority[:at], authority[at+1:]
	}
	s := Sink{Kind: kind.name, Prefix: kind.prefix}
	ok := d.sinkAddress(n, kind, address, &s)
	ok = d.sinkPath(n, path, &s) && ok
	ok = d.sinkQuery(n, kind, query, &s) && ok
	ok = d.sinkUser(n, user, &s) && ok
	return s, ok
}

func sinkNames() []string {
	var names []string
	for _, k := range sinkKinds {
		names = append(names, k.name)
	}
	return names
}

// fill puts the environment into a part of a sink's URL.
func (d *decoder) fill(n *yaml.Node, part string, into *string) bool {
	text, _, err := expand(part, d.env)
	if err != nil {
		d.fault(n, err.Error(), "")
		return false
	}
	*into = text
	return true
}

func (d *decoder) sinkAddress(n *yaml.Node, kind sinkKind, address string, s *Sink) bool {
	if !d.fill(n, address, &s.Address) {
		return false
	}
	if _, _, err := net.SplitHostPort(s.Address); err != nil && s.Address != "" && (strings.Count(s.Address, ":") == 0 || strings.HasSuffix(s.Address, "]")) {
		s.Address = net.JoinHostPort(strings.Trim(s.Address, "[]"), kind.port)
	}
	if err := checkAddress(s.Address, false); err != nil {
		d.fault(n, fmt.Sprintf("the address of this sink cannot be used: %v", err), fmt.Sprintf("write it like %s://host:%s", kind.name, kind.port))
		return false
	}
	return true
}

func (d *decoder) sinkPath(n *yaml.Node, path string, s *Sink) bool {
	switch {
	case s.Kind == SinkInfluxDB && path == "":
		d.fault(n, "the database is missing in this URL", "write it like influxdb://host:8086/mirror")
		return false
	case s.Kind == SinkInfluxDB:
		return d.fill(n, path, &s.Database)
	case path != "":
		d.fault(n, "a path has no meaning for this sink", "options go behind a question mark, like ?prefix=mirror")
		return false
	}
	return true
}

func (d *decoder) sinkQuery(n *yaml.Node, kind sinkKind, query string, s *Sink) bool {
	values, err := url.ParseQuery(query)
	if err != nil {
		d.fault(n, "what is behind the question mark cannot be read", "options are written like ?prefix=mirror&key=value; a % is written %25")
		return false
	}
	ok := true
	for key, given := range values {
		if !slices.Contains(kind.options, key) {
			hint := fmt.Sprintf("%s has no options", kind.name)
			if len(kind.options) > 0 {
				hint = suggest(key, kind.options)
			}
			d.fault(n, "this URL has an option that does not exist", hint)
			ok = false
			continue
		}
		ok = d.sinkOption(n, key, given[0], s) && ok
	}
	return ok
}

func (d *decoder) sinkOption(n *yaml.Node, key, value string, s *Sink) bool {
	if key == "tls" {
		on, err := strconv.ParseBool(value)
		if err != nil {
			d.fault(n, "tls is neither true nor false in this URL", "")
		}
		s.TLS = on
		return err == nil
	}
	return d.fill(n, value, map[string]*string{"prefix": &s.Prefix, "username": &s.Username, "password_file": &s.PasswordFile}[key])
}

// sinkUser reads user:password.
func (d *decoder) sinkUser(n *yaml.Node, user string, s *Sink) bool {
	if user != "" {
		name, password, _ := strings.Cut(user, ":")
		var secret string
		if !d.unescaped(n, name, &s.Username) || !d.unescaped(n, password, &secret) {
			return false
		}
		if secret != "" {
			s.Password = NewSecret(secret)
		}
	}
	switch {
	case user != "" && s.Kind != SinkInfluxDB:
		d.fault(n, "this kind of sink knows no users", "remove what is before the @")
	case s.Username == "" && s.PasswordFile != "":
		d.fault(n, "this URL has a password_file and no user name", "add username=... to it")
	case s.Username != "" && s.Password.IsZero() == (s.PasswordFile == ""):
		d.fault(n, "a user of a sink needs either a password or a password_file", "write influxdb://user:${PASSWORD}@host:8086/db, or ?username=user&password_file=/run/secrets/influxdb")
	default:
		host, _, _ := net.SplitHostPort(s.Address) // checked already
		if s.Username != "" && !s.TLS && !loopback(host) {
			d.warn("sink %s without tls=true: the password travels in clear over the network", s)
		}
		return true
	}
	return false
}

// unescaped reads a part of the credentials: what is written out may be
// %-escaped, what the environment holds is taken as it is.
func (d *decoder) unescaped(n *yaml.Node, part string, into *string) bool {
	plain, err := url.PathUnescape(part)
	if err != nil {
		d.hide(n)
		d.fault(n, "the credentials of this URL contain a % that escapes nothing", "a % is written %25")
		return false
	}
	text, _, err := expand(plain, d.env)
	if err != nil {
		d.fault(n, "an environment variable in the credentials of this URL is not set", "a dollar sign that is meant as such is written $$")
		return false
	}
	*into = text
	return true
}

// hide keeps a value, and the rest of its line, out of what messages show.
func (d *decoder) hide(n *yaml.Node) {
	d.src.masks[n.Line] = append(d.src.masks[n.Line], mask{n.Column - 1, -1})
}
