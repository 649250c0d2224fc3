// Package clusters looks at the clusters themselves, whether or not a route has to
// do with them: brokers, topics and consumer groups, from what the Kafka protocol
// tells. It only reads.
//
// A look (watcher.look) asks a cluster for its metadata, its groups with what they
// have committed, where partitions begin and end, and what lies in the brokers'
// log directories. What came is put into answers; newSnapshot makes of these, and
// of the past, what is shown. That part knows no network and no clock.
//
// What cannot be asked for (a permission is missing, a broker does not answer, the
// version is too old) is unknown, with a note that says why. It is never an error
// of the process.
//
// Goroutines: one for each cluster (watcher.run), which Watch.Run waits for; during
// a look up to brokersAtOnce of its own. A cluster that hangs holds up no other.
package clusters
