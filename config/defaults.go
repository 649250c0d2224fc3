package config

import "time"

// Bounds of values. They keep a slip of the keyboard from becoming a process
// that cannot work.
const (
	minMemory      = 32 << 20
	minInterval    = time.Second
	maxLanes       = 1024
	minRefresh     = 100 * time.Millisecond
	minGroups      = time.Second
	maxConnections = 64
	maxSeries      = 10_000 // about 750 MB of history
	maxReplication = 32767  // a 16 bit number in the protocol
	minLook        = 5 * time.Second
	maxLookTopics  = 20_000
	maxLookGroups  = 5_000
	maxRouteName   = 200 // the checkpoint topic's name is longer by its prefix, and Kafka allows 249
)

// newConfig holds the defaults of everything that a file can leave out.
func newConfig() *Config {
	return &Config{
		Name:     "mirror",
		Clusters: make(map[string]*Cluster),
		Limits:   Limits{Memory: 256 << 20},
		Metrics:  Metrics{Interval: 10 * time.Second},
		Monitor:  newMonitor(),
		Web:      Web{Listen: "127.0.0.1:8080", History: History{Series: 500}},
		Log:      Log{Level: "info", Format: "text"},
	}
}

func newRoute() *Route {
	return &Route{
		ReadCommitted: true,
		Mirrored:      MirroredSkip,
		Lanes:         16,
		Refresh:       5 * time.Second,
		OnLoss:        OnLossRecord,
		OnRejected:    OnRejectedStop,
		Sync:          Sync{Configs: true, Partitions: true},
		Limits:        RouteLimits{ConnectionsPerBroker: 5},
	}
}
