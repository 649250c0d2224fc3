// Package config reads the one YAML file that says which topics are copied
// from where to where.
//
// Reading is strict and complete: every fault of the file is reported at once
// with its line, column and a way out, and nothing that the program would
// ignore is accepted. What is returned is ready to use: defaults are filled
// in, environment variables are expanded, and the rules for names are
// compiled. Secrets never show in an error, a log or a dump.
package config

import (
	"time"

	"mirror/rename"
)

// Config is the whole file.
type Config struct {
	Name     string              // of this mirror: its client ids and the page's title
	Clusters map[string]*Cluster // by name
	Routes   []*Route            // in the order of the file; none: clusters are only looked at
	Limits   Limits
	Metrics  Metrics
	Monitor  Monitor
	Web      Web
	Log      Log
	Warnings []string // what works but deserves a second look, in plain sentences
}

// Limits are those of the whole process.
type Limits struct {
	Memory int64 // bytes that batches on their way may take
}

// Cluster says how to reach a Kafka cluster.
type Cluster struct {
	Name    string
	Brokers []string // host:port; the rest of the cluster is found through them
	Rack    string   // fetch from replicas in this rack where there are any (KIP-392)
	TLS     *TLS     // nil: plaintext
	SASL    *SASL    // nil: no authentication
}

// TLS of the connections to a cluster.
type TLS struct {
	CAFile     string // PEM; empty: the system's authorities
	CertFile   string // PEM, with KeyFile, for brokers that ask for a client certificate
	KeyFile    string
	ServerName string // expected in the brokers' certificates instead of the host that was dialled
}

// Route copies topics from one cluster to another.
type Route struct {
	Name            string
	From, To        string // names of clusters
	Watch           bool   // other processes copy the route, this one only shows it
	Topics, Exclude []string
	Rename          []rename.Rule
	Start           Start
	ReadCommitted   bool
	Mirrored        string // MirroredSkip or MirroredCopy; only matters for topics that keep their name
	Lanes           int
	Refresh         time.Duration // between two looks at the source's topics and partitions
	OnLoss          string        // OnLossRecord or OnLossStop
	OnRejected      string        // OnRejectedStop or OnRejectedSkip
	AllowExisting   bool          // append to a target topic that holds records and was not created by the mirror
	AllowAppendTime bool          // accept that the target replaces the records' timestamps by its own
	TopicDefaults   TopicDefaults
	Sync            Sync
	Limits          RouteLimits
	Mapper          *rename.Mapper // compiled from Topics, Exclude and Rename
}

// Values of Route's choices.
const (
	MirroredSkip   = "skip"   // leave out batches that a mirror wrote
	MirroredCopy   = "copy"   // pass them on; what came from the target is still left out
	OnLossRecord   = "record" // write the range into the loss ledger and go on
	OnLossStop     = "stop"   // stop that partition
	OnRejectedStop = "stop"   // stop that partition
	OnRejectedSkip = "skip"   // write the records into the loss ledger and go on
)

// Start is where topics begin that are present at the route's first start
// ever. The zero value is the earliest record; topics that appear later always
// begin with their first.
type Start struct {
	Latest bool
	Time   time.Time // first record at or after it; zero when not used
}

// TopicDefaults are for the topics that the route creates.
type TopicDefaults struct {
	ReplicationFactor int               // 0: that of the source topic, as far as the target has brokers
	Config            map[string]string // wins over what the source topic has
}

// Sync says what is kept in step after a topic was created.
type Sync struct {
	Configs    bool
	Partitions bool
	Groups     *Groups // nil: the positions of consumer groups are not carried over
}

// RouteLimits are for one route in one process.
type RouteLimits struct {
	BytesPerSecond       int64 // 0: no limit
	ConnectionsPerBroker int   // the most fetch connections to each source broker
}

// Web is the HTTP listener: page, API, health, metrics.
type Web struct {
	Listen    string // host:port
	TLS       *WebTLS
	TokenFile string   // holds the token that requests must bring
	Hosts     []string // Host headers that are answered besides the listen address
	Actions   bool     // the page and the API may pause, resume and limit routes
	History   History
}

// History is what the page's graphs are drawn from.
type History struct {
	Path   string // of the file; empty: in systemd's state directory, or in memory without one
	Series int    // how many series are recorded: all routes', then clusters', then those of topics and groups with most traffic
}

// WebTLS of the HTTP listener.
type WebTLS struct {
	CertFile, KeyFile string
	ClientCAFile      string // PEM; clients must bring a certificate from it
}

// Log goes to standard error.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // text or json
}
