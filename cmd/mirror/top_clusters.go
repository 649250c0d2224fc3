package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"mirror/clusters"
	"mirror/monitor"
)

// clusters asks what is known of the clusters themselves.
func (d *daemon) clusters(ctx context.Context) ([]clusters.Summary, error) {
	code, body, err := d.get(ctx, "/api/v1/clusters")
	if err != nil {
		return nil, err
	}
	if code != http.StatusOK {
		return nil, d.refused(code, body)
	}
	var found struct {
		Clusters []clusters.Summary `json:"clusters"`
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return nil, fmt.Errorf("read clusters of %s: this is no mirror: %w", d.url, err)
	}
	return found.Clusters, nil
}

// clusterTable takes the place of the topics where there are no routes, the worst
// cluster first.
func (m *topModel) clusterTable(width int) (head string, rows []string, detail string) {
	columns := []column{{"CLUSTER", 0, false}, {"STATE", 11, false}, {"BROKERS", 7, true}, {"TOPICS", 7, true}, {"OFFLINE", 7, true}, {"UNDER", 6, true}, {"GROUPS", 6, true}, {"RECORDS/S", 9, true}}
	if width < smallWidth {
		columns = slices.Concat(columns[:2], columns[4:5])
	}
	list := slices.Clone(m.clusters)
	list = slices.DeleteFunc(list, func(c clusters.Summary) bool { return !strings.Contains(c.Name, m.filter) })
	slices.SortStableFunc(list, func(a, b clusters.Summary) int {
		return cmp.Or(compareStates(clusterState(&a), clusterState(&b)), cmp.Compare(b.Offline, a.Offline), cmp.Compare(b.UnderReplicated, a.UnderReplicated), cmp.Compare(a.Name, b.Name))
	})
	for i := range list {
		c := &list[i]
		number := func(n int) string {
			if c.Time == nil {
				return "?"
			}
			return count(int64(n))
		}
		rate := "?"
		if c.RecordsPerSecond != nil {
			rate = count(int64(*c.RecordsPerSecond + 0.5))
		}
		topics := c.TopicsListed
		if topics == 0 {
			topics = c.TopicCount // too many to be listed
		}
		cells := []string{m.mark(i) + c.Name, string(c.State), number(c.BrokerCount), number(topics), number(c.Offline), number(c.UnderReplicated), number(c.GroupCount), rate}
		if width < smallWidth {
			cells = slices.Concat(cells[:2], cells[4:5])
		}
		rows = append(rows, m.line(columns, cells, width, clusterState(c)))
		if i == m.within(len(list)) {
			detail = clusterDetail(c)
		}
	}
	switch {
	case len(rows) > 0:
	case m.filter != "":
		detail = fmt.Sprintf("no cluster has %q in its name: esc drops the filter", m.filter)
	default:
		detail = "no cluster is looked at: see monitor in the configuration"
	}
	return m.paint("1", m.line(columns, titles(columns), width, "")), rows, detail
}

// clusterState is how bad the state of a cluster is, in the terms of routes.
func clusterState(c *clusters.Summary) monitor.State {
	switch {
	case c.State == clusters.Unreachable || c.Offline > 0:
		return monitor.Stopped
	case c.UnderReplicated > 0:
		return monitor.Waiting
	case c.State == clusters.Starting:
		return monitor.Starting
	case c.State == clusters.Off:
		return "" // nobody wants to know
	}
	return monitor.CaughtUp
}

// clusterDetail is what is wrong with a cluster, or what is not shown of it.
func clusterDetail(c *clusters.Summary) string {
	text := cell(c.Name) + " is " + string(c.State)
	if c.Reason != "" {
		text += ": " + cell(c.Reason)
	}
	if len(c.Notes) > 0 {
		text += " · " + cell(strings.Join(c.Notes, " · "))
	}
	return text + " · the page shows its brokers, topics and groups"
}
