package replicate

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// applyTimeout bounds one Apply: discovery of everything else waits for it.
	applyTimeout = 20 * time.Second
	// controllerTimeout is how long the target's controller may take over one request.
	controllerTimeout = 10 * time.Second
	// controllerWeight bounds one request to the controller, counting a topic, a partition and a config as one each. A
	// KRaft controller refuses a request that makes more than 10,000 metadata records (QuorumController, MAX_RECORDS_PER_USER_OP).
	controllerWeight = 5000
	// recordWriters is how many config records are written at a time; each waits for the target's acknowledgement.
	recordWriters = 32
)

// RecordFunc writes the config record of a target topic and returns when it is acknowledged. It is called from several
// goroutines at once, for different topics.
//
//   - created with a zero id: the topic is about to be created. It proves nothing about data in it; it makes sure that
//     we know the configs to be ours if the process dies right after the creation.
//   - created with an id: we created that topic.
//   - not created, zero id: only the keys changed; what the record says of the creation must be kept.
type RecordFunc = func(target string, keys []string, created bool, id [16]byte) error

// refusal is why changes to one target topic did not happen. Each kind of change has its own field since each has its
// own effect: no topic, no new partitions, or old configs.
type refusal struct {
	create, extend, alter string
}

// Apply makes the changes that the plan's actions name, and only those. A change that the target refuses stops nothing
// else: its reason goes into the topic's Problem (creation), Short (partitions) or Warnings (configs). The plan's
// Target fields still describe the target before the changes. The error is that of an ended ctx.
func Apply(ctx context.Context, cl *kgo.Client, plan *RoutePlan, record RecordFunc) error {
	a := newApplication(cl, plan, record)
	err := a.run(ctx)
	for i := range plan.Topics {
		t := &plan.Topics[i]
		a.refused[t.Decision.Target].addTo(t)
	}
	return err
}

// of is the reason for changes of a kind.
func (r refusal) of(kind ChangeKind) string {
	switch kind {
	case ChangeCreate:
		return r.create
	case ChangeAddPartitions:
		return r.extend
	}
	return r.alter
}

// addTo adds the reasons to a plan that has the changes in question.
func (r refusal) addTo(t *TopicPlan) {
	for _, c := range t.Action {
		why := r.of(c.Kind)
		switch {
		case why == "":
		case c.Kind == ChangeCreate:
			t.Problem = why
		case c.Kind == ChangeAddPartitions:
			t.Short = why
		case !slices.Contains(t.Warnings, why):
			t.Warnings = append(t.Warnings, why)
		}
	}
}

// application is one run of Apply.
type application struct {
	cl      *kgo.Client
	plan    *RoutePlan
	record  RecordFunc
	refused map[string]refusal // by target topic
	unknown map[string]bool    // configs whose names the brokers turned out not to know
	left    map[[2]string]bool // target topics with a config whose value they refused

	rehearsal bool                                             // the target is only asked whether it would
	created   func(*TopicPlan, kmsg.CreateTopicsResponseTopic) // told of each topic that was created; may be nil
}

func newApplication(cl *kgo.Client, plan *RoutePlan, record RecordFunc) *application {
	return &application{cl: cl, plan: plan, record: record, refused: map[string]refusal{}, unknown: map[string]bool{}, left: map[[2]string]bool{}}
}

func (a *application) run(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	a.create(bounded)
	a.extend(bounded)
	a.alter(bounded)
	return ctx.Err()
}

// pending are the topics whose plan has a change of one of the kinds.
func (a *application) pending(kinds ...ChangeKind) []*TopicPlan {
	var topics []*TopicPlan
	for i := range a.plan.Topics {
		t := &a.plan.Topics[i]
		if slices.ContainsFunc(t.Action, func(c Change) bool { return slices.Contains(kinds, c.Kind) }) {
			topics = append(topics, t)
		}
	}
	return topics
}

// change is the topic's change of a kind that a plan has at most once.
func (t *TopicPlan) change(kind ChangeKind) Change {
	for _, c := range t.Action {
		if c.Kind == kind {
			return c
		}
	}
	return Change{Kind: kind, Target: t.Decision.Target}
}

func (a *application) refuseCreate(t *TopicPlan, why string) { a.refuse(t, refusal{create: why}) }
func (a *application) refuseExtend(t *TopicPlan, why string) { a.refuse(t, refusal{extend: why}) }
func (a *application) refuseAlter(t *TopicPlan, why string)  { a.refuse(t, refusal{alter: why}) }

func (a *application) refuse(t *TopicPlan, r refusal) {
	old := a.refused[t.Decision.Target]
	a.refused[t.Decision.Target] = refusal{orElse(r.create, old.create), orElse(r.extend, old.extend), orElse(r.alter, old.alter)}
}

// write writes config records of topics and returns the topics for which that worked; failed is told of the others.
func (a *application) write(topics []*TopicPlan, write func(*TopicPlan) error, failed func(t *TopicPlan, why string)) []*TopicPlan {
	errs := make([]error, len(topics))
	var writers sync.WaitGroup
	slots := make(chan struct{}, recordWriters)
	for i, t := range topics {
		slots <- struct{}{}
		writers.Go(func() {
			errs[i] = write(t)
			<-slots
		})
	}
	writers.Wait()
	var written []*TopicPlan
	for i, t := range topics {
		if errs[i] == nil {
			written = append(written, t)
			continue
		}
		failed(t, fmt.Sprintf("the config record of target topic %s cannot be written: %v; it is tried again", t.Decision.Target, errs[i]))
	}
	return written
}

// chunkTopics cuts topics into requests of bounded weight; a topic that is heavier by itself goes alone.
func chunkTopics(topics []*TopicPlan, weight func(*TopicPlan) int) [][]*TopicPlan {
	var chunks [][]*TopicPlan
	sum := 0
	for _, t := range topics {
		w := weight(t)
		if len(chunks) == 0 || sum+w > controllerWeight {
			chunks, sum = append(chunks, nil), 0
		}
		chunks[len(chunks)-1] = append(chunks[len(chunks)-1], t)
		sum += w
	}
	return chunks
}
