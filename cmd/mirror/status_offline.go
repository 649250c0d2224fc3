package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/config"
	"mirror/monitor"
	"mirror/offsets"
	"mirror/replicate"
)

// ownerFresh is how old the word of a process may be for it to count as running.
// A process says something every ten seconds.
const ownerFresh = 30 * time.Second

// storedStatus is what a mirror that does not answer left behind: how far the
// checkpoint topics say that each partition is, and where its source ends.
func storedStatus(ctx context.Context, cfg *config.Config, name string) (monitor.Status, error) {
	routes, err := findRoutes(cfg, name)
	if err != nil {
		return monitor.Status{}, err
	}
	status := monitor.Status{Mirror: cfg.Name, Origin: monitor.FromCheckpointTopic, Routes: []monitor.RouteStatus{}}
	for _, route := range routes {
		r := monitor.RouteStatus{Name: route.Name, From: route.From, To: route.To}
		if err := storedRoute(ctx, cfg, route, &r); err != nil {
			r.State, r.Reason = monitor.Waiting, err.Error()
		}
		r.RollUp()
		status.Routes = append(status.Routes, r)
	}
	return status, ctx.Err()
}

func storedRoute(ctx context.Context, cfg *config.Config, route *config.Route, r *monitor.RouteStatus) error {
	ledger, err := ledgerOf(ctx, cfg.Clusters[route.To], route)
	if err != nil {
		return err
	}
	if len(ledger.lanes) == 0 {
		return errors.New("it has never run: there is no checkpoint topic")
	}
	now := time.Now()
	owners := storedOwners(ledger, r, now)
	ends, err := storedEnds(ctx, cfg.Clusters[route.From], route, ledger)
	if err != nil {
		r.State, r.Reason = monitor.Waiting, err.Error() // the positions are shown all the same
	}
	newest := time.Time{}
	for _, lane := range ledger.lanes {
		for _, o := range lane.Owners() {
			newest = later(newest, o.Time)
		}
		for _, key := range lane.Checkpoints() {
			cp, ok, _ := lane.Checkpoint(key)
			if !ok || key.Generation != lane.Generation(key.Topic, key.Partition, key.Target) {
				continue
			}
			newest = later(newest, cp.Time)
			addStored(r, key, storedPartition(lane, key, cp, ends, owners[lane.Number()]))
		}
	}
	if !newest.IsZero() {
		age := max(now.Sub(newest).Seconds(), 0)
		r.AgeSeconds = &age
	}
	if len(r.Topics) == 0 && r.State == "" {
		r.State, r.Reason = monitor.Waiting, "none of its topics has been copied yet"
		if ledger.lanes[0].Paused("") {
			r.State, r.Reason = monitor.Paused, "it is paused, and none of its topics has been copied yet"
		}
	}
	r.Losses = int64(len(ledger.losses()))
	replicate.OnRecord(r, route, ledger.lanes)
	slices.SortFunc(r.Topics, func(a, b monitor.TopicStatus) int { return strings.Compare(a.Source, b.Source) })
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// storedOwners adds the processes that said something a moment ago, and returns
// who of them has which lane.
func storedOwners(l *ledger, r *monitor.RouteStatus, now time.Time) map[int32]string {
	newest := make(map[string]offsets.Owner)
	for _, lane := range l.lanes {
		for _, o := range lane.Owners() {
			if last, known := newest[o.Process]; !known || o.Time.After(last.Time) {
				newest[o.Process] = o
			}
		}
	}
	owners := make(map[int32]string)
	for _, name := range slices.Sorted(maps.Keys(newest)) {
		o := newest[name]
		age := now.Sub(o.Time)
		if age > ownerFresh {
			continue
		}
		for _, lane := range o.Lanes {
			owners[lane] = name
		}
		r.Processes = append(r.Processes, monitor.ProcessStatus{Process: name, URL: o.URL, Lanes: o.Lanes, AgeSeconds: max(age.Seconds(), 0),
			RecordsPerSecond: o.RecordsPerSecond, BytesPerSecond: o.BytesPerSecond, RecordsTotal: o.RecordsTotal, BytesTotal: o.BytesTotal})
		r.RecordsTotal += o.RecordsTotal
		r.BytesTotal += o.BytesTotal
		r.RecordsPerSecond += o.RecordsPerSecond
		r.BytesPerSecond += o.BytesPerSecond
	}
	return owners
}

// storedEnds asks the source where the topics end that were copied.
func storedEnds(ctx context.Context, c *config.Cluster, route *config.Route, l *ledger) (kadm.ListedOffsets, error) {
	topics := slices.Sorted(maps.Values(l.copied()))
	if len(topics) == 0 {
		return nil, nil
	}
	source, err := connect(ctx, c)
	if err != nil {
		return nil, err
	}
	defer source.close()
	list := source.admin.ListEndOffsets
	if route.ReadCommitted {
		list = source.admin.ListCommittedOffsets
	}
	ends, err := list(ctx, slices.Compact(topics)...)
	return ends, clusterError(err, c, "list its offsets")
}

// storedPartition judges by what is on record. Nobody tells more than that.
func storedPartition(lane *offsets.Lane, key offsets.Key, cp offsets.Checkpoint, ends kadm.ListedOffsets, owner string) monitor.PartitionStatus {
	p := monitor.PartitionStatus{Partition: key.Partition, State: monitor.Waiting, SourceOffset: cp.Source, TargetOffset: cp.Target,
		SourceEnd: -1, LagRecords: -1, Lane: lane.Number(), Owner: owner}
	if end, ok := ends.Lookup(key.Topic, key.Partition); ok && end.Err == nil {
		p.SourceEnd, p.LagRecords = end.Offset, max(end.Offset-cp.Source, 0)
	}
	switch {
	case lane.Paused(key.Topic):
		p.State, p.Reason = monitor.Paused, "it is paused"
	case owner == "":
		p.Reason = "no process has said for a while that it copies this partition"
	case p.LagRecords == 0:
		p.State, p.LagSeconds = monitor.CaughtUp, new(float64)
	default:
		p.State = monitor.Copying
	}
	return p
}

func addStored(r *monitor.RouteStatus, key offsets.Key, p monitor.PartitionStatus) {
	at := slices.IndexFunc(r.Topics, func(t monitor.TopicStatus) bool { return t.Source == key.Topic && t.Target == key.Target })
	if at < 0 {
		at = len(r.Topics)
		r.Topics = append(r.Topics, monitor.TopicStatus{Source: key.Topic, Target: key.Target})
	}
	topic := &r.Topics[at]
	i, _ := slices.BinarySearchFunc(topic.Partitions, p, func(a, b monitor.PartitionStatus) int { return int(a.Partition - b.Partition) })
	topic.Partitions = slices.Insert(topic.Partitions, i, p)
}

// runStoredStatus shows what is stored, and ends with the error that no mirror
// answers.
func runStoredStatus(ctx context.Context, o statusOptions, cfg *config.Config, unreachable error, show func(monitor.Status) error) error {
	status, err := storedStatus(ctx, cfg, o.route)
	if err == nil {
		status, err = selectStatus(status, o.route, o.topics)
	}
	if err == nil {
		err = show(status)
	}
	if err != nil {
		return errors.Join(unreachable, err)
	}
	return withCode(exitUnreachable, fmt.Errorf("%w; what is shown is from the checkpoint topic%s", unreachable, storedAge(status)))
}

// storedAge names the newest record of all routes.
func storedAge(status monitor.Status) string {
	var newest *float64
	for _, r := range status.Routes {
		if r.AgeSeconds != nil && (newest == nil || *r.AgeSeconds < *newest) {
			newest = r.AgeSeconds
		}
	}
	if newest == nil {
		return ""
	}
	return ", " + seconds(newest) + " old"
}
