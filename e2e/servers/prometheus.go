package servers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
)

// Prometheus scrapes its targets and evaluates its rules every second.
type Prometheus struct {
	server
	address string
}

// StartPrometheus starts prometheus. Rules are the text of a file of rules.
func StartPrometheus(dir, rules string, targets ...string) (*Prometheus, error) {
	prometheus, err := find("prometheus", "prometheus")
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	p := &Prometheus{address: address(ports[0]), server: server{dir: dir, port: ports[0], args: []string{prometheus,
		"--config.file=" + filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=" + address(ports[0])}}}
	list, err := json.Marshal(targets) // which is YAML, too
	if err != nil {
		return nil, err
	}
	if err := errors.Join(p.write("rules.yml", "%s", rules), p.write("prometheus.yml", `global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - {job_name: mirror, static_configs: [{targets: %s}]}
`, list)); err != nil {
		return nil, err
	}
	return p, p.start()
}

// PromSample is one value with its labels.
type PromSample struct {
	Labels map[string]string
	Value  float64
}

// Query evaluates an expression now.
func (p *Prometheus) Query(expression string) ([]PromSample, error) {
	response, err := http.Get("http://" + p.address + "/api/v1/query?" + url.Values{"query": {expression}}.Encode())
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() // nothing is left to read or to lose
	var answer struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Value  [2]any            `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read the answer of prometheus: %w", err)
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("prometheus answered %s: %s", answer.Status, answer.Error)
	}
	var samples []PromSample
	for _, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("prometheus answered the value %q: %w", text, err)
		}
		samples = append(samples, PromSample{r.Metric, value})
	}
	return samples, nil
}

// CheckMetrics lets promtool judge what /metrics answered. It returns what
// promtool complains about.
func CheckMetrics(metrics []byte) (complaints string, err error) {
	promtool, err := find("promtool", "prometheus")
	if err != nil {
		return "", err
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = bytes.NewReader(metrics)
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		return "", fmt.Errorf("promtool: %w", err)
	}
	return string(out), nil
}
