package replicate

import (
	"cmp"
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"mirror/config/logkey"
	"mirror/monitor"
	"mirror/offsets"
)

const (
	// beatEvery is how often a process says what it does. It is one record of a few
	// hundred bytes: 3 MB a day before compaction.
	beatEvery   = 10 * time.Second
	beatTimeout = 2 * time.Second
	meterEvery  = time.Second

	maxNamed       = 20               // partitions that an owner record names, so that it stays small
	maxReason      = 300              // bytes of each reason
	noteworthyLag  = 10 * time.Second // what is further behind is named though it is being copied
	forgottenAfter = time.Hour        // records of processes that did not come back are removed
)

// beats measures what this process copies, and tells the fleet of it.
func (r *route) beats(ctx context.Context) {
	t := time.NewTicker(min(meterEvery, r.beatEvery))
	defer t.Stop()
	said, turn := time.Time{}, 0
	told := map[string]string{}
	defer r.pulse.ended("beats")
	for {
		r.pulse.expect("beats", pulseWithin)
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			totals := r.totals()
			r.meter.add(now, totals.Records, totals.Bytes)
			if now.Sub(said) < r.beatEvery || !r.fleet.mayWrite() || r.draining.Load() {
				continue
			}
			said, turn = now, turn+1
			r.beat(ctx, turn)
			r.tellOtherConfigs(told, now)
		}
	}
}

// beat writes the owner record to one lane; whoever follows the route reads all.
// In passing it removes what processes left behind in another lane of ours. Who
// has no lanes says so in lane 0, so that it can be seen to stand by.
func (r *route) beat(ctx context.Context, turn int) {
	owned := r.fleet.owned()
	lane := int32(0)
	if len(owned) > 0 {
		ready := slices.IndexFunc(owned, r.lanes.isReady)
		if ready < 0 {
			return // a claim is under way, which says the same
		}
		lane = owned[ready]
	}
	self := r.ownerRecord()
	entries := []offsets.Entry{{Lane: lane, Key: ownerKey(self.Process), Value: self}}
	if len(owned) > 0 {
		entries = append(entries, r.forgotten(owned[turn%len(owned)], self)...)
	}
	wctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	if err := r.lanes.write(wctx, entries...); err != nil {
		r.log.Debug("tell the fleet what this process does", logkey.Err, err)
	}
}

// forgotten are tombstones for the records of processes that had a lane long ago.
func (r *route) forgotten(lane int32, self offsets.Owner) []offsets.Entry {
	var entries []offsets.Entry
	for _, o := range r.lanes.state[lane].Owners() {
		if o.Process != self.Process && self.Time.Sub(o.Time) > forgottenAfter {
			entries = append(entries, offsets.Entry{Lane: lane, Key: ownerKey(o.Process)})
		}
	}
	return entries
}

// ownerRecord is what this process says about itself.
func (r *route) ownerRecord() offsets.Owner {
	now, totals := time.Now(), r.totals()
	o := offsets.Owner{Process: r.lanes.process(), URL: r.mirror.url, Lanes: r.fleet.owned(), Time: now.UTC().Truncate(time.Millisecond), Config: r.digest,
		RecordsTotal: totals.Records, BytesTotal: totals.Bytes, Skipped: totals.Skipped}
	o.RecordsPerSecond, o.BytesPerSecond = r.meter.rates()
	for _, p := range r.partitions() {
		s, open := p.status(now)
		o.LSODistance += open
		if !noteworthy(s) {
			continue
		}
		o.Partitions = append(o.Partitions, offsets.OwnedPartition{Topic: p.topic, Partition: p.number, State: string(s.State),
			Reason: clip(s.Reason, maxReason), LagSeconds: s.LagSeconds})
	}
	slices.SortStableFunc(o.Partitions, worseFirst)
	if more := len(o.Partitions) - maxNamed; more > 0 {
		o.Partitions, o.More = o.Partitions[:maxNamed], more
	}
	return o
}

// clip cuts a text to at most n bytes, never within a character.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// totals are what this process has copied for the route since it started.
func (r *route) totals() monitor.Totals { return r.mirror.registry.Totals(r.config.Name) }

// noteworthy says whether a checkpoint alone would not tell how a partition is.
func noteworthy(s monitor.PartitionStatus) bool {
	switch s.State {
	case monitor.CaughtUp, monitor.Paused: // a pause is on record in each lane
		return false
	case monitor.Copying:
		return s.LagSeconds != nil && *s.LagSeconds >= noteworthyLag.Seconds()
	}
	return true
}

func worseFirst(a, b offsets.OwnedPartition) int {
	if a.State != b.State {
		if monitor.Worst(monitor.State(a.State), monitor.State(b.State)) == monitor.State(a.State) {
			return -1
		}
		return 1
	}
	lag := func(p offsets.OwnedPartition) float64 {
		if p.LagSeconds == nil {
			return -1
		}
		return *p.LagSeconds
	}
	return cmp.Compare(lag(b), lag(a))
}
