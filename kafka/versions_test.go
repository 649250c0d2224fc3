package kafka

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"mirror/config"
)

// TestOlderBrokers makes the round trip with what brokers of several ages offer, and with bounds set on this side.
func TestOlderBrokers(t *testing.T) {
	for _, c := range []struct {
		name           string
		versions       *kversion.Versions
		produce, fetch int16
	}{
		{"1.0", kversion.V1_0_0(), 5, 6},
		{"2.0", kversion.V2_0_0(), 6, 8},
		{"2.4", kversion.V2_4_0(), 8, 11},
		{"2.8", kversion.V2_8_0(), 9, 12},
		{"3.0", kversion.V3_0_0(), 9, 12},
		{"3.7", kversion.V3_7_0(), 10, 16},
		{"4.0", kversion.V4_0_0(), 12, 17},
	} {
		check := func(t *testing.T, conn *Conn, ids map[string][16]byte) {
			if got := conn.MaxVersion(int16(kmsg.Produce)); got != c.produce {
				t.Errorf("produce: got version %d, want %d", got, c.produce)
			}
			if got := conn.MaxVersion(int16(kmsg.Fetch)); got != c.fetch {
				t.Errorf("fetch: got version %d, want %d", got, c.fetch)
			}
			roundTrip(t, conn, ids)
		}
		t.Run("broker "+c.name, func(t *testing.T) {
			cluster := fake(t, kfake.MaxVersions(c.versions))
			check(t, dial(t, cluster), topicIDs(t, cluster))
		})
		t.Run("bounds "+c.name, func(t *testing.T) {
			cluster := fake(t)
			check(t, dial(t, cluster, WithMaxVersions(c.versions)), topicIDs(t, cluster))
		})
	}
}

func TestVersionsOfNothing(t *testing.T) {
	c := fake(t, kfake.MaxVersions(kversion.V2_4_0()))
	conn := dial(t, c)
	if got := conn.MaxVersion(int16(kmsg.DescribeProducers)); got != -1 {
		t.Errorf("describe producers: got version %d, want -1", got)
	}
	if got := conn.MaxVersion(9999); got != -1 {
		t.Errorf("unheard-of request: got version %d, want -1", got)
	}
	_, err := conn.Request(testCtx(t), kmsg.NewPtrDescribeProducersRequest())
	var version *VersionError
	if !errors.As(err, &version) {
		t.Fatalf("got %v, want a %T", err, version)
	}
	want := "cluster west: cannot read the state of producers: ask " + c.Brokers[0] + " for DescribeProducers: the broker does not know this request; it is too old"
	if got := Explain(err, c, "read the state of producers"); got != want {
		t.Errorf("explained:\ngot  %s\nwant %s", got, want)
	}
	roundTrip(t, conn, nil) // the connection is as good as before
}

func TestVersionRanges(t *testing.T) {
	v := newVersions([]kmsg.ApiVersionsResponseApiKey{
		{ApiKey: 0, MinVersion: 3, MaxVersion: 99}, {ApiKey: 1, MinVersion: 20, MaxVersion: 30}, {ApiKey: 3, MaxVersion: 5}, {ApiKey: 9999},
	}, nil)
	for key, want := range map[int16]int16{0: 13, 1: -1, 2: -1, 3: 5, 9999: -1} {
		if got := v.max(key); got != want {
			t.Errorf("key %d: got %d, want %d", key, got, want)
		}
	}
	c := &Conn{versions: v}
	_, err := c.version(1, 4)
	if got, want := Explain(err, &config.Cluster{}, ""), "versions 20 to 30, needed are 4 to 18; it is too new"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFetchByName checks that a topic without an id is asked for by name even where the broker knows ids.
func TestFetchByName(t *testing.T) {
	c := fake(t)
	conn := dial(t, c)
	resp := exchange(t, conn, ProducePart{Topic: "b", Records: batchOf([]byte("x"))})
	if got := resp.Topics[0]; got.Topic != "b" || got.Partitions[0].ErrorCode != 0 {
		t.Errorf("produce: got %+v", got)
	}
	f, err := conn.Fetch(testCtx(t), fetchFrom("b", [16]byte{}, 0), NewPool(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Buf.Release()
	if got := f.Topics[0]; f.Version != 12 || got.Topic != "b" || len(got.Partitions[0].RecordBatches) == 0 {
		t.Errorf("fetch: got version %d, %+v", f.Version, got)
	}
}

func TestUnknownTopicID(t *testing.T) {
	conn := dial(t, fake(t))
	resp := exchange(t, conn, ProducePart{Topic: "b", TopicID: [16]byte{9}, Records: batchOf([]byte("x"))})
	if got := resp.Topics[0].Partitions[0].ErrorCode; got != kerr.UnknownTopicID.Code {
		t.Errorf("got error %d, want %d", got, kerr.UnknownTopicID.Code)
	}
}
