package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manner is what a command does, and so which flags everybody expects of it.
type manner string

const (
	group  manner = "only groups other commands"
	reads  manner = "prints data: --output"
	writes manner = "changes something: --dry-run and --yes"
	prints manner = "prints or shows in one form only"
	makes  manner = "prints a file, or writes it: --out and --yes"
	runs   manner = "runs until it is stopped"
)

// manners names all commands, so that a new one cannot forget its flags.
func manners() map[string]manner {
	return map[string]manner{
		"mirror":                     group,
		"mirror adopt":               writes,
		"mirror backfill":            writes,
		"mirror check":               reads,
		"mirror checkpoints":         group,
		"mirror checkpoints list":    reads,
		"mirror checkpoints rebuild": writes,
		"mirror checkpoints reset":   writes,
		"mirror completion":          prints,
		"mirror config":              group,
		"mirror config explain":      reads,
		"mirror config reference":    prints,
		"mirror config schema":       prints,
		"mirror convert":             makes,
		"mirror demo":                runs,
		"mirror demo read":           runs,
		"mirror demo write":          runs,
		"mirror failover":            writes,
		"mirror groups":              reads,
		"mirror help":                prints,
		"mirror init":                writes,
		"mirror losses":              reads,
		"mirror man":                 prints,
		"mirror pause":               writes,
		"mirror plan":                reads,
		"mirror rate":                writes,
		"mirror resume":              writes,
		"mirror run":                 runs,
		"mirror status":              reads,
		"mirror top":                 prints,
		"mirror verify":              reads,
		"mirror version":             reads,
	}
}

func TestManners(t *testing.T) {
	for _, cmd := range allCommands(newRootCommand()) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			has := func(flag string) bool { return cmd.Flags().Lookup(flag) != nil }
			switch m := manners()[cmd.CommandPath()]; m {
			case "":
				t.Error("say in manners what this command does")
			case reads:
				checkOutputFlag(t, cmd)
			case writes:
				if !has("dry-run") || !has("yes") {
					t.Errorf("it %s", m)
				}
			case makes:
				if !has("out") || !has("yes") {
					t.Errorf("it %s", m)
				}
			case group:
				if !cmd.HasSubCommands() {
					t.Error("it groups nothing")
				}
			case prints, runs:
				if has("yes") || has("output") && cmd.Flags().Lookup("output").Usage != outputUsage() {
					t.Errorf("it %s, and has flags of another manner", m)
				}
			}
			checkFlags(t, cmd)
			checkExitCodes(t, cmd)
		})
	}
}

func outputUsage() string {
	cmd, output := &cobra.Command{}, ""
	addOutputFlag(cmd, &output)
	return cmd.Flags().Lookup("output").Usage
}

func checkOutputFlag(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	if flag := cmd.Flags().Lookup("output"); flag == nil || flag.Usage != outputUsage() || flag.Shorthand != "o" || flag.DefValue != "table" {
		t.Error("it reads, and needs the flag of addOutputFlag")
	}
	line := append(strings.Fields(cmd.CommandPath())[1:], "-o", "xml")
	if code, out, stderr := mirror(t, line...); code != exitUsage || out != "" || !strings.Contains(stderr, "table, wide, json, yaml") {
		t.Errorf("-o xml: exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
}

// Names are completed wherever they can be given, and the same flag means the
// same everywhere.
func checkFlags(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	shorthands := map[string]string{"config": "c", "output": "o", "help": "h", "watch": "w"}
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if strings.HasSuffix(flag.Usage, ".") || flag.Usage == "" {
			t.Errorf("--%s: its usage is %q, want words without a full stop", flag.Name, flag.Usage)
		}
		if want, fixed := shorthands[flag.Name]; fixed && flag.Shorthand != want {
			t.Errorf("--%s has the short form %q, want %q", flag.Name, flag.Shorthand, want)
		}
		if flag.Name == "route" || flag.Name == "topic" || flag.Name == "output" {
			if _, completed := cmd.GetFlagCompletionFunc(flag.Name); !completed {
				t.Errorf("--%s is not completed: use addRouteFlag, addTopicFlag or addOutputFlag", flag.Name)
			}
		}
	})
}

// What cannot be understood ends with 2, and every help says so.
func checkExitCodes(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	path := strings.Fields(cmd.CommandPath())[1:]
	code, out, stderr := mirror(t, append(path, "--hepl")...)
	if code != exitUsage || out != "" || !strings.Contains(stderr, "did you mean --help?") {
		t.Errorf("--hepl: exit code %d, stdout %q, stderr %q", code, out, stderr)
	}
	for _, code := range []int{exitOK, exitUsage} {
		if !strings.Contains(cmd.Annotations[exitCodesKey], exitLine(code, "")) {
			t.Errorf("exit code %d is not in its help", code)
		}
	}
	if _, help, _ := mirror(t, append([]string{"help"}, path...)...); help != helpOf(cmd) {
		t.Errorf("mirror help %s differs from --help:\n%s", strings.Join(path, " "), help)
	}
	for _, line := range strings.Split(helpOf(cmd), "\n") {
		if len(line) > 130 || strings.TrimRight(line, " ") != line {
			t.Errorf("this line of the help is too long or ends with a space: %q", line)
		}
	}
}

func helpOf(cmd *cobra.Command) string {
	var help strings.Builder
	writeHelp(&help, cmd)
	return help.String()
}

func TestCompleteCommands(t *testing.T) {
	if got := complete(t, "help", "ver"); len(got) != 2 || !strings.HasPrefix(got[0], "verify\t") {
		t.Errorf("help ver: got %q", got)
	}
	if got := complete(t, "help", "verify", ""); len(got) != 0 {
		t.Errorf("help verify: got %q, want nothing", got)
	}
}
