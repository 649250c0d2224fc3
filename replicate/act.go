package replicate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mirror/config"
	"mirror/config/logkey"
	"mirror/monitor"
	"mirror/offsets"
)

// Verb is what an operator may ask a running mirror for.
type Verb string

// The verbs.
const (
	VerbPause  Verb = "pause"
	VerbResume Verb = "resume"
	VerbRate   Verb = "rate"
)

// Action is an operator's wish. It does what the command of the same name does:
// it goes into the route's checkpoint topic, reaches all processes of the fleet
// and outlives them.
type Action struct {
	Verb           Verb
	Route          string
	Topic          string // pause, resume: empty is the whole route
	BytesPerSecond *int64 // rate: 0 is no limit, nil the configuration's
	By, Reason     string
}

// The words that stand for a rate.
const (
	RateOff  = "off"  // no limit
	RateFile = "file" // the configuration's
)

// ParseRate reads a rate as people write it: a size such as 10MiB, RateOff, or
// RateFile. What it returns is an Action's BytesPerSecond.
func ParseRate(text string) (*int64, error) {
	n := int64(0)
	switch text {
	case RateOff:
		return &n, nil
	case RateFile:
		return nil, nil
	}
	n, err := config.ParseSize(strings.TrimSuffix(text, "/s"))
	if err != nil || n <= 0 {
		return nil, fmt.Errorf("%q is no rate: use a number of bytes per second above 0, such as 10MiB, or %s for no limit, or %s for what the configuration says",
			clip(text, 40), RateOff, RateFile)
	}
	return &n, nil
}

// RefusedError says why an action makes no sense; nothing was changed.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return e.Why }

func refusedf(format string, a ...any) error { return &RefusedError{fmt.Sprintf(format, a...)} }

// actTimeout bounds one write to the checkpoint topic.
const actTimeout = 8 * time.Second

// Act does what an operator asks for and says in one sentence what is so now. The
// error is a *RefusedError, or in plain words why nothing could be written.
func (m *Mirror) Act(ctx context.Context, a Action) (string, error) {
	at := slices.IndexFunc(m.routes, func(r *route) bool { return r.config.Name == a.Route })
	if at < 0 {
		return "", refusedf("there is no route %q", a.Route)
	}
	r := m.routes[at]
	switch a.Verb {
	case VerbPause, VerbResume:
		return r.actPause(ctx, a)
	case VerbRate:
		return r.actRate(ctx, a)
	}
	return "", refusedf("there is no action %q", a.Verb)
}

func (r *route) actPause(ctx context.Context, a Action) (string, error) {
	what := "route " + r.config.Name
	if a.Topic != "" {
		what = fmt.Sprintf("topic %s of route %s", a.Topic, r.config.Name)
	}
	some, all := r.pausesOf(a.Topic)
	if a.Topic != "" && some == nil && !r.knows(a.Topic) {
		return "", refusedf("route %s neither copies topic %q nor ever has", r.config.Name, a.Topic)
	}
	switch paused := a.Verb == VerbPause; {
	case paused && all:
		return what + " is paused already" + wish(some.By, some.Reason, some.Time).Words(), nil
	case !paused && some == nil:
		return what + " is not paused", nil
	}
	err := r.recordWish(ctx, a, offsets.Key{Kind: offsets.KindPause, Topic: a.Topic},
		offsets.Pause{Paused: a.Verb == VerbPause, By: a.By, Reason: a.Reason, Time: time.Now()})
	said := fmt.Sprintf("%s is %sd", what, a.Verb)
	if a.Verb == VerbResume {
		said += r.restsOn(a.Topic)
	}
	return said, err
}

// restsOn says what another pause still holds after one was taken back.
func (r *route) restsOn(resumed string) string {
	pauses := r.lanes.state[0].Pauses()
	whole, paused := pauses[""]
	if resumed != "" && paused {
		return "; it rests on, the whole route is paused" + wish(whole.By, whole.Reason, whole.Time).Words()
	}
	delete(pauses, "") // taken back, and perhaps not read back yet
	if resumed == "" && len(pauses) > 0 {
		return fmt.Sprintf("; topics that are paused by themselves rest on: %d", len(pauses))
	}
	return ""
}

// pausesOf is the pause of a topic, or with "" of the route, nil when there is
// none, and whether it is in all lanes.
func (r *route) pausesOf(topic string) (pause *offsets.Pause, everywhere bool) {
	everywhere = true
	for _, lane := range r.lanes.state {
		if p, paused := lane.Pauses()[topic]; paused {
			pause = &p
		} else {
			everywhere = false
		}
	}
	return pause, everywhere
}

// knows says whether the route copies a topic, or ever has.
func (r *route) knows(topic string) bool {
	r.mu.Lock()
	plan := r.plan
	r.mu.Unlock()
	if plan != nil && slices.ContainsFunc(plan.Topics, func(t TopicPlan) bool { return t.Decision.Topic == topic }) {
		return true
	}
	for _, lane := range r.lanes.state {
		if slices.ContainsFunc(lane.Checkpoints(), func(k offsets.Key) bool { return k.Topic == topic }) {
			return true
		}
	}
	return false
}

func (r *route) actRate(ctx context.Context, a Action) (string, error) {
	rate := offsets.Rate{By: a.By, Reason: a.Reason, Time: time.Now()}
	limit := monitor.RateLimit{BytesPerSecond: r.config.Limits.BytesPerSecond}
	switch n := a.BytesPerSecond; {
	case n == nil:
		rate.File = true
	case *n < 0:
		return "", refusedf("%d bytes per second is no rate: 0 means no limit", *n)
	default:
		rate.BytesPerSecond = *n
		limit = monitor.RateLimit{BytesPerSecond: *n, ByOperator: true, Wish: wish(a.By, a.Reason, time.Time{})}
	}
	err := r.recordWish(ctx, a, offsets.Key{Kind: offsets.KindRate}, rate)
	return fmt.Sprintf("route %s %s", r.config.Name, limit.Words()), err
}

// recordWish puts a wish on record in every lane.
func (r *route) recordWish(ctx context.Context, a Action, key offsets.Key, value any) error {
	ctx, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	if err := r.lanes.write(ctx, offsets.EveryLane(len(r.lanes.state), key, value)...); err != nil {
		return &sideError{r.target, "write to topic " + r.lanes.topic, err}
	}
	r.log.Info("an operator changed the route", logkey.By, a.By, logkey.Reason, a.Reason, logkey.Wish, key.String(), logkey.Verb, string(a.Verb))
	return nil
}
