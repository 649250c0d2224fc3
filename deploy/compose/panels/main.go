// Command panels asks a running Prometheus what Grafana would: the choices of the dashboard's variables and what each of
// its panels shows. It also looks at whether all rules are evaluated. What has no answer is an error.
//
//	go run ./compose/panels http://localhost:9090 grafana/mirror.json
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

// asked is what of a dashboard asks Prometheus.
type asked struct {
	Templating struct {
		List []struct {
			Name       string
			Type       string
			Definition string
		}
	}
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "panels: give the address of Prometheus and the file of a dashboard")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[2])
	var d asked
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "panels:", err)
		os.Exit(2)
	}
	faults := check(prometheus{os.Args[1], &http.Client{Timeout: 20 * time.Second}}, d)
	for _, fault := range faults {
		fmt.Println(fault)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
}

// check returns what has no answer.
func check(p prometheus, d asked) (faults []string) {
	rules, err := p.rules()
	if err != nil {
		return []string{err.Error()}
	}
	faults = append(faults, rules.faults()...)
	variables, panels := 0, 0
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		variables++
		if n, err := p.choices(v.Definition); err != nil || n == 0 {
			faults = append(faults, fmt.Sprintf("variable %s has %d values (%v): %s", v.Name, n, err, v.Definition))
		}
	}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			panels++
			if n, err := p.results(filled(target.Expr)); err != nil || n == 0 {
				faults = append(faults, fmt.Sprintf("panel %s has %d results (%v): %s", panel.Title, n, err, target.Expr))
			}
		}
	}
	fmt.Printf("%d rules, %d variables, %d queries of the dashboard\n", rules.count(), variables, panels)
	return faults
}

// filled puts in what Grafana would: everything chosen, and four scrapes of five seconds.
func filled(expression string) string {
	return strings.NewReplacer("$__rate_interval", "20s", "$route", ".*", "$instance", ".*", "$job", ".*").Replace(expression)
}

type prometheus struct {
	address string
	client  *http.Client
}

// get reads the data of an answer of the HTTP API.
func (p prometheus) get(path string, query url.Values, data any) error {
	answer, err := p.client.Get(p.address + "/api/v1/" + path + "?" + query.Encode())
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	said := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.Unmarshal(body, &said); err != nil {
		return fmt.Errorf("read what Prometheus answers with %s: %w", answer.Status, err)
	}
	if said.Status != "success" {
		return fmt.Errorf("ask Prometheus: %s", said.Error)
	}
	return nil
}

// results is how many series an expression has now.
func (p prometheus) results(expression string) (int, error) {
	var data struct{ Result []any }
	err := p.get("query", url.Values{"query": {expression}}, &data)
	return len(data.Result), err
}

var labelValues = regexp.MustCompile(`^label_values\((.+), *([a-z_]+)\)$`)

// choices is how many values label_values(series, label) has.
func (p prometheus) choices(definition string) (int, error) {
	m := labelValues.FindStringSubmatch(definition)
	if m == nil {
		return 0, fmt.Errorf("only label_values is known")
	}
	var values []string
	err := p.get("label/"+m[2]+"/values", url.Values{"match[]": {filled(m[1])}}, &values)
	return len(values), err
}

type ruleGroups struct {
	Groups []struct {
		Rules []struct{ Name, Health, LastError string }
	}
}

func (p prometheus) rules() (groups ruleGroups, err error) {
	return groups, p.get("rules", nil, &groups)
}

func (g ruleGroups) count() (n int) {
	for _, group := range g.Groups {
		n += len(group.Rules)
	}
	return n
}

// faults are rules that were not evaluated well.
func (g ruleGroups) faults() (faults []string) {
	for _, group := range g.Groups {
		for _, rule := range group.Rules {
			if rule.Health != "ok" {
				faults = append(faults, fmt.Sprintf("rule %s is %s: %s", rule.Name, rule.Health, rule.LastError))
			}
		}
	}
	if g.count() == 0 {
		faults = append(faults, "Prometheus has no rules")
	}
	return faults
}
