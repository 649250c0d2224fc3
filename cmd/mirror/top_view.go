package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mirror/monitor"
)

const (
	minTopWidth, minTopHeight = 40, 10
	topRoutes                 = 5 // routes that are listed above the topics
	topDetail                 = 2 // lines below the table for the selected row
)

// view is the picture for a screen of this size: exactly height lines of at most
// width columns. It keeps the selection inside of what there is.
func (m *topModel) view(width, height int) []string {
	if width < minTopWidth || height < minTopHeight {
		return exactly([]string{clip(fmt.Sprintf("mirror top needs %d×%d, this is %d×%d; q ends it", minTopWidth, minTopHeight, width, height), width)}, height)
	}
	lines := []string{m.titleLine(width)}
	if m.help {
		return exactly(append(lines, helpLines(width)...), height)
	}
	lines = append(lines, m.routeLines(width)...)
	head, rows, detail := m.table(width)
	lines = append(lines, head)
	m.page = max(height-len(lines)-topDetail-1, 1)
	m.selected = min(max(m.selected, 0), max(len(rows)-1, 0))
	m.offset = min(m.offset, m.selected)
	m.offset = max(m.offset, m.selected-m.page+1, 0)
	shown := rows[min(m.offset, len(rows)):min(m.offset+m.page, len(rows))]
	lines = append(lines, shown...)
	lines = exactly(lines, height-topDetail-1)
	lines = append(lines, exactly(breakLine(detail, width, topDetail), topDetail)...)
	return append(lines, m.keyLine(width, len(rows), len(shown)))
}

// exactly makes it exactly n lines.
func exactly(lines []string, n int) []string {
	for len(lines) < n {
		lines = append(lines, "")
	}
	return lines[:n]
}

// breakLine breaks a text at spaces into at most n lines and cuts the last.
func breakLine(text string, width, n int) []string {
	var lines []string
	for len(lines) < n-1 && len([]rune(text)) > width {
		r := []rune(text)
		at := strings.LastIndex(string(r[:width]), " ")
		if at <= 0 {
			break
		}
		lines, text = append(lines, text[:at]), text[at+1:]
	}
	return append(lines, clip(text, width))
}

// titleLine says whose picture this is and how old it is.
func (m *topModel) titleLine(width int) string {
	title := "mirror " + cell(m.status.Mirror)
	switch {
	case m.lost != "":
		return m.paint("7", clip(fmt.Sprintf("%s · OLD: of %s · %s", title, m.at.Format(time.TimeOnly), cell(m.lost)), width))
	case m.paused:
		return m.paint("7", clip(fmt.Sprintf("%s · PAUSED at %s · p goes on", title, m.at.Format(time.TimeOnly)), width))
	}
	return clip(fmt.Sprintf("%s · %s · every %s", title, m.at.Format(time.TimeOnly), m.interval), width)
}

// column is one of a table; width 0 takes what the others leave.
type column struct {
	title string
	width int
	right bool
}

// line lays out one row. The state keeps its colour; everything else is plain.
func (m *topModel) line(columns []column, cells []string, width int, state monitor.State) string {
	rest := width
	for _, c := range columns {
		if c.width > 0 {
			rest -= c.width + 2
		}
	}
	var b strings.Builder
	for i, c := range columns {
		w := c.width
		if w == 0 {
			w = max(rest, 1)
		}
		text := pad(cell(cells[i]), w, c.right)
		if c.title == "STATE" {
			text = m.paint(stateColour(state), text)
		}
		if i > 0 {
			b.WriteString("  ")
		}
		b.WriteString(text)
	}
	return b.String()
}

func pad(text string, width int, right bool) string {
	text = clip(text, width)
	space := strings.Repeat(" ", max(width-len([]rune(text)), 0))
	if right {
		return space + text
	}
	return text + space
}

// paint adds attributes (ECMA-48 SGR), which never alone carry a meaning.
func (m *topModel) paint(attributes, text string) string {
	if !m.colour || attributes == "" {
		return text
	}
	return "\x1b[" + attributes + "m" + text + "\x1b[0m"
}

func stateColour(s monitor.State) string {
	switch s {
	case monitor.Stopped:
		return "1;31"
	case monitor.Waiting:
		return "33"
	case monitor.Paused, monitor.Recovering, monitor.Starting:
		return "36"
	case monitor.CaughtUp:
		return "32"
	}
	return ""
}

func titles(columns []column) []string {
	var t []string
	for _, c := range columns {
		t = append(t, c.title)
	}
	return t
}

// routeLines lists the routes, the worst first, with the sums of their fleets.
func (m *topModel) routeLines(width int) []string {
	if m.status.OnlyClusters() {
		return []string{clip("there are no routes: this mirror only looks at clusters", width), ""}
	}
	columns := []column{{"ROUTE", 0, false}, {"STATE", 10, false}, {"BEHIND", 8, true}, {"RECORDS/S", 10, true}, {"BYTES/S", 10, true}, {"LOSSES", 6, true}, {"PROCS", 5, true}}
	if width < smallWidth {
		columns = columns[:4]
	}
	routes := slices.Clone(m.status.Routes)
	slices.SortStableFunc(routes, func(a, b monitor.RouteStatus) int { return compareStates(a.State, b.State) })
	lines := []string{m.paint("1", m.line(columns, titles(columns), width, ""))}
	for i, r := range routes {
		if i == topRoutes-1 && len(routes) > topRoutes {
			lines = append(lines, clip(fmt.Sprintf("… and %d routes more: r shows one after the other", len(routes)-i), width))
			break
		}
		name := r.Name
		if m.route == r.Name {
			name = "> " + name
		}
		cells := []string{name, string(r.State), seconds(r.LagSeconds), count(int64(r.RecordsPerSecond)), byteCount(r.BytesPerSecond), count(r.Losses), strconv.Itoa(len(r.Processes))}
		lines = append(lines, m.line(columns, cells[:len(columns)], width, r.State))
	}
	if m.open != nil {
		return append(lines, clip(fmt.Sprintf("the partitions of %s, route %s", cell(m.open.topic), cell(m.open.route)), width))
	}
	return append(lines, "")
}

// table is what fills the screen: its heading, all rows, and what there is to say
// about the selected one.
func (m *topModel) table(width int) (head string, rows []string, detail string) {
	if m.open != nil {
		if topic, partitions, ok := m.partitions(); ok {
			return m.partitionTable(topic, partitions, width)
		}
		m.open = nil // it is gone
	}
	if m.status.OnlyClusters() {
		return m.clusterTable(width)
	}
	return m.topicTable(width)
}

func (m *topModel) topicTable(width int) (head string, rows []string, detail string) {
	columns := []column{{"TOPIC", 0, false}, {"STATE", 10, false}, {"PARTS", 5, true}, {"LAG", 11, true}, {"BEHIND", 8, true}, {"RECORDS/S", 10, true}}
	if width < smallWidth {
		columns = slices.Concat(columns[:2], columns[4:5])
	}
	more := width >= smallWidth+40
	if more {
		columns = append(columns, column{"TARGET", (width - smallWidth) / 2, false}, column{"ROUTE", 16, false})
	}
	topics := m.topics()
	for i, row := range topics {
		rate := "?"
		if m.rates != nil {
			rate = count(int64(row.rate + 0.5))
		}
		cells := []string{m.mark(i) + row.key.topic, string(row.topic.State), strconv.Itoa(row.partitions), recordsBehind(row.lag, row.behind), seconds(row.behind), rate}
		if width < smallWidth {
			cells = slices.Concat(cells[:2], cells[4:5])
		}
		if more {
			cells = append(cells, row.topic.Target, row.key.route)
		}
		rows = append(rows, m.line(columns, cells, width, row.topic.State))
		if i == m.within(len(topics)) {
			detail = topicDetail(row)
		}
	}
	if len(rows) == 0 {
		detail = m.nothing()
	}
	return m.paint("1", m.line(columns, titles(columns), width, "")), rows, detail
}

// within is the selected row of n, also before the picture has moved it inside.
func (m *topModel) within(n int) int { return min(max(m.selected, 0), n-1) }

// mark shows which row is selected, without colour.
func (m *topModel) mark(row int) string {
	if row == m.selected {
		return "> "
	}
	return "  "
}

// nothing says why the table is empty.
func (m *topModel) nothing() string {
	if m.filter != "" {
		return fmt.Sprintf("no topic has %q in its name: esc drops the filter", m.filter)
	}
	for _, r := range m.status.Routes {
		if r.Reason != "" && (m.route == "" || m.route == r.Name) {
			return fmt.Sprintf("route %s is %s: %s", cell(r.Name), r.State, cell(r.Reason))
		}
	}
	return "no topics yet"
}

// topicDetail is why the worst partition of a topic is as it is, and where the
// topic goes.
func topicDetail(row topRow) string {
	where := cell(row.key.topic + " → " + row.topic.Target + ", route " + row.key.route)
	var worst *monitor.PartitionStatus
	reasons := 0
	for i := range row.topic.Partitions {
		p := &row.topic.Partitions[i]
		if p.Reason == "" {
			continue
		}
		reasons++
		if worst == nil || compareStates(p.State, worst.State) < 0 {
			worst = p
		}
	}
	if worst == nil {
		return where
	}
	why := fmt.Sprintf("%s is %s: %s", partitionName(row.topic, worst), worst.State, cell(worst.Reason))
	if reasons > 1 {
		why += fmt.Sprintf(" (%d more: enter)", reasons-1)
	}
	return why + " · " + where
}

func (m *topModel) partitionTable(topic monitor.TopicStatus, partitions []monitor.PartitionStatus, width int) (head string, rows []string, detail string) {
	columns := []column{{"PART", 6, true}, {"STATE", 10, false}, {"LAG", 11, true}, {"BEHIND", 8, true}, {"SOURCE", 12, true}, {"LANE", 4, true}, {"OWNER", 0, false}}
	narrow := width < smallWidth
	if narrow {
		columns = slices.Concat(columns[:2], columns[3:4])
	}
	if width >= smallWidth+40 {
		columns = slices.Insert(columns, 5, column{"END", 12, true}, column{"TARGET", 12, true})
	}
	for i := range partitions {
		p := &partitions[i]
		cells := []string{m.mark(i) + known(int64(p.Partition)), string(p.State), known(p.LagRecords), seconds(p.LagSeconds), known(p.SourceOffset), known(int64(p.Lane)), p.Owner}
		if width >= smallWidth+40 {
			cells = slices.Insert(cells, 5, known(p.SourceEnd), known(p.TargetOffset))
		}
		if narrow {
			cells = slices.Concat(cells[:2], cells[3:4])
		}
		rows = append(rows, m.line(columns, cells, width, p.State))
		if i == m.within(len(partitions)) {
			detail = partitionName(&topic, p) + " is " + string(p.State)
			if p.Reason != "" {
				detail += ": " + cell(p.Reason)
			}
		}
	}
	return m.paint("1", m.line(columns, titles(columns), width, "")), rows, detail
}

// keyLine is the last line: the filter, or the keys that matter now.
func (m *topModel) keyLine(width, rows, shown int) string {
	if m.typing {
		return clip("/"+m.filter+"█  enter keeps it, esc drops it", width)
	}
	if m.status.OnlyClusters() {
		return clip("the worst first · / filter · p pause · ? help · q quit", width)
	}
	where := fmt.Sprintf("by %s", m.order)
	if rows > shown {
		where += fmt.Sprintf(", %d-%d of %d", m.offset+1, m.offset+shown, rows)
	}
	if m.filter != "" && m.open == nil {
		where += fmt.Sprintf(", /%s", m.filter)
	}
	if m.open != nil {
		return clip(where+" · esc back · sln sort · p pause · ? help · q quit", width)
	}
	return clip(where+" · enter opens · sltn sort · / filter · ? help · q quit", width)
}

func helpLines(width int) []string {
	var lines []string
	for _, line := range strings.Split(`
  up down, j k     select        page up, page down, home, end   go far
  enter            partitions of the selected topic and their reasons
  esc, backspace   back; then drop the filter, then show all routes

  s                sort by state, the worst first
  l                sort by lag, the furthest behind first
  t                sort by throughput, the busiest first
  n                sort by name
  /                filter topics by a part of their source or target name
  r                one route after the other, then all

  p, space         pause the picture     ctrl-l   draw it anew
  q, ctrl-c        quit                  ctrl-z   stop for a while (fg)

  BEHIND is how long ago the oldest record arrived that is not copied yet.
  States: caught_up copying starting recovering paused waiting stopped

  any key closes this`, "\n") {
		lines = append(lines, clip(line, width))
	}
	return lines
}
