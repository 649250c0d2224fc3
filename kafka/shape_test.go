package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// checkedKeys are the requests whose responses have a shape, with the lowest version that is used.
func checkedKeys() map[kmsg.Key]int16 {
	return map[kmsg.Key]int16{
		kmsg.Produce: minProduce, kmsg.Fetch: minFetch, kmsg.ListOffsets: 1, kmsg.SASLHandshake: 0, kmsg.ApiVersions: 0,
		kmsg.OffsetForLeaderEpoch: 0, kmsg.SASLAuthenticate: 0, kmsg.DescribeProducers: 0,
	}
}

// fill sets all that a message holds by chance, with arrays of up to three elements and now and then an unknown tag.
func fill(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(int8(r.Uint32())))
	case reflect.String:
		v.SetString("abcdefgh"[:r.IntN(9)])
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(256)))
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), r)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.Struct:
		if tags, ok := v.Addr().Interface().(*kmsg.Tags); ok {
			if r.IntN(4) == 0 {
				tags.Set(100+uint32(r.IntN(5)), []byte("tag value"))
			}
			return
		}
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Version" {
				fill(v.Field(i), r)
			}
		}
	}
}

// TestShapes checks that each shape covers exactly what kmsg encodes, in each version.
func TestShapes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for key, least := range checkedKeys() {
		s := responseShape(int16(key))
		for version := least; version <= kmsg.RequestForKey(int16(key)).MaxVersion(); version++ {
			for range 50 {
				resp := kmsg.ResponseForKey(int16(key))
				fill(reflect.ValueOf(resp).Elem(), r)
				resp.SetVersion(version)
				body := resp.AppendTo(nil)
				w := walker{Reader: kbin.Reader{Src: body}, version: version, flexible: version >= s.flexible}
				if err := w.walk(s.fields); err != nil || len(w.Src) != 0 {
					t.Fatalf("%s version %d: %v, %d of %d bytes left", key.Name(), version, err, len(w.Src), len(body))
				}
				if err := s.check(body[:len(body)-1], version); err == nil {
					t.Fatalf("%s version %d: cut by one byte, no error", key.Name(), version)
				}
			}
		}
	}
}

// TestShapesRefuseLies checks that lengths beyond what is there are refused, and at once.
func TestShapesRefuseLies(t *testing.T) {
	uvarint := func(n uint32) []byte { return kbin.AppendUvarint(nil, n) }
	many := uvarint(1<<32 - 1)
	for _, c := range []struct {
		name    string
		key     kmsg.Key
		version int16
		body    []byte
	}{
		{"fetch, topics", kmsg.Fetch, 4, append([]byte{0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}, make([]byte, 1000)...)},
		{"fetch, as many topics as bytes", kmsg.Fetch, 4, append([]byte{0, 0, 0, 0, 0, 0, 3, 0xe8}, make([]byte, 1000)...)},
		{"fetch, tags", kmsg.Fetch, 12, append([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, many...)},
		{"produce, tags", kmsg.Produce, 9, append([]byte{1, 0, 0, 0, 0}, many...)},
		{"api versions, keys", kmsg.ApiVersions, 3, append([]byte{0, 0}, many...)},
		{"api versions, features", kmsg.ApiVersions, 3, append([]byte{0, 0, 1, 0, 0, 0, 0, 1, 0, 5}, many...)},
		{"empty", kmsg.ApiVersions, 0, nil},
	} {
		quickest := time.Hour // of a few, since a loaded machine may stop anybody for a while
		for range 3 {
			begin := time.Now()
			if err := responseShape(int16(c.key)).check(c.body, c.version); err == nil {
				t.Errorf("%s: no error", c.name)
			}
			quickest = min(quickest, time.Since(begin))
		}
		if quickest > time.Second {
			t.Errorf("%s: took %s", c.name, quickest)
		}
	}
}

// stream is a connection that gives the bytes of a fuzz test.
type stream struct {
	recorder
	from *bytes.Reader
}

func (s *stream) Read(p []byte) (int, error)      { return s.from.Read(p) }
func (s *stream) SetReadDeadline(time.Time) error { return nil }

// fuzzResponse gives a stream of bytes as the answer to the first request of a connection. answer reads it and returns
// what was decoded.
func fuzzResponse(f *testing.F, key kmsg.Key, least int16, answer func(*Conn) (kmsg.Response, error)) {
	most := kmsg.RequestForKey(int16(key)).MaxVersion()
	r := rand.New(rand.NewPCG(3, 4))
	for version := least; version <= most; version++ {
		resp := kmsg.ResponseForKey(int16(key))
		fill(reflect.ValueOf(resp).Elem(), r)
		resp.SetVersion(version)
		body := resp.AppendTo(nil)
		if resp.IsFlexible() {
			body = append([]byte{0}, body...)
		}
		f.Add(version, frame(1, body))
	}
	f.Fuzz(func(t *testing.T, version int16, data []byte) {
		if version < least || version > most || len(data) >= 4 && int(binary.BigEndian.Uint32(data)) > len(data) {
			return // the memory for what is announced and does not come would only slow this down
		}
		c := newConn("broker:9092", &stream{from: bytes.NewReader(data)}, &Dialer{timeout: time.Minute})
		c.versions = versions{int16(key): {0, version, version}}
		resp, err := answer(c)
		if err != nil {
			return
		}
		again := kmsg.ResponseForKey(int16(key))
		again.SetVersion(resp.GetVersion())
		if err := again.ReadFrom(resp.AppendTo(nil)); err != nil {
			t.Errorf("encoded again, it cannot be read: %v", err)
		}
	})
}

func FuzzFetchResponse(f *testing.F) {
	pool := NewPool()
	fuzzResponse(f, kmsg.Fetch, minFetch, func(c *Conn) (kmsg.Response, error) {
		req := fetchFrom("orders", [16]byte{1}, 0)
		req.SessionEpoch = 1 // so that any partition is taken
		got, err := c.Fetch(context.Background(), req, pool, nil)
		if err != nil {
			return nil, err
		}
		return &got.FetchResponse, nil
	})
}

func FuzzProduceResponse(f *testing.F) {
	fuzzResponse(f, kmsg.Produce, minProduce, func(c *Conn) (kmsg.Response, error) {
		parts := []ProducePart{{Topic: "orders", TopicID: [16]byte{1}, Records: []byte("x")}}
		if _, err := c.WriteProduce(context.Background(), parts, 0); err != nil {
			return nil, err
		}
		_, resp, err := c.ReadProduce(context.Background())
		return resp, err
	})
}
