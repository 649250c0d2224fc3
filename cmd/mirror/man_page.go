package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mirror/config"
)

// roff writes a manual page in the man macros, see groff_man(7).
type roff struct{ b strings.Builder }

// escaped makes a text mean itself.
func escaped(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\`", "^", `\(ha`, "~", `\(ti`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	var b strings.Builder
	for _, c := range text {
		if c < 0x80 {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, `\[u%04X]`, c)
		}
	}
	return b.String()
}

func (r *roff) macro(name string, args ...string) {
	r.b.WriteString("." + name)
	for _, arg := range args {
		r.b.WriteString(` "` + strings.ReplaceAll(arg, `"`, `\(dq`) + `"`)
	}
	r.b.WriteByte('\n')
}

// title begins the page of a name in a section.
func (r *roff) title(name, section, version, short string) {
	r.macro("TH", strings.ToUpper(name), section, "", "mirror "+version, "mirror")
	r.macro("SH", "NAME")
	r.b.WriteString(escaped(name) + ` \- ` + escaped(short) + "\n")
}

// paragraphs writes text as people read it; indented lines stay as they are.
func (r *roff) paragraphs(text string) {
	exact := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if indented := strings.HasPrefix(line, " "); indented != exact {
			exact = indented
			r.macro(map[bool]string{true: "nf", false: "fi"}[exact])
		}
		if line == "" {
			r.macro("PP")
			continue
		}
		r.b.WriteString(escaped(line) + "\n")
	}
	if exact {
		r.macro("fi")
	}
}

// entry is a word with what it means.
func (r *roff) entry(tag, text string) {
	r.macro("TP")
	r.b.WriteString(tag + "\n")
	r.b.WriteString(escaped(text) + "\n")
}

func bold(text string) string   { return `\fB` + escaped(text) + `\fR` }
func italic(text string) string { return `\fI` + escaped(text) + `\fR` }

// commandPage is the manual page of a command: its help in another form.
func commandPage(cmd *cobra.Command, version string) string {
	cmd.InitDefaultHelpFlag()
	r := &roff{}
	r.title(manName(cmd), "1", version, cmd.Short)
	r.macro("SH", "SYNOPSIS")
	use := strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())
	if cmd.HasAvailableSubCommands() {
		use = " COMMAND [flags]"
	}
	r.b.WriteString(bold(cmd.CommandPath()) + escaped(use) + "\n")
	r.macro("SH", "DESCRIPTION")
	r.paragraphs(firstOf(cmd.Long, cmd.Short))
	if cmd.HasAvailableSubCommands() {
		r.macro("SH", "COMMANDS")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				r.entry(bold(sub.Name()), sub.Short)
			}
		}
	}
	r.macro("SH", "OPTIONS")
	cmd.LocalFlags().VisitAll(r.flag)
	r.macro("SH", "EXAMPLES")
	r.paragraphs(cmd.Example)
	r.macro("SH", "EXIT CODES")
	for line := range strings.Lines(cmd.Annotations[exitCodesKey]) {
		code, meaning, _ := strings.Cut(strings.TrimSpace(line), "  ")
		r.entry(bold(code), meaning)
	}
	if !cmd.HasParent() {
		r.surroundings()
	}
	r.macro("SH", "SEE ALSO")
	r.b.WriteString(strings.Join(related(cmd), ",\n") + "\n")
	return r.b.String()
}

func (r *roff) flag(flag *pflag.Flag) {
	if flag.Hidden {
		return
	}
	value, usage := pflag.UnquoteUsage(flag)
	tag := bold("--" + flag.Name)
	if flag.Shorthand != "" {
		tag = bold("-"+flag.Shorthand) + ", " + tag
	}
	if value != "" {
		tag += " " + italic(value)
	}
	switch flag.DefValue {
	case "", "false", "0", "0s", "[]":
	default:
		usage += " (default " + flag.DefValue + ")"
	}
	r.entry(tag, usage)
}

// surroundings are what all commands look at besides their flags.
func (r *roff) surroundings() {
	r.macro("SH", "ENVIRONMENT")
	r.entry(bold("MIRROR_CONFIG"), "The configuration file, where --config is not given. Its values can name further variables: ${NAME}.")
	r.entry(bold("NO_COLOR"), "Where it is set, nothing is written in colours.")
	r.macro("SH", "FILES")
	r.entry(italic("./mirror.yaml"), "The configuration file, where neither names one.")
	r.entry(italic("/etc/mirror/mirror.yaml"), "The same, where that is not there.")
}

// related names the pages beside a page.
func related(cmd *cobra.Command) []string {
	var names []string
	if cmd.HasParent() {
		names = append(names, bold(manName(cmd.Parent()))+"(1)")
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, bold(manName(sub))+"(1)")
		}
	}
	return append(names, bold("mirror.yaml")+"(5)")
}

// configPage is the manual page of the configuration file.
func configPage(keys []config.Key, version string) string {
	r := &roff{}
	r.title("mirror.yaml", "5", version, "configuration file of mirror")
	r.macro("SH", "DESCRIPTION")
	r.paragraphs(`The file says which topics mirror(1) copies from where to where. "mirror init" writes one, "mirror config reference"
prints one with all keys, "mirror config schema" describes it to editors.`)
	r.macro("SH", "KEYS")
	for _, key := range keys {
		r.entry(bold(key.Path), key.Type+".")
		if standard := defaultOf(key); standard != "-" {
			r.macro("br")
			r.b.WriteString(escaped(map[bool]string{true: "Required.", false: "Default: " + standard}[key.Required]) + "\n")
		}
		r.macro("IP")
		r.b.WriteString(escaped(key.Text) + "\n")
	}
	r.macro("SH", "EXAMPLE")
	example := "clusters:\n  west: {brokers: [west-1:9092]}\n  east: {brokers: [east-1:9092]}\nroutes:\n  - {from: west, to: east, topics: [orders]}"
	r.paragraphs("  " + strings.ReplaceAll(example, "\n", "\n  "))
	r.macro("SH", "SEE ALSO")
	r.b.WriteString(fmt.Sprintf("%s(1), %s(1)\n", bold("mirror"), bold("mirror-config-explain")))
	return r.b.String()
}
