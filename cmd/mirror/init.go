package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/rename"
)

type initOptions struct {
	source, target side
	topics         []string
	exclude        []string
	rename         string // template of the names on the target
	out            string
	dryRun, yes    bool
}

func newInitCommand() *cobra.Command {
	o := initOptions{source: side{role: "source"}, target: side{role: "target"}}
	cmd := &cobra.Command{
		Use:   "init [flags]",
		Short: "Write a mirror.yaml for two clusters",
		Long: `Ask two clusters what they are, and write a commented configuration file for a route from the one to the other. On a
terminal it asks for what no flag says; in a script the flags and their defaults decide. It finds out whether the
brokers want TLS and SASL. Both clusters are only looked at. Passwords are never written into the file: it names
a file (--source-password-file) or an environment variable (--source-password-env) that holds it.`,
		Example: `  mirror init
  mirror init --source west-1:9092 --target east-1:9092
  mirror init --source west-1:9092 --target east-1:9092 --topic orders --topic '/clicks\..*/' --rename '{topic}'
  mirror init --source west-1:9093 --source-sasl SCRAM-SHA-512 --source-username mirror \
      --source-password-file /run/secrets/west --target east-1:9092 --out - > mirror.yaml`,
		Annotations: withExitCodes(exitOK, exitFailed, exitUsage, exitUnreachable, exitUnauthorised, exitInterrupted),
		Args:        noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			a := newAsker(ctx, cmd.InOrStdin(), cmd.ErrOrStderr())
			return runInit(ctx, o, a, cmd.OutOrStdout())
		},
	}
	addSideFlags(cmd, &o.source)
	addSideFlags(cmd, &o.target)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.topics, "topic", nil, "copy topics of this `name` or /regular expression/; may be given several times (default all)")
	completeFlag(cmd, "topic", cobra.NoFileCompletions) // no configuration names any yet
	flags.StringArrayVar(&o.exclude, "exclude", nil, "leave out topics of this `name` or /regular expression/; may be given several times")
	flags.StringVar(&o.rename, "rename", "", "`template` of the names on the target; {topic} keeps them (default \""+rename.DefaultTo+"\")")
	flags.StringVar(&o.out, "out", "mirror.yaml", "write this `file`; - is standard output")
	addWriteFlags(cmd, &o.dryRun, &o.yes)
	completeFlag(cmd, "rename", completeWords(rename.DefaultTo, "{topic}"))
	return cmd
}

func runInit(ctx context.Context, o initOptions, a *asker, out io.Writer) error {
	if err := o.mayWrite(a); err != nil {
		return err
	}
	p := proposal{options: &o}
	var err error
	if p.source, err = o.source.look(ctx, a); err != nil {
		return err
	}
	if p.target, err = o.target.look(ctx, a); err != nil {
		return err
	}
	if p.source.id != "" && p.source.id == p.target.id {
		return usageErrorf("source and target are the same cluster %s: a route copies from one to another", p.source.id)
	}
	if err := o.names(a); err != nil {
		return err
	}
	if err := o.selection(a, p.source.topics); err != nil {
		return err
	}
	text, err := p.yaml()
	if err != nil {
		return err
	}
	if _, err := config.Parse("mirror.yaml", text, os.LookupEnv); err != nil {
		return withCode(exitUsage, err)
	}
	if o.dryRun || o.out == "-" {
		_, err := out.Write(text)
		return err
	}
	if err := writeConfig(o.out, text, true, nil, a.out); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "next: mirror check --config %s\n", o.out)
	return nil
}

// mayWrite asks, before anything else, whether a file may be overwritten.
func (o *initOptions) mayWrite(a *asker) error {
	if _, err := os.Lstat(o.out); errors.Is(err, fs.ErrNotExist) || o.yes || o.dryRun || o.out == "-" {
		return nil
	}
	if !a.person {
		return usageErrorf("%s exists: give --yes to overwrite it, or another --out", o.out)
	}
	answer, err := a.ask(o.out+" exists. Overwrite it at the end? [y/N]", "")
	if err != nil {
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		return usageErrorf("not confirmed: nothing was changed")
	}
	return nil
}

// names settles what the clusters are called.
func (o *initOptions) names(a *asker) error {
	source, target := guessName(o.source.brokers), guessName(o.target.brokers)
	if source == "" || target == "" || source == target {
		source, target = "source", "target"
	}
	for _, n := range []struct {
		side  *side
		guess string
	}{{&o.source, source}, {&o.target, target}} {
		err := a.settle(&n.side.name, "Name of the "+n.side.role+" cluster, part of topic names", n.guess, rename.CheckName)
		if err != nil {
			return asUsage("--"+n.side.role+"-name", err)
		}
	}
	if o.source.name == o.target.name {
		return usageErrorf("both clusters are called %s: give them different names", o.source.name)
	}
	return nil
}

// selection settles which topics are copied, and what they are called.
func (o *initOptions) selection(a *asker, topics []string) error {
	const all = "/.*/"
	a.say("%s has %s", o.source.name, topicList(topics))
	chosen := ""
	if len(o.topics) == 0 {
		check := func(text string) error { return o.checkRule(splitList(text), rename.DefaultTo) }
		if err := a.settle(&chosen, "Topics to copy, names or /regular expressions/", all, check); err != nil {
			return asUsage("--topic", err)
		}
		o.topics = splitList(chosen)
	}
	check := func(template string) error { return o.checkRule(o.topics, template) }
	if err := a.settle(&o.rename, "Names on the target; {topic} keeps them", rename.DefaultTo, check); err != nil {
		return asUsage("--topic, --exclude or --rename", err)
	}
	mapper, err := o.mapper(o.topics, o.rename)
	if err != nil {
		return err // settle has tried
	}
	if refused := mapper.Plan(topics, nil).Refused; len(refused) > 0 {
		a.say("warning: %s would not be copied as the rules stand: %s", plural(int64(len(refused)), "topic"), refused[0].Reason)
	}
	return nil
}

// asUsage says of which flag a value is wrong. Who interrupts was not wrong.
func asUsage(flag string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return usageErrorf("%s: %v", flag, err)
}

// checkRule says what is wrong with topics and the names that they would get.
func (o *initOptions) checkRule(topics []string, template string) error {
	_, err := o.mapper(topics, template)
	return err
}

func (o *initOptions) mapper(topics []string, template string) (*rename.Mapper, error) {
	return rename.New(rename.Spec{Source: o.source.name, Target: o.target.name, Topics: topics, Exclude: o.exclude,
		Rules: []rename.Rule{{To: template}}})
}
