package offsets

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// The kinds of records in a checkpoint topic. A kind's key form never changes:
// keys are what compaction goes by, so another form needs another kind.
const (
	KindRoute      = "route"      // RouteFacts, in pages, in lane 0
	KindCheckpoint = "checkpoint" // Checkpoint, one per copied partition
	KindMap        = "map"        // MapPage, a page of the offset map
	KindDrift      = "drift"      // Drift, one per jump of the ordinals
	KindLoss       = "loss"       // Loss, one per lost range
	KindPause      = "pause"      // Pause, of a topic or of the whole route, in every lane
	KindRate       = "rate"       // Rate, of the whole route, in every lane
	KindVerify     = "verify"     // Verify, the last one of the whole route, in lane 0
	KindConfig     = "config"     // TopicConfig of a target topic
	KindOwner      = "owner"      // Owner, one per process
	KindBackfill   = "backfill"   // Backfill, the range that one of them copies of a partition
)

// MaxPages bounds the page numbers in keys: of an offset map, and of the list
// of topics in RouteFacts.
const MaxPages = 1024

// Key is the key of a record in the checkpoint topic. Only the fields that the
// kind needs are written; the others stay zero. Keys are comparable.
type Key struct {
	Kind       string `json:"kind"`
	Topic      string `json:"topic"`       // source topic; of a pause, empty means the whole route
	Partition  int32  `json:"partition"`   // source partition
	Target     string `json:"target"`      // target topic
	Generation int32  `json:"generation"`  // the producer epoch, 0 to 32767
	From       int64  `json:"from"`        // loss, drift: the source offset where it begins
	TargetFrom int64  `json:"target_from"` // loss: the target offset where it begins, 0 for none
	Page       int32  `json:"page"`        // map, route: from 0, below MaxPages
	Member     string `json:"member"`      // owner: the process; backfill: its id
}

// field is a set of Key's fields.
type field uint16

const (
	fTopic field = 1 << iota
	fPartition
	fTarget
	fGeneration
	fFrom
	fTargetFrom
	fPage
	fMember

	fCopy = fTopic | fPartition | fTarget | fGeneration
	fAll  = fCopy | fFrom | fTargetFrom | fPage | fMember
)

// fieldsOf says which fields a kind's keys have, in the order of Key. Of a kind
// that this version does not know all fields may be there.
func fieldsOf(kind string) (fields field, known bool) {
	switch kind {
	case KindCheckpoint:
		return fCopy, true
	case KindMap:
		return fCopy | fPage, true
	case KindDrift:
		return fCopy | fFrom, true
	case KindLoss:
		return fCopy | fFrom | fTargetFrom, true
	case KindRoute:
		return fPage, true
	case KindPause:
		return fTopic, true
	case KindRate, KindVerify:
		return 0, true
	case KindConfig:
		return fTarget, true
	case KindOwner:
		return fMember, true
	case KindBackfill:
		return fTopic | fPartition | fTarget | fMember, true
	}
	return fAll, false
}

// EncodeKey writes a key as JSON, always in the same form: compaction compares
// the bytes. Example:
//
//	{"kind":"checkpoint","topic":"orders","partition":3,"target":"west.orders","generation":0}
func EncodeKey(k Key) []byte {
	fields, _ := fieldsOf(k.Kind)
	b := appendText([]byte(`{`), "kind", k.Kind)
	if fields&fTopic != 0 {
		b = appendText(append(b, ','), "topic", k.Topic)
	}
	if fields&fPartition != 0 {
		b = appendNumber(b, "partition", int64(k.Partition))
	}
	if fields&fTarget != 0 {
		b = appendText(append(b, ','), "target", k.Target)
	}
	if fields&fGeneration != 0 {
		b = appendNumber(b, "generation", int64(k.Generation))
	}
	if fields&fFrom != 0 {
		b = appendNumber(b, "from", k.From)
	}
	if fields&fTargetFrom != 0 && k.TargetFrom != 0 {
		b = appendNumber(b, "target_from", k.TargetFrom)
	}
	if fields&fPage != 0 {
		b = appendNumber(b, "page", int64(k.Page))
	}
	if fields&fMember != 0 {
		b = appendText(append(b, ','), "member", k.Member)
	}
	return append(b, '}')
}

func appendText(b []byte, name, value string) []byte {
	text, _ := json.Marshal(value) // of a string it cannot fail
	b = append(append(append(b, '"'), name...), '"', ':')
	return append(b, text...)
}

func appendNumber(b []byte, name string, value int64) []byte {
	b = append(append(append(b, ',', '"'), name...), '"', ':')
	return strconv.AppendInt(b, value, 10)
}

// maxKeyBytes is far above what a key with two names of 249 characters needs.
const maxKeyBytes = 4096

// DecodeKey reads a key. Of a kind that this version knows, only the very bytes
// that EncodeKey writes are accepted: two spellings of one key would be two keys
// to compaction, and a tombstone for one would let the other come back. Of an
// unknown kind it returns what it understands; see KnownKind.
func DecodeKey(b []byte) (Key, error) {
	if len(b) > maxKeyBytes {
		return Key{}, fmt.Errorf("read checkpoint key: %d bytes, more than %d", len(b), maxKeyBytes)
	}
	var k Key
	if err := json.Unmarshal(b, &k); err != nil {
		return Key{}, fmt.Errorf("read checkpoint key: %w", err)
	}
	if k.Kind == "" {
		return Key{}, fmt.Errorf("read checkpoint key: it has no kind")
	}
	if !KnownKind(k.Kind) {
		return k, nil
	}
	if canonical := EncodeKey(k); string(canonical) != string(b) {
		return Key{}, fmt.Errorf("read checkpoint key: it is not written the way this version writes it, %s", canonical)
	}
	if k.Partition < 0 || k.Generation < 0 || k.Generation > math.MaxInt16 ||
		k.From < 0 || k.TargetFrom < 0 || k.Page < 0 || k.Page >= MaxPages {
		return Key{}, fmt.Errorf("read checkpoint key: a number is out of range in %s", b)
	}
	return k, nil
}

// KnownKind reports whether this version knows what records of a kind mean.
func KnownKind(kind string) bool {
	_, known := fieldsOf(kind)
	return known
}

// String is the key as in logs and errors, for example "checkpoint of orders/3
// as west.orders".
func (k Key) String() string {
	switch k.Kind {
	case KindRoute:
		return fmt.Sprintf("route page %d", k.Page)
	case KindPause:
		if k.Topic == "" {
			return "pause of the route"
		}
		return "pause of " + k.Topic
	case KindRate, KindVerify:
		return k.Kind + " of the route"
	case KindConfig:
		return "config of " + k.Target
	case KindOwner:
		return "owner " + k.Member
	}
	s := fmt.Sprintf("%s of %s/%d as %s", k.Kind, k.Topic, k.Partition, k.Target)
	if k.Generation != 0 {
		s += fmt.Sprintf(" generation %d", k.Generation)
	}
	switch k.Kind {
	case KindMap:
		s += fmt.Sprintf(" page %d", k.Page)
	case KindDrift, KindLoss:
		s += fmt.Sprintf(" from %d", k.From)
	case KindBackfill:
		s += " by " + k.Member
	}
	return s
}

// copyOf is the key of what all records of one copied partition share.
func (k Key) copyOf(kind string) Key {
	return Key{Kind: kind, Topic: k.Topic, Partition: k.Partition, Target: k.Target, Generation: k.Generation}
}
