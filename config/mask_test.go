package config

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// withSecrets writes secrets in every way that YAML has. «» enclose what an
// edit of the test leaves alone: the secrets and the names of their keys.
const withSecrets = `name: x
clusters:
  a:
    brokers: [a:1]
    sasl: {mechanism: PLAIN, username: u, «password: hunter2»}
  b:
    brokers: [b:1]
    tls: {}
    sasl:
      mechanism: SCRAM-SHA-256
      username: u
      «password: "hunter2 with spaces hunter2"»
  c:
    sasl:
      mechanism: OAUTHBEARER
      token_url: https://login/token
      client_id: c
      «client_secret: |
        hunter2
        hunter2»
    brokers: [c:1]
  d:
    sasl:
      mechanism: PLAIN
      «password: "hunter2
        and hunter2: hunter2"»
      username: u
    brokers: [d:1]
  e:
    brokers: [e:1]
    sasl:
      mechanism: OAUTHBEARER
      «"client_secret"  :   'hunter2'»
      token_url: https://login/token
      client_id: c
routes:
  - {from: a, to: b, topics: [orders]}
`

// However a file is broken, what is said about it does not show a secret.
func TestSecretsStayHiddenInBrokenFiles(t *testing.T) {
	if _, err := Parse("x", []byte(strings.NewReplacer("«", "", "»", "").Replace(withSecrets)), environment); err != nil {
		t.Fatal(err)
	}
	pieces := []string{`"`, `'`, "{", "}", "[", "]", ":", ": ", ",", "-", "- ", "#", " #", "&", "*", "!", "|", ">", "%", "@", " ", "\n", "\n\n", "\t", "? ", "---\n", "...\n", "x", "\\", "${", "$", "é", "\r\n", "\n  ", "\n      "}
	rapid.Check(t, func(t *rapid.T) {
		text := []rune(withSecrets)
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			open := editable(text)
			at := open[rapid.IntRange(0, len(open)-1).Draw(t, "at")]
			end := at
			if rapid.Bool().Draw(t, "delete") {
				for n := rapid.IntRange(1, 3).Draw(t, "length"); n > 0 && end < len(text) && text[end] != '«' && text[end] != '»'; n-- {
					end++
				}
			}
			piece := rapid.SampledFrom(pieces).Draw(t, "piece")
			text = []rune(string(text[:at]) + piece + string(text[end:]))
		}
		file := strings.NewReplacer("«", "", "»", "").Replace(string(text))
		if _, err := Parse("x", []byte(file), environment); err != nil && strings.Contains(err.Error(), "hunter") {
			t.Fatalf("a secret is shown:\n%v\nin:\n%s", err, file)
		}
	})
}

// editable returns the places outside of «».
func editable(text []rune) []int {
	var open []int
	inside := false
	for i, r := range text {
		if r == '«' {
			inside = true
		}
		if !inside {
			open = append(open, i)
		}
		if r == '»' {
			inside = false
		}
	}
	return open
}

// One slip in the name of the key does not show the secret either.
func TestSecretsStayHiddenUnderMistypedKeys(t *testing.T) {
	for _, key := range []string{"password", "client_secret"} {
		for i := range key {
			for _, wrong := range []string{key[:i] + key[i+1:], key[:i] + "x" + key[i:], key[:i] + "x" + key[i+1:], key[:i] + "-" + key[i:], key[:i] + strings.ToUpper(key[i:])} {
				for _, form := range []string{"      KEY: hunter2\n", "      KEY: [hunter2]\n", "      KEY hunter2\n", "      KEY: \"hunter2\n", "      KEY = hunter2\n", "      ? KEY\n      : hunter2\n", "      KEY: >\n        hunter2\n"} {
					text := "clusters:\n  a:\n    brokers: [a:1]\n    sasl:\n      mechanism: PLAIN\n" + strings.Replace(form, "KEY", wrong, 1)
					if _, err := Parse("x", []byte(text), environment); err == nil || strings.Contains(err.Error(), "hunter") {
						t.Errorf("got %v for\n%s", err, text)
					}
				}
			}
		}
	}
}
