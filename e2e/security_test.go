package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"mirror/e2e/brokers"
	"mirror/e2e/workload"
)

// way is one way into the source cluster.
type way struct {
	name     string
	listener brokers.Listener
	lines    []string // of the cluster in the config
}

// One source cluster, copied through each of its doors at once: SASL with every mechanism, TLS, client certificates, both
// together. The brokers end each SASL session after four seconds, so that connections authenticate anew under load; a
// broker takes no renewal within a second of the last one.
func TestSecurity(t *testing.T) {
	_, east := sharedPair(t)
	west := startCluster(t, brokers.Options{
		Listeners:  []brokers.Listener{brokers.SASL, brokers.TLS, brokers.MTLS, brokers.SASLTLS},
		Users:      map[string]string{"reader": "reader-secret"},
		Properties: map[string]string{"connections.max.reauth.ms": "4000"},
	})
	s := newScene(t, west, east, 1, 2)
	topic := s.id + ".t0"
	ways := waysInto(t, west)
	d := newDaemonFromText(t, "mirror", func(listen string) string { return securityConfig(s.id, topic, west, east, ways, listen) })
	s.startLoad(2, 1000, 0)
	d.start()
	// At a thousand a second this takes longer than three sessions: each SASL connection has had to authenticate anew.
	eventually(t, "10,000 records through each way", func() error {
		d.alive()
		for _, w := range ways {
			if n := total(s.dst, w.name+"."+topic); n < 10_000 {
				return fmt.Errorf("%s: %d", w.name, n)
			}
		}
		return nil
	})
	s.stopLoad()
	for _, w := range ways {
		s.topics[topic] = w.name + "." + topic
		s.waitCopied(d)
	}
	if n := d.losses(); n != 0 {
		t.Errorf("losses: got %d entries, want none", n)
	}
	d.stop()
	for _, w := range ways {
		s.topics[topic] = w.name + "." + topic
		s.judge()
	}
}

func waysInto(t *testing.T, west *brokers.Cluster) []way {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certFile, keyFile, err := west.Certs.Client("reader")
	if err != nil {
		t.Fatal(err)
	}
	password := write("password", "reader-secret\n")
	user := func(mechanism string) string {
		return fmt.Sprintf("sasl: {mechanism: %s, username: reader, password_file: %s}", mechanism, password)
	}
	ca := fmt.Sprintf("tls: {ca_file: %s}", west.Certs.CA)
	mutual := fmt.Sprintf("tls: {ca_file: %s, cert_file: %s, key_file: %s}", west.Certs.CA, certFile, keyFile)
	token := fmt.Sprintf("sasl: {mechanism: OAUTHBEARER, token_file: %s}", write("token", unsignedToken("reader")))
	return []way{
		{"plain", brokers.SASL, []string{user("PLAIN")}},
		{"scram256", brokers.SASL, []string{user("SCRAM-SHA-256")}},
		{"scram512", brokers.SASL, []string{user("SCRAM-SHA-512")}},
		{"oauth", brokers.SASL, []string{token}},
		{"tls", brokers.TLS, []string{ca}},
		{"mtls", brokers.MTLS, []string{mutual}},
		{"sasltls", brokers.SASLTLS, []string{ca, user("SCRAM-SHA-512")}},
	}
}

// unsignedToken is what a broker without an OAuth server takes.
func unsignedToken(subject string) string {
	claims := fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, subject, time.Now().Unix()-10, time.Now().Add(time.Hour).Unix())
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(claims)) + "."
}

// securityConfig has a cluster and a route for each way.
func securityConfig(id, topic string, west, east *brokers.Cluster, ways []way, listen string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: e2e\nclusters:\n")
	writeCluster(&b, "east", east.Bootstrap(), nil)
	for _, w := range ways {
		writeCluster(&b, w.name, west.BootstrapOf(w.listener), w.lines)
	}
	fmt.Fprintf(&b, "routes:\n")
	for _, w := range ways {
		fmt.Fprintf(&b, "  - {name: %s-%s, from: %s, to: east, topics: [%s], refresh: 1s}\n", id, w.name, w.name, topic)
	}
	fmt.Fprintf(&b, "web: {listen: %q}\n", listen)
	return b.String()
}

// A wrong password is said in plain words, and once the right one is in the file the route goes on without a restart.
func TestPasswordRotation(t *testing.T) {
	_, east := sharedPair(t)
	west := startCluster(t, brokers.Options{
		Listeners: []brokers.Listener{brokers.SASL}, Users: map[string]string{"reader": "right-secret"},
	})
	s := newScene(t, west, east, 1, 2)
	topic := s.id + ".t0"
	for i := range 20 {
		r := workload.Kgo(s.writer.Next(topic, int32(i%2), workload.Small))
		if err := s.src.ProduceSync(context.Background(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	password := filepath.Join(t.TempDir(), "password")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(password, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("wrong-canary-secret")
	s.config.westBrokers = west.BootstrapOf(brokers.SASL)
	s.config.westLines = []string{fmt.Sprintf("sasl: {mechanism: SCRAM-SHA-512, username: reader, password_file: %s}", password)}
	d := startDaemon(t, s.config)
	eventually(t, "the route to wait and say why", func() error {
		d.alive()
		status, err := d.status()
		if err != nil {
			return err
		}
		text := fmt.Sprint(status) + d.lastLines(1000)
		if !strings.Contains(strings.ToLower(text), "password") {
			return fmt.Errorf("nothing says password: %v", status)
		}
		return nil
	})
	put("right-secret")
	s.waitCopied(d)
	s.finish(d)
	if out := d.lastLines(100_000); strings.Contains(out, "canary") || strings.Contains(out, "right-secret") {
		t.Error("a password is in the log")
	}
}

// A topic that the target's principal may not write waits with a reason; the others go on, and it goes on when it is allowed.
func TestTargetPermissionMissing(t *testing.T) {
	west, _ := sharedPair(t)
	east := startCluster(t, brokers.Options{
		Listeners: []brokers.Listener{brokers.SASL}, Users: map[string]string{"writer": "writer-secret"}, Authorizer: true,
	})
	s := newScene(t, west, east, 2, 2)
	admin := kadm.NewClient(s.dst)
	grant := func(acls *kadm.ACLBuilder) {
		t.Helper()
		results, err := admin.CreateACLs(context.Background(), acls.ResourcePatternType(kadm.ACLPatternLiteral).Allow("User:writer").AllowHosts("*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
		}
	}
	all := []kadm.ACLOperation{kadm.OpRead, kadm.OpWrite, kadm.OpCreate, kadm.OpDescribe, kadm.OpAlter, kadm.OpAlterConfigs, kadm.OpDescribeConfigs}
	checkpoint := "__mirror_" + s.id
	grant(kadm.NewACLs().Topics(checkpoint, "west."+s.id+".t0").Operations(all...))
	grant(kadm.NewACLs().Groups(checkpoint).Operations(kadm.OpRead, kadm.OpDescribe))
	s.startLoad(2, 500, 0)
	s.config.eastBrokers = east.BootstrapOf(brokers.SASL)
	s.config.eastLines = []string{"sasl: {mechanism: PLAIN, username: writer, password: writer-secret}"}
	d := startDaemon(t, s.config)
	open := scene{copies: s.copies, id: s.id}
	open.topics = map[string]string{s.id + ".t0": "west." + s.id + ".t0"}
	eventually(t, "the first records of the topic that is allowed", func() error {
		d.alive()
		return behind(map[int32]int64{0: 100, 1: 100}, ends(s.dst, "west."+s.id+".t0"))
	})
	eventually(t, "the reason why the other one waits", func() error {
		status, err := d.status()
		if err != nil {
			return err
		}
		if text := strings.ToLower(fmt.Sprintf("%+v", status)); !strings.Contains(text, "authori") && !strings.Contains(text, "permission") && !strings.Contains(text, "allow") {
			return fmt.Errorf("status names no permission: %+v", status)
		}
		return nil
	})
	grant(kadm.NewACLs().Topics("west." + s.id + ".t1").Operations(all...))
	open.everyPartitionMoves(d)
	eventually(t, "the topic that is allowed now", func() error {
		d.alive()
		return behind(map[int32]int64{0: 100, 1: 100}, ends(s.dst, "west."+s.id+".t1"))
	})
	s.stopLoad()
	s.finish(d)
}
