package history

import "strings"

// Key names the series of a subject's metric.
func Key(subject, metric string) string { return subject + "/" + metric }

// rank sorts subjects: routes, clusters, brokers, then topics and groups, and at
// last partitions, of which there may be very many: those that are copied and where
// groups stand, and then those of clusters.
type rank int

const (
	ofRoute rank = iota
	ofCluster
	ofBroker
	ofTopic            // of a route or of a cluster, and of groups
	ofPartition        // of a route, or a position of a group
	ofClusterPartition // whether or not it is copied
	ranks
)

// byTraffic tells the ranks of which not all can have a place.
func (r rank) byTraffic() bool { return r >= ofTopic }

// How the subjects of clusters begin. No route's name has a colon. What is in a
// cluster has its kind in front: a group's name may hold anything.
const (
	clusterSubject = "cluster:"
	aBroker        = "broker:"
	aPosition      = "position:"
	aPartition     = "partition:"
)

func rankOf(subject string) rank {
	name, below, inside := strings.Cut(subject, "/")
	cluster := strings.HasPrefix(name, clusterSubject)
	switch {
	case !inside && !cluster:
		return ofRoute
	case !inside:
		return ofCluster
	case cluster && strings.HasPrefix(below, aBroker):
		return ofBroker
	case cluster && strings.HasPrefix(below, aPosition):
		return ofPartition
	case cluster && strings.HasPrefix(below, aPartition):
		return ofClusterPartition
	case !cluster && strings.Contains(below, "/"): // no topic's name has one
		return ofPartition
	}
	return ofTopic
}

func subjectOf(key string) string { return key[:strings.LastIndexByte(key, '/')] }
