package replicate

import (
	"sync"
	"time"
)

// meterSpan is how many samples, one a second, a rate is averaged over.
const meterSpan = 10

// meter tells how fast two totals grow at present.
type meter struct {
	mu      sync.Mutex // guards samples
	samples []sample   // the oldest first, at most meterSpan + 1
}

type sample struct {
	at             time.Time
	records, bytes int64
}

// add takes the totals as they are now.
func (m *meter) add(now time.Time, records, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.samples) > meterSpan {
		m.samples = append(m.samples[:0], m.samples[1:]...)
	}
	m.samples = append(m.samples, sample{now, records, bytes})
}

// rates are per second, 0 as long as nothing was measured.
func (m *meter) rates() (records, bytes float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.samples) < 2 {
		return 0, 0
	}
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	took := last.at.Sub(first.at).Seconds()
	if took <= 0 {
		return 0, 0
	}
	return float64(last.records-first.records) / took, float64(last.bytes-first.bytes) / took
}
