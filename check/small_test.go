package check

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

func TestPrincipal(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	encode := base64.RawURLEncoding.EncodeToString
	if err := os.WriteFile(token, []byte(encode([]byte(`{"alg":"none"}`))+"."+encode([]byte(`{"sub":"bearer"}`))+".x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		cluster config.Cluster
		want    string
		sure    bool
	}{
		{config.Cluster{SASL: &config.SASL{Mechanism: config.Plain, Username: "mirror"}}, "User:mirror", true},
		{config.Cluster{SASL: &config.SASL{Mechanism: config.OAuthBearer, TokenFile: token}}, "User:bearer", false},
		{config.Cluster{SASL: &config.SASL{Mechanism: config.OAuthBearer, ClientID: "client"}}, "User:client", false},
		{config.Cluster{TLS: &config.TLS{CertFile: "nowhere.pem"}}, "User:nowhere.pem", false},
		{config.Cluster{}, "User:ANONYMOUS", true},
	} {
		if got, sure := principal(&tc.cluster); got != tc.want || sure != tc.sure {
			t.Errorf("got %q %v, want %q %v", got, sure, tc.want, tc.sure)
		}
	}
}

func TestGrantLines(t *testing.T) {
	names := make([]string, namesPerLine+1)
	for i := range names {
		names[i] = "t" + strings.Repeat("x", i)
	}
	got := grantLines([]string{"a:1", "b:2"}, "User:CN=mirror,O=It's us", []string{"Read", "Write"}, "topic", names)
	want := `kafka-acls --bootstrap-server a:1,b:2 --add --allow-principal 'User:CN=mirror,O=It'\''s us' --operation Read --operation Write --topic `
	if len(got) != 2 || !strings.HasPrefix(got[0], want+"t --topic tx ") || strings.Count(got[0], "--topic") != namesPerLine || !strings.HasPrefix(got[1], want+names[namesPerLine]) {
		t.Errorf("got %q", got)
	}
	if got := grantLines([]string{"a:1"}, "User:m", []string{"DescribeConfigs"}, "cluster", nil); !slices.Equal(got, []string{"kafka-acls --bootstrap-server a:1 --add --allow-principal User:m --operation DescribeConfigs --cluster"}) {
		t.Errorf("got %q", got)
	}
	c := &cluster{config: &config.Cluster{Brokers: []string{"a:1"}}}
	if got := c.setTopicConfig("t", "cleanup.policy", "compact,delete"); !strings.HasSuffix(got, " --add-config 'cleanup.policy=[compact,delete]'") {
		t.Errorf("got %q", got)
	}
}

func TestIDs(t *testing.T) {
	for got, want := range map[string]string{
		aclID("target", "AlterConfigs"): "target.acl.alter-configs", aclID("source", "Read"): "source.acl.read",
		topicID("max.message.bytes"): "topic.max-message-bytes", idPrefix("target.acl.write"): "target.acl", idPrefix("x"): "",
		days(24 * time.Hour): "24 h", days(7 * 24 * time.Hour): "7 days", days(longestExpiry * time.Millisecond): "24.86 days",
		some([]string{"a", "b"}): "a, b", some([]string{"a", "b", "c", "d", "e", "f", "g"}): "a, b, c, d, e and 2 more",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLeaderTime(t *testing.T) {
	resp := kmsg.NewPtrDescribeQuorumResponse()
	voter := func(id int32, ms int64) kmsg.DescribeQuorumResponseTopicPartitionReplicaState {
		return kmsg.DescribeQuorumResponseTopicPartitionReplicaState{ReplicaID: id, LastFetchTimestamp: ms}
	}
	p := kmsg.DescribeQuorumResponseTopicPartition{LeaderID: 2, CurrentVoters: []kmsg.DescribeQuorumResponseTopicPartitionReplicaState{voter(1, 500), voter(2, 1000)}}
	resp.Topics = []kmsg.DescribeQuorumResponseTopic{{Partitions: []kmsg.DescribeQuorumResponseTopicPartition{p}}}
	if got, ok := leaderTime(resp); !ok || got.UnixMilli() != 1000 {
		t.Errorf("got %v %v", got, ok)
	}
	resp.Topics[0].Partitions[0].CurrentVoters[1].LastFetchTimestamp = -1
	if _, ok := leaderTime(resp); ok {
		t.Error("a leader that does not tell its time told it")
	}
}

func TestWorst(t *testing.T) {
	finding := func(level Level, kind Kind) Finding { return Finding{Level: level, Kind: kind} }
	for _, tc := range []struct {
		all  []Finding
		want Kind
	}{
		{[]Finding{finding(OK, ""), finding(Warn, "")}, ""},
		{[]Finding{finding(Fail, Problem)}, Problem},
		{[]Finding{finding(Fail, Problem), finding(Fail, Permission)}, Permission},
		{[]Finding{finding(Fail, Permission), finding(Fail, Unreachable), finding(Fail, Problem)}, Unreachable},
	} {
		r := &Report{Clusters: []ClusterReport{{Findings: tc.all[:1]}}, Routes: []RouteReport{{Findings: tc.all[1:]}}}
		if got := r.Worst(); got != tc.want {
			t.Errorf("got %q of %v, want %q", got, tc.all, tc.want)
		}
	}
}
