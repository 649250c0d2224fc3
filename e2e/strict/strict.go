// Package strict stands in front of kfake's Produce and answers as a real broker does.
//
// kfake takes batches that Apache Kafka refuses: batches with a wrong count inside, keyless records for a compacted topic,
// timestamps far in the future, and more. A copier that is only tested on kfake would learn of them on real brokers. The
// validator looks at every Produce request first, answers with the code and the scope (one partition or the whole request)
// that brokers of version 4.3.0 were seen to answer, and remembers what it refused.
//
// What it cannot do is said here, so that nobody trusts it for more:
//   - kfake wraps sequences at 2^31-1 where brokers wrap at 2^31, and kfake has the last word on what it stores. The validator
//     judges a wrap rightly, kfake then refuses it. A test of the wrap needs a real broker.
//   - An uncapped kfake refuses a first sequence other than 0 in a log that never held a record, which brokers up to 4.4 take.
//     Cap it with kfake.MaxVersions to have the older behaviour.
//   - A repeat is flagged with an append time, as brokers do, only if the request holds nothing but repeats.
//   - Nothing is recompressed or stamped: compression.type and message.timestamp.type only decide what is refused.
package strict

import (
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Kind says whose fault a refusal is.
type Kind uint8

const (
	// Malformed batches are wrong whatever the topic and its state: only a mistake in the sender explains them.
	Malformed Kind = iota
	// Unwelcome batches are well formed, but this topic does not take them: too large, no key, a timestamp out of range.
	Unwelcome
	// Unordered batches do not follow the last sequence of their producer. Recovery may cause them rightly.
	Unordered
)

// Refusal is one partition's batch that a broker would refuse, or that no copier should send although brokers take it.
type Refusal struct {
	Topic     string
	Partition int32
	Kind      Kind
	Code      int16   // the broker's answer; 0 where brokers take the batch but store something wrong
	Request   bool    // every partition of the request got this answer
	Silent    bool    // brokers never answer this request
	Why       string  // one plain clause
	Records   []int32 // the culprits' numbers within the batch, where a broker names them
}

func (r Refusal) String() string {
	answer := "taken by brokers"
	switch {
	case r.Silent:
		answer = "never answered by brokers"
	case r.Code != 0:
		answer = kerr.ErrorForCode(r.Code).Error()
	}
	return fmt.Sprintf("%s/%d: %s (%s)", r.Topic, r.Partition, r.Why, answer)
}

// Validator inspects the Produce requests of one kfake cluster. It is safe for concurrent use.
type Validator struct {
	cluster *kfake.Cluster
	now     func() time.Time

	mu        sync.Mutex // guards what follows
	configs   map[string]map[string]string
	refusals  []Refusal
	producers map[producerKey]*producerState
	last      map[partitionKey]*pending
}

// Option changes a validator when it is made.
type Option func(*Validator)

// WithNow replaces the clock that timestamps are compared with.
func WithNow(now func() time.Time) Option { return func(v *Validator) { v.now = now } }

// New puts a validator in front of the cluster's Produce. It stays until the cluster is closed.
func New(cluster *kfake.Cluster, opts ...Option) *Validator {
	v := &Validator{
		cluster:   cluster,
		now:       time.Now,
		configs:   make(map[string]map[string]string),
		producers: make(map[producerKey]*producerState),
		last:      make(map[partitionKey]*pending),
	}
	for _, opt := range opts {
		opt(v)
	}
	cluster.ControlKey(int16(kmsg.Produce), v.inspect)
	return v
}

// TB is the part of testing.TB that Watch uses.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Cleanup(func())
}

// Watch is New, and fails the test at its end if a malformed batch was sent.
func Watch(t TB, cluster *kfake.Cluster, opts ...Option) *Validator {
	t.Helper()
	v := New(cluster, opts...)
	t.Cleanup(func() {
		for _, violation := range v.Violations() {
			t.Errorf("malformed produce: %v", violation)
		}
	})
	return v
}

// Violations returns the malformed batches seen so far: in a test of correct code there are none.
func (v *Validator) Violations() []Refusal {
	v.mu.Lock()
	defer v.mu.Unlock()
	var found []Refusal
	for _, r := range v.refusals {
		if r.Kind == Malformed {
			found = append(found, r)
		}
	}
	return found
}

// Refusals returns everything that was refused so far, in order, violations included.
func (v *Validator) Refusals() []Refusal {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Refusal(nil), v.refusals...)
}

// Configure sets topic configs that kfake does not know or does not keep, such as message.timestamp.before.max.ms.
// They win over the topic's own.
func (v *Validator) Configure(topic string, configs map[string]string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.configs[topic] == nil {
		v.configs[topic] = make(map[string]string)
	}
	for key, value := range configs {
		v.configs[topic][key] = value
	}
}
