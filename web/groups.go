package web

import (
	"context"
	"net/http"

	"mirror/replicate"
)

// GroupAsker says where a consumer group goes on in the copies of the routes from
// or to a cluster. It may ask brokers, and bounds that itself.
type GroupAsker interface {
	Group(ctx context.Context, cluster, group string) replicate.GroupsDocument
}

// handleGroup answers /api/v1/groups?cluster=NAME&group=NAME, in the words of
// `mirror groups -o json`.
func handleGroup(w http.ResponseWriter, r *http.Request, asker GroupAsker) {
	cluster, group := r.URL.Query().Get("cluster"), r.URL.Query().Get("group")
	if cluster == "" || group == "" {
		http.Error(w, "name a cluster and a group: ?cluster=NAME&group=NAME", http.StatusBadRequest)
		return
	}
	writeJSON(w, asker.Group(r.Context(), cluster, group))
}
