package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files and generated pages instead of comparing them")

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (make docs writes it anew); got:\n%s", path, got)
	}
}

// mirror runs a command line as the shell does.
func mirror(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = execute(t.Context(), args, &out, &errOut)
	return code, out.String(), errOut.String()
}

func TestHelp(t *testing.T) {
	for _, cmd := range allCommands(newRootCommand()) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
			code, help, stderr := mirror(t, args...)
			if code != exitOK || stderr != "" {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
			for _, part := range []string{"\nUSAGE\n  mirror", "\nEXAMPLES\n  ", "\nEXIT CODES\n    0  "} {
				if !strings.Contains(help, part) {
					t.Errorf("no %q in the help", part)
				}
			}
			if i := strings.Index(help, "EXAMPLES"); i > strings.Index(help, "EXIT CODES") {
				t.Error("the help does not end with EXAMPLES and EXIT CODES")
			}
			golden(t, filepath.Join("testdata", "help", strings.ReplaceAll(cmd.CommandPath(), " ", "_")+".txt"), []byte(help))
		})
	}
}

func TestCommandReference(t *testing.T) {
	golden(t, "../../docs/commands.md", commandReference(newRootCommand()))
}

func TestUsageErrors(t *testing.T) {
	tests := []struct{ line, want string }{
		{"stats", `there is no command "stats": did you mean status?`},
		{"foo --bar", `there is no command "foo"`},
		{"--bar", "mirror has no flag --bar"},
		{"status --wach", "did you mean --watch?"},
		{"status --tok x", "did you mean --token-file?"},
		{"status --nothing-like-it", "has no flag --nothing-like-it\n"},
		{"status -x", "has no flag -x"},
		{"status foo", "takes no arguments"},
		{"status -o xml", "use table, wide, json"},
		{"status --url nonsense", "is no address"},
		{"status --max-lag 0s", "must be above 0"},
		{"status --max-lag 60s -w", "look once"},
		{"status --ready --topic orders", "about the whole mirror"},
		{"status --url http://127.0.0.1:1 --cert-file a.pem", "belong together"},
		{"status --url ftp://host", "is no address"},
		{"verify --sample 0", "is no share"},
		{"verify --sample 101", "is no share"},
		{"verify --sample NaN", "is no share"},
		{"verify --from yesterday", "how long ago"},
		{"verify --from -5", "how long ago"},
		{"verify --wait -1s", "is negative"},
		{"verify --wait soon", `--wait "soon" is not a time like`},
		{"demo --rate fast", `--rate "fast" is not a number`},
		{"status --watch=perhaps", `--watch "perhaps" is not true or false`},
		{"status --output", "flag needs an argument"},
		{strings.Repeat("x", 100_000), `x..."`},
		{"status --" + strings.Repeat("x", 100_000), "xxx..."},
		{"verify --wait " + strings.Repeat("1", 100_000), `111..." is not a time`},
		{"plan -o xml", "use table, wide, json, yaml"},
		{"version -o xml", "use table, wide, json, yaml"},
		{"help nothing", "there is no command"},
		{"config expalin", "mirror config has no command \"expalin\": did you mean explain?"},
		{"config explain lans", `there is no key "lans": did you mean lanes?`},
		{"config explain nothing.like.it", "mirror config explain lists all"},
		{"config explain from to", "name one key, not 2"},
		{"help config nothing", `mirror config has no command "nothing"`},
		{"completion", "name one shell"},
		{"completion tcsh", "no completion for"},
	}
	for _, test := range tests {
		t.Run(test.line, func(t *testing.T) {
			code, stdout, stderr := mirror(t, strings.Fields(test.line)...)
			if code != exitUsage || stdout != "" {
				t.Errorf("exit code %d, stdout %q, want 2 and nothing", code, stdout)
			}
			if !strings.Contains(stderr, test.want) || !strings.Contains(stderr, "--help' for its flags") {
				t.Errorf("stderr %q, want %q and where to find help", stderr, test.want)
			}
		})
	}
}

func TestConfigErrors(t *testing.T) {
	t.Setenv("MIRROR_CONFIG", "")
	broken := filepath.Join(t.TempDir(), "mirror.yaml")
	if err := os.WriteFile(broken, []byte("clusers: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"run", "status", "verify", "plan"} {
		code, stdout, stderr := mirror(t, command, "--config", broken)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, "mirror.yaml:1:1") {
			t.Errorf("%s with a broken file: exit code %d, stdout %q, stderr %q", command, code, stdout, stderr)
		}
		code, _, stderr = mirror(t, command, "--config", broken+".not")
		if code != exitUsage || !strings.Contains(stderr, "mirror.yaml.not") {
			t.Errorf("%s without a file: exit code %d, stderr %q", command, code, stderr)
		}
	}
}

func TestVersion(t *testing.T) {
	code, text, _ := mirror(t, "version")
	if code != exitOK || !strings.HasPrefix(text, "mirror ") || !strings.Contains(text, "go1.") {
		t.Errorf("exit code %d, %q", code, text)
	}
	var out bytes.Buffer
	b := build{Version: "v1.2.3", Revision: "abc", Time: "2024-01-01T00:00:00Z", Modified: true, Go: "go1.26", OS: "linux", Arch: "amd64",
		Modules: []buildModule{{"example.org/a", "v1.0.0"}}}
	if err := runVersion(b, "json", &out); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/version.json", out.Bytes())
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, script, _ := mirror(t, "completion", shell); code != exitOK || !strings.Contains(script, "mirror") {
			t.Errorf("%s: exit code %d", shell, code)
		}
	}
	_, offered, _ := mirror(t, "__complete", "status", "--output", "")
	if !strings.HasPrefix(offered, "table\nwide\njson\n") {
		t.Errorf("completion of --output: got %q", offered)
	}
}
