package monitor

import "math"

// Observed is what is known of a cluster itself, or of a broker, topic or consumer
// group of it, whether or not a route has to do with it.
type Observed struct {
	Cluster string
	About   About
	Name    string // the broker's number, or the name of the topic or group; empty for the cluster
	Figures Figures
}

// About says what an Observed is.
type About uint8

// The kinds of Observed.
const (
	AboutCluster About = iota
	AboutBroker
	AboutTopic
	AboutGroup
)

// Figure is one number of an Observed.
type Figure uint8

// The figures.
const (
	Up Figure = iota
	Brokers
	Topics
	Partitions
	Groups
	UnderReplicated
	Offline
	RecordsPerSecond
	Bytes
	LogRecords
	DiskUsed
	Leaders
	Replicas
	Members
	LagRecords
	LagSeconds
	figures
)

// Figures are the numbers of an Observed; NaN stands for unknown.
type Figures [figures]float64

// NewFigures returns figures of which none is known.
func NewFigures() Figures {
	var f Figures
	for i := range f {
		f[i] = math.NaN()
	}
	return f
}

// Set notes a number.
func (f *Figures) Set(which Figure, value float64) { f[which] = value }

// level is where the table has the metrics of what is observed.
func (a About) level() level {
	return [...]level{ofCluster, ofBroker, ofClusterTopic, ofGroup}[a]
}

// observedScopes are those of clusters and what is in them.
func observedScopes(all []Observed) []*scope {
	scopes := make([]*scope, len(all))
	for i := range all {
		o := &all[i]
		l := o.About.level()
		labels := Labels{{"cluster", o.Cluster}}
		if names := l.labels(); len(names) > 1 {
			labels = labels.With(names[1], o.Name)
		}
		scopes[i] = &scope{level: l, labels: labels, figures: &o.Figures, lagRecords: -1}
	}
	return scopes
}

// clusterRows are the metrics of the clusters themselves.
func clusterRows() []metric {
	row := func(name string, which Figure, help string, levels ...level) metric {
		return metric{name: name, help: help, kind: gauge, levels: levels, read: func(s *scope, emit emitFunc) {
			if value := s.figures[which]; !math.IsNaN(value) {
				emit(value)
			}
		}}
	}
	return []metric{
		row("up", Up, "1 while the cluster can be looked at, else 0; then nothing else is told of it.", ofCluster),
		row("brokers", Brokers, "Brokers that are online.", ofCluster),
		row("topics", Topics, "Topics of the cluster, also those that are not looked at.", ofCluster),
		row("partitions", Partitions, "Partitions of the topic, or of all topics.", ofCluster, ofClusterTopic),
		row("groups", Groups, "Groups of all types, also those that are not looked at.", ofCluster),
		row("under_replicated_partitions", UnderReplicated,
			"Partitions with fewer replicas in sync than assigned; of a broker, those in which its own replica is not in sync.", ofCluster, ofBroker, ofClusterTopic),
		row("offline_partitions", Offline, "Partitions without a leader.", ofCluster, ofClusterTopic),
		row("records_per_second", RecordsPerSecond,
			"Records appended per second, of the topics looked at; of a broker, to the partitions that it leads; of a group, by which its committed offsets advance, or those at which the partitions of a share group start.",
			ofCluster, ofBroker, ofClusterTopic, ofGroup),
		row("bytes", Bytes, "Bytes of the logs on the brokers' disks; each replica counts.", ofCluster, ofBroker, ofClusterTopic),
		row("log_records", LogRecords, "Offsets between the starts and the ends of the topic's logs.", ofClusterTopic),
		row("disk_used_ratio", DiskUsed, "How full the broker's fullest volume of log directories is, 0 to 1. Absent when the broker does not say (before KIP-827).", ofBroker),
		row("leaders", Leaders, "Partitions that the broker leads.", ofBroker),
		row("replicas", Replicas, "Partitions that the broker has a replica of.", ofBroker),
		row("members", Members, "Members of the group.", ofGroup),
		row("lag_records", LagRecords, "Records behind the committed offsets, summed over the partitions; of a share group, those that its coordinator counts. Absent when nothing is committed, or unknown.", ofGroup),
		row("lag_seconds", LagSeconds,
			"Time since the log ended where the group stands, of the partition furthest behind; of a group that stands at records older than this process has been looking, the time that it has; of a cluster or a topic, of the group furthest behind there. Absent when unknown.", ofCluster, ofClusterTopic, ofGroup),
	}
}
