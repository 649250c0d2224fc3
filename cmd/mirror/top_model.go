package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"mirror/clusters"
	"mirror/monitor"
)

// topModel is what mirror top knows and what its keys have chosen. It touches no
// terminal.
type topModel struct {
	interval time.Duration
	colour   bool

	status   monitor.Status
	clusters []clusters.Summary     // only where there are no routes
	at       time.Time              // of status
	rates    map[topicKey]float64   // records per second
	ends     map[partitionKey]int64 // target offsets at the time of at
	lost     string                 // why no newer status can be had

	paused   bool
	help     bool
	typing   bool // the filter is being typed
	filter   string
	order    topOrder
	route    string    // show only this one; empty: all
	open     *topicKey // the topic whose partitions are shown
	selected int       // row of the table
	offset   int       // first row of the table that is shown
	page     int       // rows that the last picture had room for
}

type topicKey struct{ route, topic string }

type partitionKey struct {
	topicKey
	partition int32
}

// topOrder is what the rows are sorted by, the first first.
type topOrder string

const (
	byState      topOrder = "state"
	byLag        topOrder = "lag"
	byThroughput topOrder = "throughput"
	byName       topOrder = "name"
)

// topAction is what a key asks of the terminal.
type topAction int

const (
	topGoOn topAction = iota
	topQuit
	topInterrupt
	topSuspend
	topRedraw
)

func newTopModel(interval time.Duration) *topModel {
	return &topModel{interval: interval, order: byState, page: 1}
}

// take shows a new status, unless the picture is paused.
func (m *topModel) take(status monitor.Status, now time.Time) {
	m.lost = ""
	if m.paused {
		return
	}
	ends, rates := map[partitionKey]int64{}, map[topicKey]float64{}
	took := now.Sub(m.at).Seconds()
	for i := range status.Routes {
		for _, topic := range status.Routes[i].Topics {
			of := topicKey{status.Routes[i].Name, topic.Source}
			moved := int64(0)
			for _, p := range topic.Partitions {
				id := partitionKey{of, p.Partition}
				ends[id] = p.TargetOffset
				if before, known := m.ends[id]; known && before >= 0 {
					moved += max(p.TargetOffset-before, 0)
				}
			}
			// Checkpoints of other processes come once a second, so one difference
			// alone would jump.
			rates[of] = float64(moved) / took
			if before, known := m.rates[of]; known {
				rates[of] = (rates[of] + before) / 2
			}
		}
	}
	if m.ends == nil {
		rates = nil // there is nothing yet to compare with
	}
	m.status, m.at, m.ends, m.rates = status, now, ends, rates
}

// takeClusters is take for what is shown where there are no routes.
func (m *topModel) takeClusters(found []clusters.Summary) {
	if !m.paused {
		m.clusters = found
	}
}

// lose notes that the mirror does not answer: the picture gets old.
func (m *topModel) lose(err error) { m.lost = err.Error() }

// press obeys a key.
func (m *topModel) press(k key) topAction {
	switch {
	case k == keyInterrupt:
		return topInterrupt
	case k == keySuspend:
		return topSuspend
	case k == keyRedraw:
		return topRedraw
	case m.typing:
		m.edit(k)
	case m.help:
		m.help = false // any key closes it
	case k == 'q':
		return topQuit
	default:
		m.choose(k)
	}
	return topGoOn
}

// edit changes the filter.
func (m *topModel) edit(k key) {
	switch {
	case k == keyEnter:
		m.typing = false
	case k == keyEscape:
		m.typing, m.filter = false, ""
	case k == keyBackspace && m.filter != "":
		m.filter = m.filter[:len(m.filter)-1]
	case k > ' ' && k < 0x7f: // names of topics have no others
		m.filter += string(rune(k))
	}
	m.selected, m.offset = 0, 0
}

func (m *topModel) choose(k key) {
	orders := map[key]topOrder{'s': byState, 'l': byLag, 't': byThroughput, 'n': byName}
	steps := map[key]int{keyUp: -1, 'k': -1, keyDown: 1, 'j': 1, keyPageUp: -m.page, keyPageDown: m.page, keyHome: -1 << 30, keyEnd: 1 << 30}
	switch {
	case orders[k] != "":
		m.order, m.selected, m.offset = orders[k], 0, 0
	case steps[k] != 0:
		m.selected += steps[k] // the picture keeps it inside of the table
	case k == '?' || k == 'h':
		m.help = true
	case k == '/':
		m.typing = true
	case k == 'p' || k == ' ':
		m.paused = !m.paused
	case k == 'r':
		m.nextRoute()
	case k == keyEnter:
		m.enter()
	case k == keyEscape || k == keyBackspace:
		m.back()
	}
}

// nextRoute goes through all routes, and then shows them all again.
func (m *topModel) nextRoute() {
	names := []string{""}
	for _, r := range m.status.Routes {
		names = append(names, r.Name)
	}
	at := slices.Index(names, m.route)
	m.route, m.open, m.selected, m.offset = names[(at+1)%len(names)], nil, 0, 0
}

// enter opens the topic that is selected.
func (m *topModel) enter() {
	if rows := m.topics(); m.open == nil && len(rows) > 0 {
		of := rows[min(max(m.selected, 0), len(rows)-1)].key
		m.open, m.selected, m.offset = &of, 0, 0
	}
}

// back closes what was opened last, and then drops the filter and the route.
func (m *topModel) back() {
	switch {
	case m.open != nil:
		m.open = nil
	case m.filter != "":
		m.filter = ""
	default:
		m.route = ""
	}
	m.selected, m.offset = 0, 0
}

// topRow is a topic in the table.
type topRow struct {
	key        topicKey
	topic      *monitor.TopicStatus
	partitions int
	lag        int64
	behind     *float64
	rate       float64
}

// topics are the rows of the table, in order.
func (m *topModel) topics() []topRow {
	var rows []topRow
	for i := range m.status.Routes {
		r := &m.status.Routes[i]
		if m.route != "" && r.Name != m.route {
			continue
		}
		for k := range r.Topics {
			t := &r.Topics[k]
			if !strings.Contains(strings.ToLower(t.Source+" "+t.Target), strings.ToLower(m.filter)) {
				continue
			}
			row := topRow{key: topicKey{r.Name, t.Source}, topic: t, rate: m.rates[topicKey{r.Name, t.Source}]}
			for _, p := range t.Partitions {
				if p.Partition >= 0 {
					row.partitions++
				}
			}
			row.lag, row.behind = t.Lag()
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b topRow) int {
		return cmp.Or(m.compare(a.topic.State, b.topic.State, a.behind, b.behind, a.lag, b.lag, a.rate, b.rate),
			cmp.Compare(a.key.topic, b.key.topic), cmp.Compare(a.key.route, b.key.route))
	})
	return rows
}

// compare puts the worse row first, by what was chosen; rows of one state by lag.
func (m *topModel) compare(a, b monitor.State, behindA, behindB *float64, lagA, lagB int64, rateA, rateB float64) int {
	lag := cmp.Or(compareLag(behindB, behindA), cmp.Compare(lagB, lagA))
	switch m.order {
	case byState:
		return cmp.Or(compareStates(a, b), lag)
	case byLag:
		return lag
	case byThroughput:
		return cmp.Compare(rateB, rateA)
	}
	return 0
}

// compareLag takes an unknown lag for the smallest.
func compareLag(a, b *float64) int {
	value := func(lag *float64) float64 {
		if lag == nil {
			return -1
		}
		return *lag
	}
	return cmp.Compare(value(a), value(b))
}

// partitions are the rows of the topic that is open, in order; false when it is
// not there any more.
func (m *topModel) partitions() (monitor.TopicStatus, []monitor.PartitionStatus, bool) {
	for i := range m.status.Routes {
		r := &m.status.Routes[i]
		for k := range r.Topics {
			if m.open == nil || r.Name != m.open.route || r.Topics[k].Source != m.open.topic {
				continue
			}
			rows := slices.Clone(r.Topics[k].Partitions)
			slices.SortStableFunc(rows, func(a, b monitor.PartitionStatus) int {
				return cmp.Or(m.compare(a.State, b.State, a.LagSeconds, b.LagSeconds, a.LagRecords, b.LagRecords, 0, 0),
					cmp.Compare(a.Partition, b.Partition))
			})
			return r.Topics[k], rows, true
		}
	}
	return monitor.TopicStatus{}, nil, false
}
