package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mirror/clusters"
)

// isClusters tells the paths that handleClusters answers.
func isClusters(path string) bool {
	return path == pathClusters || strings.HasPrefix(path, pathClusters+"/")
}

// handleClusters answers /api/v1/clusters and what is below it:
//
//	NAME, NAME/brokers/NUMBER
//	NAME/topics, NAME/topics/TOPIC, NAME/topics/TOPIC/PARTITION
//	NAME/groups, NAME/groups/GROUP, NAME/groups/GROUP/TOPIC/PARTITION
//
// A group's name may hold anything, so a part of the path is taken as it was
// escaped: %2F belongs to a name. What clients and proxies make another path of,
// like a group that is called "..", is asked for by
// NAME/groups?name=GROUP&topic=TOPIC&partition=PARTITION, and so may all be.
func handleClusters(w http.ResponseWriter, r *http.Request, watch *clusters.Watch, source Source) {
	parts, ok := pathParts(strings.TrimPrefix(r.URL.EscapedPath(), pathClusters))
	if !ok {
		http.Error(w, "a % in this path escapes nothing; it is written %25", http.StatusBadRequest)
		return
	}
	if len(parts) == 0 {
		writeJSON(w, struct {
			Clusters []clusters.Summary `json:"clusters"`
			Interval float64            `json:"interval_seconds"`
		}{watch.Summaries(), watch.Interval().Seconds()})
		return
	}
	cluster := parts[0]
	view, ok := watch.Find(cluster)
	if !ok {
		http.Error(w, "the configuration has no cluster of this name; /api/v1/clusters lists them", http.StatusNotFound)
		return
	}
	parts = parts[1:]
	if len(parts) == 1 {
		query := r.URL.Query()
		for _, key := range []string{"name", "topic", "partition"} {
			parts = append(parts, query[key]...)
		}
	}
	document, missing := clusterDocument(r, view, parts)
	if missing != "" {
		http.Error(w, missing, http.StatusNotFound)
		return
	}
	if topic, is := document.(clusters.TopicDetail); is {
		topic.Mirrored = append(topic.Mirrored, mirrored(source, cluster, topic.Name)...)
		document = topic
	}
	writeJSON(w, document)
}

// pathParts takes apart what is behind a prefix; false when it is not escaped
// rightly. No part is empty: no name is.
func pathParts(escaped string) ([]string, bool) {
	var parts []string
	for _, part := range strings.Split(escaped, "/") {
		if part == "" {
			continue
		}
		plain, err := url.PathUnescape(part)
		if err != nil {
			return nil, false
		}
		parts = append(parts, plain)
	}
	return parts, true
}

// clusterDocument finds what a path below a cluster names, or says that there is
// nothing.
func clusterDocument(r *http.Request, view clusters.View, parts []string) (document any, missing string) {
	if len(parts) > 2 {
		return partDocument(view, parts)
	}
	switch {
	case len(parts) == 0:
		return view.Cluster(), ""
	case len(parts) == 1 && parts[0] == "topics":
		return view.Topics(), ""
	case len(parts) == 1 && parts[0] == "groups":
		return view.Groups(), ""
	case len(parts) != 2:
	case parts[0] == "topics":
		if topic, ok := view.Topic(r.Context(), parts[1]); ok {
			return topic, ""
		}
		return nil, "the cluster has no topic of this name, or it is not looked at (monitor.topics)"
	case parts[0] == "groups":
		if group, ok := view.Group(parts[1]); ok {
			return group, ""
		}
		return nil, "the cluster has no consumer group of this name, or it is not looked at (monitor.groups)"
	case parts[0] == "brokers":
		id, err := strconv.ParseInt(parts[1], 10, 32)
		if broker, ok := view.Broker(int32(id)); err == nil && ok {
			return broker, ""
		}
		return nil, "the cluster has no broker of this number"
	}
	return nil, nothingHere
}

const nothingHere = "there is nothing here"

// partDocument is clusterDocument for a partition and for where a group stands in one.
func partDocument(view clusters.View, parts []string) (document any, missing string) {
	number, err := strconv.ParseInt(parts[len(parts)-1], 10, 32)
	switch {
	case err != nil:
	case len(parts) == 3 && parts[0] == "topics":
		if partition, ok := view.Partition(parts[1], int32(number)); ok {
			return partition, ""
		}
		return nil, "the cluster has no such partition, or its topic is not looked at (monitor.topics)"
	case len(parts) == 4 && parts[0] == "groups":
		if position, ok := view.Position(parts[1], parts[2], int32(number)); ok {
			return position, ""
		}
		return nil, "the group does not stand in this partition, or it is not looked at (monitor.groups)"
	}
	return nil, nothingHere
}

// mirrored names the routes that copy a topic from or to a cluster.
func mirrored(source Source, cluster, topic string) []clusters.Mirrored {
	var list []clusters.Mirrored
	status := source.Status()
	for i := range status.Routes {
		route := &status.Routes[i]
		for k := range route.Topics {
			t := &route.Topics[k]
			if route.From == cluster && t.Source == topic {
				list = append(list, clusters.Mirrored{Route: route.Name, Direction: "source", Topic: t.Target})
			}
			if route.To == cluster && t.Target == topic {
				list = append(list, clusters.Mirrored{Route: route.Name, Direction: "target", Topic: t.Source})
			}
		}
	}
	return list
}
