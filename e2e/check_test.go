package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/e2e/brokers"
)

// checkScene is a pair of clusters with ACLs and a config whose user has exactly those that a case gives it.
type checkScene struct {
	t          *testing.T
	west, east *kgo.Client // may do everything
	config     *daemon
	westAt     string // where the user's clients connect
	eastAt     string
	checkpoint string
}

// checkFinding is the part of a finding of `mirror check -o json` that the tests look at.
type checkFinding struct {
	ID, Level, Text string
	Topics, Fix     []string
	Grant           *struct {
		Operation, Resource string
		Names               []string
	}
}

const (
	checkUser   = "mirror"
	checkSource = "orders"      // is on the target already
	checkNew    = "payments"    // is not
	checkTarget = "west.orders" // of checkSource
	checkMade   = "west.payments"
)

// mirror check on real brokers: nothing missing is exit code 0; each permission that is taken away is named, and the very
// command that is printed for it brings exit code 0 back; limits of the target are told, and so are their ways out. After
// all of it both clusters are as before.
func TestCheck(t *testing.T) {
	s := newCheckScene(t)
	s.grantAll()
	eventually(t, "a check without failures", func() error { return s.expect(0) })
	before := s.inventories()
	if all, code := s.check(); code != 0 || len(fails(all)) > 0 {
		t.Errorf("exit code %d, findings %+v", code, all)
	} else {
		t.Logf("%s", s.table())
	}
	if after := s.inventories(); !slices.Equal(before, after) {
		t.Errorf("the check changed something: before\n%s\nafter\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	t.Run("permissions", s.permissions)
	t.Run("limits", s.limits)
	t.Run("checkpoint topic there", s.existingCheckpoint)
}

func newCheckScene(t *testing.T) *checkScene {
	secured := func() *brokers.Cluster {
		return startCluster(t, brokers.Options{Listeners: []brokers.Listener{brokers.SASL}, Users: map[string]string{checkUser: "check-secret"}, Authorizer: true})
	}
	west, east := secured(), secured()
	s := &checkScene{t: t, west: clientOf(t, west), east: clientOf(t, east), checkpoint: "__mirror_check",
		westAt: west.BootstrapOf(brokers.SASL), eastAt: east.BootstrapOf(brokers.SASL)}
	createTopic(t, s.west, checkSource, 2, 1, map[string]string{"retention.ms": "3600000"})
	createTopic(t, s.west, checkNew, 2, 1, map[string]string{"retention.ms": "3600000"})
	createTopic(t, s.east, checkTarget, 2, 1, nil)
	login := []string{"sasl: {mechanism: SCRAM-SHA-512, username: mirror, password: check-secret}"}
	s.config = newDaemon(t, "check", configOf{west: west, east: east, westBrokers: s.westAt, eastBrokers: s.eastAt, westLines: login, eastLines: login,
		routes: []route{{name: "check", topics: []string{checkSource, checkNew}}}})
	return s
}

// check runs mirror check and returns its findings.
func (s *checkScene) check() ([]checkFinding, int) {
	s.t.Helper()
	cmd := exec.Command(mirrorBinary(s.t), "check", "--config", s.config.config, "-o", "json")
	var errOut strings.Builder
	cmd.Stderr = &errOut
	out, _ := cmd.Output() // the exit code tells
	var report struct {
		Clusters, Routes []struct{ Findings []checkFinding }
	}
	if err := json.Unmarshal(out, &report); err != nil {
		s.t.Fatalf("read the report: %v\n%s\n%s", err, out, errOut.String())
	}
	var all []checkFinding
	for _, part := range append(report.Clusters, report.Routes...) {
		all = append(all, part.Findings...)
	}
	return all, cmd.ProcessState.ExitCode()
}

// table is the report for people.
func (s *checkScene) table() string {
	out, _ := exec.Command(mirrorBinary(s.t), "check", "--config", s.config.config).Output()
	return string(out)
}

// expect says whether a check ends with a code and fails with exactly these ids.
func (s *checkScene) expect(code int, ids ...string) error {
	all, got := s.check()
	var failed []string
	for _, f := range fails(all) {
		failed = append(failed, f.ID)
	}
	slices.Sort(failed)
	slices.Sort(ids)
	if got != code || !slices.Equal(failed, ids) {
		return fmt.Errorf("exit code %d with failures %q, want %d with %q; findings %+v", got, failed, code, ids, fails(all))
	}
	return nil
}

func fails(all []checkFinding) []checkFinding {
	return slices.DeleteFunc(slices.Clone(all), func(f checkFinding) bool { return f.Level != "fail" })
}

func withID(all []checkFinding, id string) []checkFinding {
	return slices.DeleteFunc(slices.Clone(all), func(f checkFinding) bool { return f.ID != id })
}

// inventories are all topics with their configs and ends, groups and ACLs of both clusters.
func (s *checkScene) inventories() []string {
	var all []string
	for _, client := range []*kgo.Client{s.west, s.east} {
		all = append(all, inventory(s.t, client)...)
		topics, err := kadm.NewClient(client).ListTopicsWithInternal(context.Background())
		if err != nil {
			s.t.Fatal(err)
		}
		configs, err := kadm.NewClient(client).DescribeTopicConfigs(context.Background(), topics.Names()...)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range configs {
			for _, c := range r.Configs {
				all = append(all, fmt.Sprintf("config %s %s=%s", r.Name, c.Key, c.MaybeValue()))
			}
		}
		for _, name := range topics.Names() {
			all = append(all, fmt.Sprintf("ends %s %v of %d", name, ends(client, name), len(topics[name].Partitions)))
		}
	}
	slices.Sort(all)
	return all
}

// grantAll gives the user what README.md's table lists.
func (s *checkScene) grantAll() { s.grantExcept("", "", nil) }

// grantExcept takes away all ACLs of the user and gives it all but some operations on one side's topics ("west", "east",
// "checkpoint") or group.
func (s *checkScene) grantExcept(side, resource string, without []kadm.ACLOperation) {
	s.t.Helper()
	for _, client := range []*kgo.Client{s.west, s.east} {
		filter := kadm.NewACLs().AnyResource().ResourcePatternType(kadm.ACLPatternAny).Operations().Allow("User:" + checkUser).AllowHosts().Deny().DenyHosts()
		if _, err := kadm.NewClient(client).DeleteACLs(context.Background(), filter); err != nil {
			s.t.Fatal(err)
		}
	}
	left := func(on string, ops ...kadm.ACLOperation) []kadm.ACLOperation {
		return slices.DeleteFunc(ops, func(op kadm.ACLOperation) bool { return on == side+" "+resource && slices.Contains(without, op) })
	}
	onTopics := []kadm.ACLOperation{kadm.OpRead, kadm.OpWrite, kadm.OpCreate, kadm.OpDescribe, kadm.OpAlter, kadm.OpAlterConfigs, kadm.OpDescribeConfigs}
	s.grant(s.west, kadm.NewACLs().Topics(checkSource, checkNew), left("west topics", kadm.OpRead, kadm.OpDescribe, kadm.OpDescribeConfigs))
	s.grant(s.east, kadm.NewACLs().Topics(checkTarget, checkMade), left("east topics", onTopics...))
	s.grant(s.east, kadm.NewACLs().Topics(s.checkpoint), left("checkpoint topics", kadm.OpRead, kadm.OpWrite, kadm.OpCreate, kadm.OpDescribe, kadm.OpDescribeConfigs))
	s.grant(s.east, kadm.NewACLs().Groups(s.checkpoint), left("east group", kadm.OpRead))
	s.grant(s.east, kadm.NewACLs().Clusters(), left("east cluster", kadm.OpDescribeConfigs))
}

func (s *checkScene) grant(client *kgo.Client, acls *kadm.ACLBuilder, ops []kadm.ACLOperation) {
	s.t.Helper()
	if len(ops) == 0 {
		return
	}
	acls = acls.ResourcePatternType(kadm.ACLPatternLiteral).Operations(ops...).Allow("User:" + checkUser).AllowHosts("*")
	results, err := kadm.NewClient(client).CreateACLs(context.Background(), acls)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			s.t.Fatal(r.Err)
		}
	}
}

// permissions takes away one permission after the other. Read, Write and Alter include Describe, and AlterConfigs
// includes DescribeConfigs, so the included one is missing only together with those.
func (s *checkScene) permissions(t *testing.T) {
	both, made, checkpoint := []string{checkTarget, checkMade}, []string{checkMade}, []string{s.checkpoint}
	sources := []string{checkSource, checkNew}
	for _, c := range []struct {
		side, resource string
		take           []kadm.ACLOperation
		want           map[string][]string // the names of the resources, by the finding's id
	}{
		{"west", "topics", []kadm.ACLOperation{kadm.OpRead}, map[string][]string{"source.acl.read": sources}},
		{"west", "topics", []kadm.ACLOperation{kadm.OpRead, kadm.OpDescribe}, map[string][]string{"source.acl.read": sources, "source.acl.describe": sources}},
		{"west", "topics", []kadm.ACLOperation{kadm.OpDescribeConfigs}, map[string][]string{"source.acl.describe-configs": sources}},
		{"east", "topics", []kadm.ACLOperation{kadm.OpRead}, map[string][]string{"target.acl.read": both}},
		{"east", "topics", []kadm.ACLOperation{kadm.OpWrite}, map[string][]string{"target.acl.write": both}},
		{"east", "topics", []kadm.ACLOperation{kadm.OpCreate}, map[string][]string{"target.acl.create": made}},
		{"east", "topics", []kadm.ACLOperation{kadm.OpAlter}, map[string][]string{"target.acl.alter": both}},
		{"east", "topics", []kadm.ACLOperation{kadm.OpAlterConfigs}, map[string][]string{"target.acl.alter-configs": both}},
		{"east", "topics", []kadm.ACLOperation{kadm.OpAlterConfigs, kadm.OpDescribeConfigs}, map[string][]string{"target.acl.alter-configs": both, "target.acl.describe-configs": both}},
		{"east", "topics", []kadm.ACLOperation{kadm.OpRead, kadm.OpWrite, kadm.OpAlter, kadm.OpDescribe},
			map[string][]string{"target.acl.read": both, "target.acl.write": both, "target.acl.alter": both, "target.acl.describe": both}},
		{"east", "topics", []kadm.ACLOperation{kadm.OpRead, kadm.OpWrite, kadm.OpCreate, kadm.OpAlter, kadm.OpDescribe, kadm.OpAlterConfigs, kadm.OpDescribeConfigs},
			map[string][]string{"target.acl.read": both, "target.acl.write": both, "target.acl.create": both, "target.acl.alter": both, "target.acl.describe": both,
				"target.acl.alter-configs": both, "target.acl.describe-configs": both}},
		{"checkpoint", "topics", []kadm.ACLOperation{kadm.OpRead}, map[string][]string{"checkpoint.acl.read": checkpoint}},
		{"checkpoint", "topics", []kadm.ACLOperation{kadm.OpWrite}, map[string][]string{"checkpoint.acl.write": checkpoint}},
		{"checkpoint", "topics", []kadm.ACLOperation{kadm.OpCreate}, map[string][]string{"checkpoint.acl.create": checkpoint}},
		{"checkpoint", "topics", []kadm.ACLOperation{kadm.OpRead, kadm.OpWrite, kadm.OpDescribe},
			map[string][]string{"checkpoint.acl.read": checkpoint, "checkpoint.acl.write": checkpoint, "checkpoint.acl.describe": checkpoint}},
		{"east", "group", []kadm.ACLOperation{kadm.OpRead}, map[string][]string{"group.acl.read": checkpoint}},
	} {
		t.Run(fmt.Sprintf("%s %s without %v", c.side, c.resource, c.take), func(t *testing.T) { s.permission(t, c.side, c.resource, c.take, c.want) })
	}
}

func (s *checkScene) permission(t *testing.T, side, resource string, take []kadm.ACLOperation, want map[string][]string) {
	s.grantExcept(side, resource, take)
	var ids []string
	for id := range want {
		ids = append(ids, id)
	}
	eventually(t, "the check to name what is missing", func() error { return s.expect(6, ids...) })
	all, _ := s.check()
	for _, f := range fails(all) {
		names := slices.Sorted(slices.Values(want[f.ID]))
		if f.Grant == nil || !slices.Equal(slices.Sorted(slices.Values(f.Grant.Names)), names) || !strings.Contains(f.Text, f.Grant.Operation) || len(f.Fix) != 1 {
			t.Fatalf("got %+v, want it to be about %q, with one command", f, names)
		}
		s.runACLs(t, f.Fix[0])
	}
	eventually(t, "the printed commands to bring exit code 0 back", func() error { return s.expect(0) })
}

// runACLs does what kafka-acls does with a printed line.
func (s *checkScene) runACLs(t *testing.T, line string) {
	t.Helper()
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "kafka-acls" {
		t.Fatalf("%q is no kafka-acls line", line)
	}
	client, principal, ops := (*kgo.Client)(nil), "", []kadm.ACLOperation(nil)
	names := map[string][]string{} // by the option that names them
	for i := 1; i < len(words); i++ {
		option := words[i]
		if option == "--add" {
			continue
		}
		i++
		value := words[min(i, len(words)-1)]
		switch {
		case option == "--bootstrap-server" && value == s.westAt:
			client = s.west
		case option == "--bootstrap-server" && value == s.eastAt:
			client = s.east
		case option == "--allow-principal":
			principal = value
		case option == "--operation":
			op, err := kmsg.ParseACLOperation(value)
			if err != nil {
				t.Fatal(err)
			}
			ops = append(ops, op)
		case option == "--topic", option == "--group":
			names[option] = append(names[option], value)
		default:
			t.Fatalf("kafka-acls has no %s %s in %q", option, value, line)
		}
	}
	if client == nil || principal != "User:"+checkUser {
		t.Fatalf("%q names no cluster or another user", line)
	}
	if topics := names["--topic"]; len(topics) > 0 {
		s.grant(client, kadm.NewACLs().Topics(topics...), ops)
	}
	if groups := names["--group"]; len(groups) > 0 {
		s.grant(client, kadm.NewACLs().Groups(groups...), ops)
	}
}

// limits puts configs on the target that stand in the way, and takes the printed way out of each.
func (s *checkScene) limits(t *testing.T) {
	s.grantAll()
	for _, c := range []struct {
		key, value string
		id, level  string
		code       int
	}{
		{"max.message.bytes", "1000", "topic.max-message-bytes", "warn", 0},
		{"retention.ms", "60000", "topic.retention-ms", "warn", 0},
		{"message.timestamp.before.max.ms", "60000", "topic.message-timestamp-before-max-ms", "warn", 0},
		{"compression.type", "gzip", "topic.compression-type", "warn", 0},
		{"min.insync.replicas", "2", "topic.min-insync-replicas", "fail", 4},
		{"cleanup.policy", "compact", "topic.cleanup-policy", "fail", 4},
		{"message.timestamp.type", "LogAppendTime", "topic.message-timestamp-type", "fail", 4},
	} {
		t.Run(c.key, func(t *testing.T) {
			alterConfigs(t, s.east, checkTarget, map[string]string{c.key: c.value})
			var found []checkFinding
			eventually(t, "the check to tell", func() error {
				all, code := s.check()
				if found = withID(all, c.id); len(found) != 1 || found[0].Level != c.level || code != c.code {
					return fmt.Errorf("exit code %d, findings %+v", code, all)
				}
				return nil
			})
			line := found[0].Text // a problem has the command in its text
			if len(found[0].Fix) > 0 {
				line = found[0].Fix[0]
			}
			_, pair, ok := strings.Cut(line, "--entity-name "+checkTarget+" --add-config ")
			if key, value, _ := strings.Cut(strings.TrimRight(strings.Fields(pair + " .")[0], ")"), "="); !ok || key != c.key {
				t.Fatalf("%q has no command that sets %s", line, c.key)
			} else {
				alterConfigs(t, s.east, checkTarget, map[string]string{key: value})
			}
			eventually(t, "the way out to be one", func() error {
				all, code := s.check()
				if found := withID(all, c.id); code != 0 || len(found) > 0 {
					return fmt.Errorf("exit code %d, %+v", code, found)
				}
				return nil
			})
		})
	}
}

// existingCheckpoint has the checkpoint topic with other lanes, and then with a policy that deletes.
func (s *checkScene) existingCheckpoint(t *testing.T) {
	s.grantAll()
	createTopic(t, s.east, s.checkpoint, 4, 1, map[string]string{"cleanup.policy": "delete"})
	eventually(t, "the check to tell the lanes", func() error { return s.expect(4, "checkpoint.lanes") })
	if _, err := kadm.NewClient(s.east).CreatePartitions(context.Background(), 12, s.checkpoint); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the check to tell the policy", func() error { return s.expect(4, "checkpoint.policy") })
	alterConfigs(t, s.east, s.checkpoint, map[string]string{"cleanup.policy": "compact"})
	eventually(t, "all to be well", func() error { return s.expect(0) })
}
