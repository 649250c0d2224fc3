package replicate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config/logkey"
)

const (
	sessionTimeout  = 10 * time.Second
	heartbeatEvery  = time.Second
	rebalanceWithin = 15 * time.Second
)

// fleet is this process's membership in the route's consumer group on the
// target. The group is subscribed to the checkpoint topic, so Kafka itself
// assigns lanes; nothing is fetched or committed through it.
//
// Besides kgo's own heartbeats the fleet sends one a second itself, because
// only their answers tell for certain until when the group counts us in:
// a process that was frozen must not send what another one sends by now.
type fleet struct {
	topic    string
	log      *slog.Logger
	opts     func(instance string) (*kgo.Client, error)
	instance string
	session  time.Duration

	assigned func(lanes []int32)
	revoked  func(ctx context.Context, lanes []int32, lost bool)
	counted  func()            // the group counts us in, and did not just before
	renamed  func(name string) // another process has the instance's name; this is ours from now on

	joined atomic.Bool  // the group has counted us in once
	ok     atomic.Int64 // monotonic nanoseconds since started, until when we are counted in

	started time.Time
	kick    chan struct{}
	pulse   *pulse

	mu     sync.Mutex // guards what follows
	client *kgo.Client
	lanes  map[int32]bool
	why    error // what ended the last membership, nil while there is one
	fenced bool
}

func newFleet(topic, instance string, log *slog.Logger) *fleet {
	return &fleet{topic: topic, instance: instance, log: log, session: sessionTimeout, started: time.Now(),
		kick: make(chan struct{}, 1), pulse: newPulse(), lanes: map[int32]bool{}}
}

// mayWrite says whether the group still counts us in for certain.
func (f *fleet) mayWrite() bool {
	return int64(time.Since(f.started)) < f.ok.Load()
}

// trouble is why there is no membership, nil when there is one.
func (f *fleet) trouble() error {
	if f.mayWrite() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.why
}

// owned lists the lanes that are ours.
func (f *fleet) owned() []int32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	lanes := make([]int32, 0, len(f.lanes))
	for l := range f.lanes {
		lanes = append(lanes, l)
	}
	slices.Sort(lanes)
	return lanes
}

func (f *fleet) owns(lane int32) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lanes[lane]
}

// options are what every group client of the fleet is made with.
func (f *fleet) options(instance string) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.ConsumerGroup(f.topic),
		kgo.ConsumeTopics(f.topic),
		kgo.DisableAutoCommit(),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(f.session),
		kgo.RebalanceTimeout(rebalanceWithin),
		kgo.HeartbeatInterval(heartbeatEvery),
		kgo.WithHooks(f),
		kgo.OnPartitionsAssigned(func(_ context.Context, cl *kgo.Client, got map[string][]int32) {
			cl.PauseFetchTopics(f.topic)
			f.onAssigned(got[f.topic])
		}),
		kgo.OnPartitionsRevoked(func(ctx context.Context, _ *kgo.Client, gone map[string][]int32) {
			f.onRevoked(ctx, gone[f.topic], false)
		}),
		kgo.OnPartitionsLost(func(ctx context.Context, _ *kgo.Client, gone map[string][]int32) {
			f.onRevoked(ctx, gone[f.topic], true)
		}),
	}
	if instance != "" {
		opts = append(opts, kgo.InstanceID(instance))
	}
	return opts
}

func (f *fleet) onAssigned(lanes []int32) {
	f.mu.Lock()
	for _, l := range lanes {
		f.lanes[l] = true
	}
	f.why = nil
	f.mu.Unlock()
	select {
	case f.kick <- struct{}{}:
	default:
	}
	if len(lanes) > 0 {
		f.log.Info("lanes assigned", logkey.Lanes, lanes)
		f.assigned(lanes)
	}
}

func (f *fleet) onRevoked(ctx context.Context, lanes []int32, lost bool) {
	if len(lanes) == 0 {
		return
	}
	f.log.Info("lanes gone", logkey.Lanes, lanes, logkey.Lost, lost)
	f.mu.Lock()
	for _, l := range lanes {
		delete(f.lanes, l)
	}
	f.mu.Unlock()
	f.revoked(ctx, lanes, lost)
}

// OnGroupManageError is kgo's hook for errors that end the membership.
func (f *fleet) OnGroupManageError(err error) {
	f.ok.Store(0)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.why = err
	if errors.Is(err, kerr.FencedInstanceID) {
		f.fenced = true
	}
}

// run keeps the membership until ctx ends. Who is fenced by a second process
// of the same host name joins again as a dynamic member.
func (f *fleet) run(ctx context.Context) error {
	instance := f.instance
	for {
		client, err := f.opts(instance)
		if err != nil {
			return err
		}
		f.mu.Lock()
		f.client, f.fenced = client, false
		f.mu.Unlock()
		f.heartbeats(ctx, client)
		f.mu.Lock()
		fenced := f.fenced
		f.client = nil
		f.mu.Unlock()
		if ctx.Err() != nil {
			f.leave(client)
			client.CloseAllowingRebalance()
			return nil
		}
		client.CloseAllowingRebalance()
		if fenced {
			name := fmt.Sprintf("%s~%04x", f.instance, rand.Uint32N(1<<16))
			f.log.Warn("another process with this host name joined the fleet; joining again under another name. Give each host a name of its own, or lanes move whenever one restarts", logkey.Instance, f.instance, logkey.Name, name)
			instance = ""
			f.renamed(name)
		}
	}
}

// heartbeats asks the group once a second whether we are in it, until ctx ends
// or the membership has to be made anew.
func (f *fleet) heartbeats(ctx context.Context, client *kgo.Client) {
	t := time.NewTicker(heartbeatEvery)
	defer t.Stop()
	defer f.pulse.ended("heartbeats")
	for {
		f.pulse.expect("heartbeats", pulseWithin)
		f.heartbeat(ctx, client)
		f.mu.Lock()
		fenced := f.fenced
		f.mu.Unlock()
		if fenced {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-f.kick:
		}
	}
}

// heartbeat asks once. The group holds our lanes for the session timeout from
// when it got the question, so from when we sent it at the earliest.
func (f *fleet) heartbeat(ctx context.Context, client *kgo.Client) {
	member, generation := client.GroupMetadata()
	if member == "" || generation < 0 {
		return
	}
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group, req.MemberID, req.Generation = f.topic, member, generation
	f.mu.Lock()
	if !f.fenced && f.instance != "" && client == f.client {
		if id, ok := client.OptValue(kgo.InstanceID).(string); ok && id != "" {
			req.InstanceID = kmsg.StringPtr(id)
		}
	}
	f.mu.Unlock()
	sent := time.Since(f.started)
	hctx, cancel := context.WithTimeout(ctx, f.session)
	defer cancel()
	resp, err := req.RequestWith(hctx, client)
	if err != nil {
		return
	}
	switch err := kerr.ErrorForCode(resp.ErrorCode); err {
	case nil, kerr.RebalanceInProgress:
		was := f.mayWrite()
		f.ok.Store(int64(sent + f.session))
		f.joined.Store(true)
		if !was {
			f.counted()
		}
	case kerr.FencedInstanceID:
		if now, _ := client.GroupMetadata(); now != member {
			return // it is our own next membership that took the place meanwhile
		}
		f.ok.Store(0)
		f.mu.Lock()
		f.fenced = true
		f.mu.Unlock()
	case kerr.UnknownMemberID, kerr.IllegalGeneration:
		f.ok.Store(0)
	}
}

// leave gives the lanes up at once when others can take them. Alone, the
// membership is kept so that a restart on this host has its lanes back without
// a rebalance.
func (f *fleet) leave(client *kgo.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	member, _ := client.GroupMetadata()
	if member == "" || !f.others(ctx, client) {
		return
	}
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group, req.MemberID = f.topic, member
	m := kmsg.NewLeaveGroupRequestMember()
	m.MemberID = member
	if id, ok := client.OptValue(kgo.InstanceID).(string); ok && id != "" {
		m.InstanceID = kmsg.StringPtr(id)
	}
	req.Members = append(req.Members, m)
	if _, err := req.RequestWith(ctx, client); err != nil {
		f.log.Debug("leave the group", logkey.Err, err)
	}
}

func (f *fleet) others(ctx context.Context, client *kgo.Client) bool {
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups = []string{f.topic}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return false
	}
	for _, g := range resp.Groups {
		if len(g.Members) > 1 {
			return true
		}
	}
	return false
}
