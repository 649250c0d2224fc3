package main

import (
	"encoding/json"
	"strings"
	"testing"

	"mirror/config"
	"mirror/config/logkey"
)

// The log is text or lines of JSON, from the level on that the configuration names.
func TestLogger(t *testing.T) {
	for _, test := range []struct {
		config config.Log
		want   []string // messages
		json   bool
	}{
		{config.Log{}, []string{"told", "warned"}, false},
		{config.Log{Level: "warn", Format: "text"}, []string{"warned"}, false},
		{config.Log{Level: "debug", Format: "json"}, []string{"whispered", "told", "warned"}, true},
	} {
		var out strings.Builder
		log, err := newLogger(test.config, &out)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("whispered", logkey.Topic, "a \"b\"")
		log.Info("told", logkey.Topic, "a \"b\"")
		log.Warn("warned", logkey.Topic, "a \"b\"")
		got := lines(&out)
		if len(got) != len(test.want) {
			t.Errorf("%+v: got %q, want %q", test.config, got, test.want)
			continue
		}
		for i, line := range got {
			var parsed map[string]string
			err := json.Unmarshal([]byte(line), &parsed)
			if test.json && (err != nil || parsed["msg"] != test.want[i] || parsed["topic"] != `a "b"`) {
				t.Errorf("%+v: got %s, %v", test.config, line, err)
			}
			if !test.json && (!strings.Contains(line, "msg="+test.want[i]) || !strings.Contains(line, `topic="a \"b\""`)) {
				t.Errorf("%+v: got %s", test.config, line)
			}
		}
	}
	for _, bad := range []config.Log{{Level: "loud"}, {Format: "xml"}} {
		if _, err := newLogger(bad, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), ": use ") {
			t.Errorf("%+v: got %v", bad, err)
		}
	}
}
