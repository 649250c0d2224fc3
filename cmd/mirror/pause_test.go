package main

import (
	"bytes"
	"strings"
	"testing"

	"mirror/offsets"
)

// pausedIn says which topics are paused in every lane; "" is the route.
func pausedIn(t *testing.T, config string) string {
	t.Helper()
	target, route := oneRoute(t, config)
	l, err := readLedger(t.Context(), target, route)
	if err != nil {
		t.Fatal(err)
	}
	_, all := l.pauses()
	var topics []string
	for _, topic := range []string{"", "clicks.web", "orders"} {
		if _, paused := all[topic]; paused {
			topics = append(topics, topic+";")
		}
	}
	return strings.Join(topics, "")
}

func TestPauseAndResume(t *testing.T) {
	_, _, config := twoClusters(t, "orders", "clicks.web", "secret")
	for _, step := range []struct {
		line   string
		code   int
		out    string
		stderr string // is part of it; "": there is none
		paused string // after it
	}{
		{"resume", exitOK, "", "route west-to-east is not paused\n", ""},
		{"pause west-to-east", exitUsage, "", "give --yes", ""},
		{"pause west-to-east --dry-run", exitOK, "would pause route west-to-east\n", "", ""},
		{"pause west-to-est --yes", exitUsage, "", "there is no route", ""},
		{"pause west-to-east orders --yes", exitUsage, "", "topics are given with --topic", ""},
		{"pause --topic ordres --yes", exitUsage, "", "did you mean orders?", ""},
		{"pause --topic clicks.wep --yes", exitUsage, "", "never copied one of that name: did you mean clicks.web?", ""},
		{"pause --topic secret --yes", exitUsage, "", "does not copy it", ""},
		{"pause --topic orders --topic orders --yes", exitOK, "topic orders of route west-to-east is paused\n", "", "orders;"},
		{"pause --topic orders --topic clicks.web --yes", exitOK, "topic clicks.web of route west-to-east is paused\n", "topic orders of route west-to-east is paused already by ", "clicks.web;orders;"},
		{"pause west-to-east --yes --reason move", exitOK, "route west-to-east is paused\n", "", ";clicks.web;orders;"},
		{"pause west-to-east --yes", exitOK, "", "(move)", ";clicks.web;orders;"},
		{"resume --topic orders --yes", exitOK, "topic orders of route west-to-east is resumed\n", "nothing is copied yet: route west-to-east is paused as a whole by ", ";clicks.web;"},
		{"resume --yes", exitOK, "route west-to-east is resumed\n", "topic clicks.web rests on, it is paused by itself by ", "clicks.web;"},
		{"resume --topic clicks.web --topic secret --yes", exitUsage, "", "does not copy it", "clicks.web;"},
		{"resume --topic clicks.web --topic orders --yes", exitOK, "topic clicks.web of route west-to-east is resumed\n", "topic orders of route west-to-east is not paused\n", ""},
	} {
		code, out, stderr := mirror(t, append(strings.Fields(step.line), "--config", config)...)
		if code != step.code || out != step.out || !strings.Contains(stderr, step.stderr) || step.stderr == "" && stderr != "" {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", step.line, code, out, stderr)
		}
		if got := pausedIn(t, config); got != step.paused {
			t.Errorf("%s: paused are %q, want %q", step.line, got, step.paused)
		}
	}
}

// A pause that did not reach all lanes, because the command was interrupted, is
// written again, and taken back.
func TestHalfAPause(t *testing.T) {
	_, _, config := twoClusters(t, "orders")
	l, route := oneLedger(t, config)
	half := offsets.EveryLane(l.writer.route.Lanes, offsets.Key{Kind: offsets.KindPause}, offsets.Pause{Paused: true})[:route.Lanes/2]
	if err := l.write(t.Context(), half...); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"pause", "resume"} {
		code, out, stderr := mirror(t, command, "--yes", "--config", config)
		if want := "route west-to-east is " + command + "d\n"; code != exitOK || out != want {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", command, code, out, stderr)
		}
	}
	if got := pausedIn(t, config); got != "" {
		t.Errorf("paused are %q", got)
	}
}

// Topics that are known from the checkpoint topic can be paused while the source
// is away.
func TestPauseWithoutTheSource(t *testing.T) {
	_, _, config := twoClusters(t, "orders")
	l, _ := oneLedger(t, config)
	key := offsets.Key{Kind: offsets.KindCheckpoint, Topic: "orders", Target: "all-orders"}
	if err := l.write(t.Context(), offsets.Entry{Key: key, Value: offsets.Checkpoint{Source: 1, Ordinal: 1, Target: 1, LastSource: -1}}); err != nil {
		t.Fatal(err)
	}
	broken := withoutSource(t, config)
	var out, errOut bytes.Buffer
	o := pauseOptions{config: broken, topics: []string{"orders"}, yes: true, pause: true}
	if err := runPause(t.Context(), o, strings.NewReader(""), &out, &errOut); err != nil {
		t.Fatal(err)
	}
	if got := pausedIn(t, config); got != "orders;" {
		t.Errorf("paused are %q", got)
	}
}
