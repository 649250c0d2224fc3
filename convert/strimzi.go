package convert

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

var strimziKind = regexp.MustCompile(`(?m)^\s*"?kind"?\s*:\s*["']?KafkaMirrorMaker2\b`)

func isStrimzi(data []byte) bool { return strimziKind.Match(data) }

// The parts of Strimzi's resource that matter, in both of its shapes: v1beta2 has
// a list of clusters that mirrors name, v1 has one target and a source in each
// mirror. What is not here is about the pods that MirrorMaker runs in.
type (
	strimziResource struct {
		Kind string      `yaml:"kind"`
		Spec strimziSpec `yaml:"spec"`
	}
	strimziSpec struct {
		Clusters []strimziCluster `yaml:"clusters"`
		Target   *strimziCluster  `yaml:"target"`
		Mirrors  []strimziMirror  `yaml:"mirrors"`
	}
	strimziCluster struct {
		Alias            string      `yaml:"alias"`
		BootstrapServers string      `yaml:"bootstrapServers"`
		TLS              *strimziTLS `yaml:"tls"`
		Authentication   yaml.Node   `yaml:"authentication"`
		Config           yaml.Node   `yaml:"config"`
	}
	strimziTLS struct {
		TrustedCertificates []strimziSecret `yaml:"trustedCertificates"`
	}
	strimziSecret struct {
		SecretName  string `yaml:"secretName"`
		Certificate string `yaml:"certificate"`
		Pattern     string `yaml:"pattern"`
		Key         string `yaml:"key"`
		Password    string `yaml:"password"`
	}
	strimziAuth struct {
		Type              string        `yaml:"type"`
		Username          string        `yaml:"username"`
		PasswordSecret    strimziSecret `yaml:"passwordSecret"`
		CertificateAndKey strimziSecret `yaml:"certificateAndKey"`
		ClientID          string        `yaml:"clientId"`
		ClientSecret      strimziSecret `yaml:"clientSecret"`
		TokenEndpoint     string        `yaml:"tokenEndpointUri"`
		Scope             string        `yaml:"scope"`
		SASL              bool          `yaml:"sasl"`
		Config            yaml.Node     `yaml:"config"`
	}
	strimziMirror struct {
		Source          *strimziCluster  `yaml:"source"`
		SourceCluster   string           `yaml:"sourceCluster"`
		TargetCluster   string           `yaml:"targetCluster"`
		TopicsPattern   yaml.Node        `yaml:"topicsPattern"`
		TopicsExclude   yaml.Node        `yaml:"topicsExcludePattern"`
		TopicsBlacklist yaml.Node        `yaml:"topicsBlacklistPattern"`
		GroupsPattern   yaml.Node        `yaml:"groupsPattern"`
		GroupsExclude   yaml.Node        `yaml:"groupsExcludePattern"`
		SourceConnector strimziConnector `yaml:"sourceConnector"`
		Checkpoint      strimziConnector `yaml:"checkpointConnector"`
		Heartbeat       strimziConnector `yaml:"heartbeatConnector"`
	}
	strimziConnector struct {
		TasksMax yaml.Node `yaml:"tasksMax"`
		Config   yaml.Node `yaml:"config"`
		Pause    yaml.Node `yaml:"pause"`
		State    yaml.Node `yaml:"state"`
	}
)

// readStrimzi finds the resource among the documents of a file and takes it apart
// into the settings that Strimzi would make of it.
func readStrimzi(data []byte) (*world, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var node yaml.Node
		if err := decoder.Decode(&node); err != nil {
			return nil, errors.New("this is not valid YAML, or there is no document in it with kind: KafkaMirrorMaker2")
		}
		if aliases(&node) {
			return nil, errors.New("YAML anchors and aliases are not supported; kubectl get kafkamirrormaker2 NAME -o yaml writes none")
		}
		var resource strimziResource
		if err := node.Decode(&resource); err != nil {
			if kindOf(&node) == "KafkaMirrorMaker2" {
				return nil, errors.New("the resource has values of another type than KafkaMirrorMaker2 has there; let kubectl apply --dry-run=server check it")
			}
			continue
		}
		if resource.Kind == "KafkaMirrorMaker2" {
			return resource.Spec.world()
		}
	}
}

// aliases reports whether a document has any: the places of what they stand for
// would be wrong, and a few of them can grow without bound.
func aliases(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return true
	}
	for _, child := range n.Content {
		if aliases(child) {
			return true
		}
	}
	return false
}

// kindOf is what a document calls itself.
func kindOf(n *yaml.Node) string {
	for i := 0; len(n.Content) == 1 && i < len(n.Content[0].Content)-1; i += 2 {
		if n.Content[0].Content[i].Value == "kind" {
			return n.Content[0].Content[i+1].Value
		}
	}
	return ""
}

func (s strimziSpec) world() (*world, error) {
	w := &world{}
	all := slices.Clone(s.Clusters)
	if s.Target != nil {
		all = append(all, *s.Target)
	}
	for _, m := range s.Mirrors {
		if m.Source != nil {
			all = append(all, *m.Source)
		}
	}
	for _, c := range all {
		if c.Alias == "" {
			return nil, errors.New("a cluster has no alias")
		}
		if w.cluster(c.Alias) == nil {
			c.read(w.addCluster(c.Alias))
		}
	}
	if len(s.Mirrors) == 0 {
		return nil, errors.New("spec.mirrors is empty, so there is nothing to copy")
	}
	for i, m := range s.Mirrors {
		from, to := m.SourceCluster, m.TargetCluster
		if m.Source != nil {
			from = m.Source.Alias
		}
		if s.Target != nil {
			to = s.Target.Alias
		}
		if w.cluster(from) == nil || w.cluster(to) == nil || from == to {
			return nil, fmt.Errorf("spec.mirrors[%d] does not name two different clusters that the resource describes", i)
		}
		m.read(w.way(from, to))
	}
	return w, nil
}

// read takes what is said of a cluster.
func (c strimziCluster) read(into *cluster) {
	into.own.add(property{value: c.BootstrapServers}, "bootstrap.servers")
	eachEntry(&c.Config, into.own.add)
	if c.TLS != nil {
		into.trust(c.TLS.TrustedCertificates)
	}
	var auth strimziAuth
	if c.Authentication.Kind == yaml.MappingNode && c.Authentication.Decode(&auth) != nil {
		into.notes.secretDropped(property{key: "authentication", line: c.Authentication.Line}, "it is not written as Strimzi has it; write tls and sasl by hand")
		auth = strimziAuth{}
	}
	sasl := into.authenticate(auth, c.Authentication.Line)
	protocol := "PLAINTEXT"
	if c.TLS != nil || into.certificates != nil {
		protocol = "SSL"
	}
	if sasl {
		protocol = "SASL_" + protocol
	}
	into.own.add(property{value: protocol}, "security.protocol")
}

// read takes what is said of a mirror.
func (m strimziMirror) read(r *route) {
	for _, x := range []struct {
		node *yaml.Node
		key  string
	}{{&m.TopicsPattern, "topics"}, {&m.TopicsExclude, "topics.exclude"}, {&m.TopicsBlacklist, "topics.blacklist"}, {&m.GroupsPattern, "groups"}, {&m.GroupsExclude, "groups.exclude"},
		{&m.SourceConnector.TasksMax, "tasks.max"}} {
		if x.node.Kind == yaml.ScalarNode {
			r.own.add(property{value: x.node.Value, line: x.node.Line}, x.key)
		}
	}
	for _, c := range []*strimziConnector{&m.SourceConnector, &m.Checkpoint, &m.Heartbeat} {
		eachEntry(&c.Config, r.own.add)
	}
	for _, n := range []*yaml.Node{&m.SourceConnector.Pause, &m.SourceConnector.State} {
		if n.Value == "true" || n.Value == "paused" || n.Value == "stopped" {
			r.notes.dropped(property{key: "sourceConnector", value: n.Value, line: n.Line}, "the connector is not running; this route would, so start mirror when it is meant to")
		}
	}
}

// eachEntry visits the entries of a mapping of settings. A setting that is there
// already, from another connector, keeps its first value.
func eachEntry(n *yaml.Node, visit func(property, string)) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		visit(property{value: strings.TrimSpace(value.Value), line: key.Line}, key.Value)
	}
}
