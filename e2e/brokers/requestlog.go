package brokers

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// LogRequests makes all running nodes write each request that they answer to their log, for Requests, or lets them stop
// doing so.
func (c *Cluster) LogRequests(ctx context.Context, on bool) error {
	level := "WARN"
	if on {
		level = "DEBUG"
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	for _, n := range c.nodes {
		if !n.proc.Running() {
			continue
		}
		setting := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		setting.Name, setting.Value = "kafka.request.logger", &level
		resource := kmsg.NewIncrementalAlterConfigsRequestResource()
		resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeBrokerLogger, strconv.Itoa(int(n.id))
		resource.Configs = append(resource.Configs, setting)
		req := kmsg.NewPtrIncrementalAlterConfigsRequest()
		req.Resources = append(req.Resources, resource)
		resp, err := client.Broker(int(n.id)).Request(ctx, req)
		if err == nil {
			err = kerr.ErrorForCode(resp.(*kmsg.IncrementalAlterConfigsResponse).Resources[0].ErrorCode)
		}
		if err != nil {
			return fmt.Errorf("log requests of node %d: %w", n.id, err)
		}
	}
	return nil
}

// Requests counts what a node's log says it answered since LogRequests: requests with this name, such as FETCH, whose
// header or body has all the texts.
func (c *Cluster) Requests(id int32, name string, texts ...string) (int, error) {
	n, err := c.node(id)
	if err != nil {
		return 0, err
	}
	file, err := os.Open(n.log())
	if err != nil {
		return 0, fmt.Errorf("read log of node %d: %w", id, err)
	}
	defer file.Close()
	count := 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Text()
		wanted := strings.Contains(line, `"requestApiKeyName":"`+name+`"`)
		for _, text := range texts {
			wanted = wanted && strings.Contains(line, text)
		}
		if wanted {
			count++
		}
	}
	return count, lines.Err()
}
