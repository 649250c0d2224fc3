package brokers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Kill ends a node as a power cut would: SIGKILL.
func (c *Cluster) Kill(id int32) error {
	n, err := c.node(id)
	if err != nil {
		return err
	}
	n.proc.Kill()
	return nil
}

// Restart starts a node that was killed, on its old ports and data. It does not wait: see WaitReady.
func (c *Cluster) Restart(id int32) error {
	n, err := c.node(id)
	if err != nil {
		return err
	}
	return n.start(c.kafka, c.jvmFlags())
}

func (c *Cluster) node(id int32) (*node, error) {
	for _, n := range c.nodes {
		if n.id == id {
			return n, nil
		}
	}
	return nil, fmt.Errorf("the cluster has no node %d", id)
}

// Nodes are the ids of all nodes, running or not.
func (c *Cluster) Nodes() []int32 {
	var ids []int32
	for _, n := range c.nodes {
		ids = append(ids, n.id)
	}
	return ids
}

// WaitReady waits until metadata names as many brokers as there are running nodes. A node that ends meanwhile is an error.
func (c *Cluster) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	client, err := c.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	want := 0
	for _, n := range c.nodes {
		if n.proc.Running() {
			want++
		}
	}
	var last error
	for {
		if got := c.countRunning(); got < want {
			return fmt.Errorf("wait for cluster: only %d of %d nodes are running", got, want)
		}
		try, cancelTry := context.WithTimeout(ctx, 2*time.Second)
		metadata, err := askMetadata(try, client)
		cancelTry()
		if err == nil && len(metadata.Brokers) == want && metadata.ControllerID >= 0 {
			return nil
		}
		last = err
		if err == nil {
			last = fmt.Errorf("metadata names %d of %d brokers", len(metadata.Brokers), want)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for cluster: %w", errors.Join(last, ctx.Err()))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// askMetadata asks a broker. kadm would answer from what the client knows, for ever, since no topic is asked for.
func askMetadata(ctx context.Context, client *kgo.Client) (*kmsg.MetadataResponse, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	return req.RequestWith(ctx, client)
}

func (c *Cluster) countRunning() int {
	count := 0
	for _, n := range c.nodes {
		if n.proc.Running() {
			count++
		}
	}
	return count
}

// Leader is the node that leads a partition now.
func (c *Cluster) Leader(ctx context.Context, topic string, partition int32) (int32, error) {
	client, err := c.Client()
	if err != nil {
		return -1, err
	}
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(ctx, topic)
	if err != nil {
		return -1, fmt.Errorf("find leader: %w", err)
	}
	detail, ok := topics[topic].Partitions[partition]
	if !ok || detail.Leader < 0 {
		return -1, fmt.Errorf("find leader: %s/%d has none", topic, partition)
	}
	return detail.Leader, nil
}

// Logs are the last lines that each node wrote.
func (c *Cluster) Logs(lines int) string {
	var b strings.Builder
	for _, n := range c.nodes {
		text, err := os.ReadFile(n.log())
		if err != nil {
			continue
		}
		fmt.Fprintf(&b, "node %d:\n%s\n", n.id, lastLines(string(text), lines))
	}
	return b.String()
}
