// Package brokers runs real Apache Kafka brokers and the official Java clients on this machine, for tests and benchmarks.
//
// The jars come once by Maven into a cache folder (see Install). A Cluster is one or three nodes in KRaft mode, each broker
// and controller at once, on ports of 127.0.0.1, with its data in a temporary folder. Nodes can be killed and started again.
// Java is one JVM that produces and reads with the official clients on command.
//
// Threads: each child process has one goroutine, locked to its thread, that starts it and waits for it (see StartProcess); it ends
// with the child. The kernel kills the children when this process dies in any way.
package brokers
