package replicate

import "time"

// Partitions at their end share one connection to their broker, and so one
// Fetch: what trickles in costs the broker few requests, because all that
// arrives while one Fetch is answered comes with the next. The other connections
// are for partitions with a backlog, and for all that are not known to have
// none. So whoever waits for much, or is in trouble, does not hold up those that
// wait for little.
const (
	calmAfter   = time.Second            // without a backlog for so long: a partition joins the shared Fetch
	gatherEvery = 100 * time.Millisecond // the shared fetcher looks for those that may join
	sharedBytes = 256 << 10              // what a shared Fetch asks for: little, so that it is answered soon
	sharedPart  = 32 << 10               // of one partition; more is a backlog
)

// gather takes over the partitions of the broker that have become calm.
func (f *fetcher) gather(now time.Time) {
	if !f.shared || now.Sub(f.gatheredAt) < gatherEvery {
		return
	}
	f.gatheredAt = now
	for _, g := range f.route.fetchers.others(f) {
		for _, p := range g.list() {
			p.share(g, f, now)
		}
	}
}

// share moves the partition from g to the shared fetcher f once it is calm.
func (p *partition) share(g, f *fetcher, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fetcher != g || p.phase != phaseOpen || p.haltWhy != "" || p.fetchTrouble != "" ||
		p.sourceEnd < 0 || p.cursor < p.sourceEnd || now.Sub(p.backlogAt) < calmAfter {
		return
	}
	p.leaveFetcher()
	p.fetcher = f
	f.add(p)
}

// backlog notes that the source has, or may have, more for the partition than
// it was given. It leaves the shared fetcher.
func (p *partition) backlog(now time.Time) {
	p.backlogAt = now
	if f := p.fetcher; f != nil && f.shared {
		p.leaveFetcher()
		p.fetcher = p.route.fetchers.assign(f.broker, p)
	}
}
