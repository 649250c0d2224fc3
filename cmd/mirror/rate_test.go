package main

import (
	"encoding/json"
	"strings"
	"testing"

	"mirror/monitor"
	"mirror/offsets"
)

func TestRate(t *testing.T) {
	_, _, config := twoClusters(t, "orders")
	for _, step := range []struct {
		line   string
		code   int
		out    string // begins so; "": there is none
		stderr string // is part of it; "": there is none
		limit  int64  // after it; -1: the configuration's
	}{
		{"rate", exitUsage, "", "takes a route and a rate", -1},
		{"rate west-to-east fast", exitUsage, "", `"fast" is no rate: use a number of bytes per second above 0`, -1},
		{"rate west-to-east 0", exitUsage, "", "or off for no limit", -1},
		{"rate west-to-est 1MiB --yes", exitUsage, "", "there is no route", -1},
		{"rate 1MiB", exitUsage, "", "give --yes", -1},
		{"rate file --yes", exitOK, "", "route west-to-east may copy as fast as it can, as its configuration says already\n", -1},
		{"rate 1MiB --dry-run", exitOK, "would say that route west-to-east may copy 1.0 MiB per second\n", "now it may copy as fast as it can, as its configuration says\n", -1},
		{"rate west-to-east 1MiB --yes --reason night", exitOK, "route west-to-east may copy 1.0 MiB per second\n", "", 1 << 20},
		{"rate west-to-east 1MiB/s --yes", exitOK, "", "(night) already", 1 << 20},
		{"rate off --yes", exitOK, "route west-to-east may copy as fast as it can\n", "", 0},
		{"rate file --yes", exitOK, "route west-to-east may copy as fast as it can, as its configuration says", "", -1},
		{"rate file --yes", exitOK, "", "already", -1},
		{"rate 2KB --yes", exitOK, "route west-to-east may copy 2.0 KiB per second", "", 2000},
	} {
		code, out, stderr := mirror(t, append(strings.Fields(step.line), "--config", config)...)
		if code != step.code || !strings.HasPrefix(out, step.out) || step.out == "" && out != "" || !strings.Contains(stderr, step.stderr) || step.stderr == "" && stderr != "" {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", step.line, code, out, stderr)
		}
		l, route := oneLedger(t, config)
		limit := l.limit(route)
		if limit.ByOperator != (step.limit >= 0) || step.limit >= 0 && limit.BytesPerSecond != step.limit {
			t.Errorf("%s: the limit is %+v, want %d", step.line, limit, step.limit)
		}
	}
}

// What an operator has set is shown by plan, and by status also while no daemon
// answers.
func TestRateIsShown(t *testing.T) {
	_, _, config := twoClusters(t, "orders")
	if code, _, stderr := mirror(t, "rate", "1MiB", "--yes", "--reason", "the line is full", "--config", config); code != exitOK {
		t.Fatal(stderr)
	}
	const want = "it may copy 1.0 MiB per second, set by "
	if _, out, _ := mirror(t, "plan", "--config", config); !strings.Contains(out, want) || !strings.Contains(out, "(the line is full)") {
		t.Errorf("plan:\n%s", out)
	}
	if _, out, _ := mirror(t, "status", "--config", config); !strings.Contains(out, want) {
		t.Errorf("status:\n%s", out)
	}
	_, out, _ := mirror(t, "plan", "--config", config, "-o", "json")
	var plans planDocument
	if err := json.Unmarshal([]byte(out), &plans); err != nil || plans.Routes[0].Limit.BytesPerSecond != 1<<20 || plans.Routes[0].Limit.Reason != "the line is full" {
		t.Errorf("plan as JSON: %v\n%s", err, out)
	}
}

// A rate that did not reach all lanes is written again.
func TestHalfARate(t *testing.T) {
	_, _, config := twoClusters(t, "orders")
	l, route := oneLedger(t, config)
	half := offsets.EveryLane(l.writer.route.Lanes, offsets.Key{Kind: offsets.KindRate}, offsets.Rate{BytesPerSecond: 1 << 20})[:route.Lanes/2]
	if err := l.write(t.Context(), half...); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := mirror(t, "rate", "1MiB", "--yes", "--config", config)
	if code != exitOK || !strings.HasPrefix(out, "route west-to-east may copy") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
	l, _ = oneLedger(t, config)
	if !l.hasRate(offsets.Rate{BytesPerSecond: 1 << 20}) {
		t.Error("not in all lanes")
	}
	var none monitor.RateLimit
	if l.limit(route) == none {
		t.Error("no limit")
	}
}
