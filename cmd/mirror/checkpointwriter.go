package main

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/config"
	"mirror/kafka"
	"mirror/offsets"
)

// ledgerWrites bounds one write to the checkpoint topic.
const ledgerWrites = 30 * time.Second

// openLedger is a route's ledger that can also be written. What it reads is what
// the topic said when it was opened; the topic is not created before the first
// write, so that --dry-run and a refusal leave nothing behind. close must be called.
func openLedger(ctx context.Context, target *cluster, route *config.Route) (*ledger, error) {
	l, err := readLedger(ctx, target, route)
	if err != nil {
		return nil, err
	}
	l.writer = &ledgerWriter{target: target, route: route}
	return l, nil
}

// ledgerWriter writes to a route's checkpoint topic from outside of its fleet.
// Every process of the fleet reads all lanes all the time, so what is written is
// known everywhere within moments and after every restart.
type ledgerWriter struct {
	target *cluster
	route  *config.Route
	client *kgo.Client // nil before the first write
	store  *offsets.Store
}

// write puts entries on record and returns when all in-sync replicas have them.
// Entries of one lane keep their order. After an error some of them may be there:
// what is written must be safe to be written again.
//
// The records of a partition that a process copies at present are that process's
// to write: a command may only write what no process does, such as a pause, or the
// first records of a new generation.
func (l *ledger) write(ctx context.Context, entries ...offsets.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, ledgerWrites)
	defer cancel()
	w := l.writer
	topic := offsets.TopicName(w.route.Name)
	if err := w.open(ctx, topic); err != nil {
		return err
	}
	return clusterError(w.store.Write(ctx, entries...), w.target.config, "write to topic "+topic)
}

// open makes the client and sees to it that the topic is there, with as many
// lanes as the route is configured with, and compacted.
func (w *ledgerWriter) open(ctx context.Context, topic string) error {
	if w.client != nil {
		return nil
	}
	client, err := kafka.NewClient(w.target.config, clientID, kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.DisableIdempotentWrite(), kgo.ProducerLinger(0), kgo.RetryTimeout(clusterPatience))
	if err != nil {
		return clusterError(err, w.target.config, "write to topic "+topic)
	}
	_, err = offsets.EnsureTopic(ctx, kadm.NewClient(client), topic, w.route.Lanes, w.route.TopicDefaults.ReplicationFactor)
	if err != nil {
		client.Close()
		var lanes *offsets.LanesError
		var policy *offsets.PolicyError
		if errors.As(err, &lanes) || errors.As(err, &policy) {
			return withCode(exitUsage, err) // both say the way out themselves
		}
		return clusterError(err, w.target.config, "prepare topic "+topic)
	}
	w.client, w.store = client, offsets.NewStore(client, topic)
	return nil
}

// close lets go of what write has opened; closing twice, or a ledger that was
// only read, does nothing.
func (l *ledger) close() {
	if l.writer != nil && l.writer.client != nil {
		l.writer.client.Close()
		l.writer.client = nil
	}
}
