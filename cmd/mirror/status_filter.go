package main

import (
	"slices"

	"mirror/monitor"
)

// selectStatus leaves only what was asked for: the route, if one is named, and of
// it the topics, if any are named. The totals of a route stay those of the whole
// route; its state and lag become those of the topics.
func selectStatus(status monitor.Status, route string, topics []string) (monitor.Status, error) {
	if route != "" && !slices.ContainsFunc(status.Routes, func(r monitor.RouteStatus) bool { return r.Name == route }) {
		var names []string
		for _, r := range status.Routes {
			names = append(names, r.Name)
		}
		return status, usageErrorf("there is no route %q: %s", route, routesAre(names))
	}
	kept := make([]monitor.RouteStatus, 0, len(status.Routes))
	found := make(map[string]bool)
	unsure := false // a route does not know its topics yet
	for _, r := range status.Routes {
		if route != "" && r.Name != route {
			continue
		}
		if len(topics) > 0 && len(r.Topics) > 0 {
			if r = selectTopics(r, topics, found); len(r.Topics) == 0 {
				continue
			}
		}
		unsure = unsure || len(r.Topics) == 0
		kept = append(kept, r)
	}
	for _, topic := range topics {
		if !found[topic] && !unsure {
			return status, usageErrorf("topic %q is not copied here", topic)
		}
	}
	status.Routes = kept
	return status, nil
}

func selectTopics(r monitor.RouteStatus, topics []string, found map[string]bool) monitor.RouteStatus {
	r.Topics = slices.DeleteFunc(slices.Clone(r.Topics), func(t monitor.TopicStatus) bool { return !slices.Contains(topics, t.Source) })
	for _, t := range r.Topics {
		found[t.Source] = true
	}
	if r.Reason == "" {
		r.State = "" // its own trouble stays, that of other topics does not
	}
	r.RollUp()
	return r
}
