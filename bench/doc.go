// Command bench gives the same work to mirror, to a tuned copier of franz-go's
// consumer and producer (kgocopy), and to MirrorMaker 2, on real brokers on this
// machine, and prints tables of medians. Runs of the three take turns, so that
// slow minutes of the machine fall on all.
//
// Throughput: a source topic is filled once; each run copies all of it into a new
// target topic. Measured are seconds, CPU seconds (user and system) and peak RSS
// of the copying process, from its start to the last record, and the seconds from
// its start to the first record.
//
// Latency: 1,000 records a second, on brokers that have done the same work for
// longer than a minute, whoever of the copiers comes first; from the source's acknowledgement of a record
// to a consumer at the target having it.
//
// Restart: under the same load the copier is killed with -9 and started again at
// once; from the start to the first record that was not on the target before.
//
// New topic: a topic is created while the copier runs; from its creation to its
// first record on the target.
//
// Page: the CPU time of a process with 1,000 topics that all move, as the engine alone
// and with all that mirror run shows of it; it watches what another process copies.
//
// The files: main.go (flags, order of runs), work.go (source topics), copiers.go
// and mm2.go (how each copier is started), throughput.go, warm.go and live.go (the
// next three), page.go and the program engine, process.go (what /proc says), watch.go (what the target says),
// report.go (medians and tables).
package main
