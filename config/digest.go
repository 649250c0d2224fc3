package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"mirror/rename"
)

// Digest is a short name for what the route does, which all processes that share
// its work have to agree on: what is copied, under which names, and what happens
// when something is in the way. Not part of it is what may differ from process to
// process: addresses, passwords, how often it looks, and limits.
func (r *Route) Digest() string {
	// The fields are named here, so that one that is added to the configuration, and
	// left at its default, does not change the digests of an older version.
	text, err := json.Marshal(struct {
		From, To        string
		Topics, Exclude []string      `json:",omitempty"`
		Rename          []rename.Rule `json:",omitempty"`
		Latest          bool          `json:",omitempty"`
		Start           time.Time     `json:",omitzero"`
		ReadCommitted   bool
		Mirrored        string
		Lanes           int
		OnLoss          string
		OnRejected      string
		Existing        bool              `json:",omitempty"`
		AppendTime      bool              `json:",omitempty"`
		Replication     int               `json:",omitempty"`
		Config          map[string]string `json:",omitempty"`
		SyncConfigs     bool
		SyncPartitions  bool
		SyncGroups      *Groups `json:",omitempty"`
	}{r.From, r.To, r.Topics, r.Exclude, r.Rename, r.Start.Latest, r.Start.Time, r.ReadCommitted, r.Mirrored, r.Lanes, r.OnLoss, r.OnRejected,
		r.AllowExisting, r.AllowAppendTime, r.TopicDefaults.ReplicationFactor, r.TopicDefaults.Config, r.Sync.Configs, r.Sync.Partitions, r.Sync.Groups})
	if err != nil {
		panic(err) // none of these types can fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}
