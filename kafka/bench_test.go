package kafka

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"mirror/config"
)

// canned starts a broker that greets and then answers each request with the same body, allocating nothing. With an
// authority it speaks TLS.
func canned(b *testing.B, a *authority, body []byte) *config.Cluster {
	answer := frame(0, body)
	scratch := make([]byte, 64<<10)
	addr := scripted(b, func(nc net.Conn) {
		if a != nil {
			nc = tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{a.pair(nil)}})
		}
		if greets(nc) != nil {
			return
		}
		for {
			if _, err := io.ReadFull(nc, scratch[:12]); err != nil { // size, key, version, correlation id
				return
			}
			copy(answer[4:8], scratch[8:12])
			for left := int(binary.BigEndian.Uint32(scratch)) - 8; left > 0; {
				n, err := nc.Read(scratch[:min(left, len(scratch))])
				if err != nil {
					return
				}
				left -= n
			}
			if _, err := nc.Write(answer); err != nil {
				return
			}
		}
	})
	c := &config.Cluster{Name: "west", Brokers: []string{addr}}
	if a != nil {
		c.TLS = a.files(b.TempDir(), false)
	}
	return c
}

// both runs a benchmark over plaintext and TLS, and reports the CPU time of the whole process: this side and the broker.
func both(b *testing.B, run func(b *testing.B, a *authority)) {
	for name, a := range map[string]*authority{"plaintext": nil, "tls": newAuthority(b)} {
		b.Run(name, func(b *testing.B) {
			before := cpu(b)
			run(b, a)
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFetch reads responses of 1 MiB of records in 8 partitions.
func BenchmarkFetch(b *testing.B) {
	const partitions, size = 8, 128 << 10
	req := fetchFrom("orders", [16]byte{1}, 0)
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = 11
	rt := kmsg.NewFetchResponseTopic()
	rt.Topic = "orders"
	for p := range int32(partitions) {
		rp := kmsg.NewFetchResponseTopicPartition()
		rp.Partition, rp.RecordBatches = p, make([]byte, size)
		rt.Partitions = append(rt.Partitions, rp)
		if p > 0 {
			req.Topics[0].Partitions = append(req.Topics[0].Partitions, kmsg.FetchRequestTopicPartition{Partition: p})
		}
	}
	resp.Topics = append(resp.Topics, rt)
	body := resp.AppendTo(nil)
	both(b, func(b *testing.B, a *authority) {
		conn := dial(b, canned(b, a, body))
		pool := NewPool()
		b.SetBytes(partitions * size)
		b.ReportAllocs()
		for b.Loop() {
			f, err := conn.Fetch(context.Background(), req, pool, nil)
			if err != nil {
				b.Fatal(err)
			}
			f.Buf.Release()
		}
	})
}

// BenchmarkProduce writes 1 MiB of records to 8 partitions and waits for the answer.
func BenchmarkProduce(b *testing.B) {
	const partitions, size = 8, 128 << 10
	records := make([]byte, size)
	var parts []ProducePart
	resp := kmsg.NewPtrProduceResponse()
	resp.Version = 8
	rt := kmsg.NewProduceResponseTopic()
	for p := range int32(partitions) {
		parts = append(parts, ProducePart{Topic: "orders", Partition: p, Records: records})
		rt.Partitions = append(rt.Partitions, kmsg.ProduceResponseTopicPartition{Partition: p})
	}
	resp.Topics = append(resp.Topics, rt)
	body := resp.AppendTo(nil)
	both(b, func(b *testing.B, a *authority) {
		conn := dial(b, canned(b, a, body))
		ctx := context.Background()
		b.SetBytes(partitions * size)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := conn.WriteProduce(ctx, parts, time.Second); err != nil {
				b.Fatal(err)
			}
			if _, _, err := conn.ReadProduce(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
