package convert

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"mirror/config"
)

// Whatever the input: no panic, and what comes out can be loaded. A password of
// the input is never in it.
func FuzzFile(f *testing.F) {
	for _, name := range inputs(f) {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		result, err := File("mm2", data)
		if err != nil {
			return
		}
		if _, err := config.Parse("mirror.yaml", result.YAML, anyVariable); err != nil {
			t.Errorf("the loader refuses what came out: %v\n%s", err, result.YAML)
		}
		if got := bytes.Count(result.YAML, []byte("# DROPPED ")); got < len(result.Dropped) {
			t.Errorf("%d comments for %d things dropped", got, len(result.Dropped))
		}
	})
}

// A user name and a password of any characters: the one arrives, the other does not.
func FuzzLogin(f *testing.F) {
	f.Add("mirror", "hunter2-hunter2")
	f.Add("${env:USER}", "a\"b\\c;d${x}$$\n0123")
	f.Add("$$", "#password=x\r\nclusters = y")
	f.Fuzz(func(t *testing.T, user, password string) {
		if len(password) < 12 || user == "" || strings.Contains(user, password) || strings.Contains(plainLogin("x", "y"), password) {
			return
		}
		result, err := File("mm2", []byte(plainLogin(user, password)))
		if err != nil {
			if strings.Contains(err.Error(), password) {
				t.Errorf("the error shows the password: %v", err)
			}
			return
		}
		if bytes.Contains(result.YAML, []byte(password)) || strings.Contains(strings.Join(result.Dropped, ""), password) {
			t.Errorf("the output shows the password:\n%s", result.YAML)
		}
		cfg, err := config.Parse("mirror.yaml", result.YAML, anyVariable)
		if err != nil {
			t.Fatal(err)
		}
		if s := cfg.Clusters["a"].SASL; s != nil && s.Username != user && !strings.Contains(user, "${") && strings.TrimSpace(user) == user {
			t.Errorf("the user is %q, want %q\n%s", s.Username, user, result.YAML)
		}
	})
}

// plainLogin is a configuration with a login, escaped as both formats want it.
func plainLogin(user, password string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	jaas := `x.PlainLoginModule required username="` + quoted.Replace(user) + `" password="` + quoted.Replace(password) + `";`
	escaped := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\f", `\f`).Replace(jaas)
	return "clusters = a, b\nbootstrap.servers = x:1\na->b.enabled = true\na.security.protocol = SASL_PLAINTEXT\na.sasl.mechanism = PLAIN\na.sasl.jaas.config = " + escaped + "\n"
}
