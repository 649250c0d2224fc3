package replicate

import (
	"context"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"mirror/offsets"
)

// watch follows a route that other processes copy until ctx ends: what they do
// stands in the checkpoint topic. It joins no group, owns no lane and writes
// nothing, so it never copies whatever else it does.
func (r *route) watch(ctx context.Context, follower *kgo.Client) {
	r.lanes.rename("") // one of the fleet may have this host's name
	var crew sync.WaitGroup
	crew.Go(func() { r.lanes.follow(ctx, follower) })
	for _, run := range []func(context.Context){r.sourceLeaders.run, r.targetLeaders.run, r.discovery.run, r.watchOthers} {
		crew.Go(func() { run(ctx) })
	}
	crew.Wait()
	r.log.Info("stopped")
}

// findTopic looks for the checkpoint topic of a route that is only watched. It is
// there once the route has run.
func (r *route) findTopic(ctx context.Context) error {
	found, err := offsets.FindTopic(ctx, kadm.NewClient(r.target.client), r.lanes.topic, r.config.Lanes)
	switch {
	case err != nil:
		return &sideError{r.target, "look for the checkpoint topic " + r.lanes.topic, err}
	case !found:
		return fmt.Errorf("the route is only watched here (watch: true), and no mirror has run it yet: %s has no topic %s", r.config.To, r.lanes.topic)
	}
	return nil
}
