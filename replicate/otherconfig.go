package replicate

import (
	"time"

	"mirror/config/logkey"
)

// otherConfig says whether a process copies the route by another configuration
// than this one. Versions that say nothing of it are taken for alike.
func (r *route) otherConfig(who member) bool {
	return who.Config != "" && who.Config != r.digest
}

// tellOtherConfigs warns of processes that copy the route by another configuration
// than this one, once for each and each of its configurations. Nobody can say which
// is right; during a rolling restart with a new one, that is how it should be.
func (r *route) tellOtherConfigs(told map[string]string, now time.Time) {
	for _, who := range r.lanes.members.others(r.lanes.process(), now) {
		switch other := r.otherConfig(who); {
		case other && told[who.Process] != who.Config:
			told[who.Process] = who.Config
			r.log.Warn("another process of the fleet has another configuration of this route: each copies its lanes by its own. Give all the same file, and restart those that have not read it",
				logkey.Process, who.Process)
		case !other && told[who.Process] != "":
			delete(told, who.Process)
			r.log.Info("that process has the same configuration now", logkey.Process, who.Process)
		}
	}
}
