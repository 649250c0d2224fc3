// Package servers runs the monitoring servers of Debian on this machine, for
// tests: Graphite's carbon, Ganglia's gmond and gmetad, InfluxDB 1.x with its
// listener for OpenTSDB's protocol, and Prometheus. Each listens on free ports of
// 127.0.0.1, keeps its data in a temporary folder, and dies with this process.
//
// The packages are graphite-carbon, ganglia-monitor, gmetad, influxdb and
// prometheus. Where a program is missing, starting it returns a
// brokers.MissingError.
package servers
