package monitor

import (
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Reference returns the text of docs/metrics.md, made from the table that also
// makes /metrics, so that the two cannot differ.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(`# Metrics

` + "`GET /metrics`" + ` answers in Prometheus' text form. This page is generated (` + "`make docs`" + `).

Labels: ` + "`route`, `topic`" + ` (the source topic's name) and ` + "`partition`" + ` identify; ` + "`reason` and `state`" + ` divide.
Counters are those of the answering process since its start; add up the processes of a fleet.
Beside these there are the usual ` + "`go_*` and `process_*`" + ` metrics, and ` + "`mirror_build_info`" + `.

| name | type | labels | meaning |
|---|---|---|---|
`)
	rows := metrics()
	for i := range rows {
		m := &rows[i]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, kindName(m.kind), strings.Join(m.labels(), ", "), m.help)
	}
	fmt.Fprintf(&b, "\nStates: %s.\n", stateNames())
	return []byte(b.String())
}

func kindName(kind prometheus.ValueType) string {
	if kind == prometheus.CounterValue {
		return "counter"
	}
	return "gauge"
}

func stateNames() string {
	var names []string
	for _, s := range States() {
		names = append(names, "`"+string(s)+"`")
	}
	return strings.Join(names, ", ")
}
