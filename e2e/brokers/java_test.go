package brokers

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// The official clients write and read what they are told, and nulls stay nulls.
func TestJava(t *testing.T) {
	c := start(t, Options{})
	client, err := c.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, "java"); err != nil {
		t.Fatal(err)
	}
	j, err := StartJava(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() }) // the pipe may be broken already when the JVM has died; commands say so
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := int64(1234)
	must(j.Open("p", c.Bootstrap(), map[string]string{"compression.type": "zstd"}))
	must(j.Send("p", Record{Topic: "java", Timestamp: &at, Value: []byte("v"), Headers: []Field{{"h", nil}}}))
	must(j.Send("p", Record{Topic: "java", Key: []byte{}}))
	must(j.Flush("p"))
	must(j.Open("tx", c.Bootstrap(), map[string]string{"transactional.id": "tx"}))
	must(j.Begin("tx"))
	must(j.Send("tx", Record{Topic: "java", Value: []byte("aborted")}))
	must(j.Abort("tx"))
	must(j.CloseProducer("tx"))

	got, err := j.Dump(c.Bootstrap(), true, "java")
	must(err)
	if len(got) != 2 {
		t.Fatalf("committed records: got %d, want 2", len(got))
	}
	sum := sha256.Sum256([]byte("v"))
	if want := hex.EncodeToString(sum[:]); got[0].Value != want || got[0].Key != "-" || got[0].Timestamp != at {
		t.Errorf("first record: got %+v, want value %s, no key, timestamp %d", got[0], want, at)
	}
	if empty := sha256.Sum256(nil); got[1].Key != hex.EncodeToString(empty[:]) || got[1].Value != "-" {
		t.Errorf("second record: got %+v, want an empty key and no value", got[1])
	}
	all, err := j.Dump(c.Bootstrap(), false, "java")
	must(err)
	if len(all) != 3 {
		t.Errorf("all records: got %d, want 3", len(all))
	}
	if err := j.Open("bad", c.Bootstrap(), map[string]string{"acks": "nonsense"}); err == nil {
		t.Error("nonsense properties were accepted")
	}
}
