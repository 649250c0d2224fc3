package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/rename"
	"mirror/replicate"
)

type planOptions struct {
	config, route, topic, output string
}

func newPlanCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan [flags]",
		Short: "Show what run would create, change and copy",
		Long: `Look at both clusters and show, topic by topic, the target name with the rename rule that gave it, and what run
would create or change on the target. It changes nothing. --topic explains one topic, also one that is not copied.`,
		Example: `  mirror plan
  mirror plan --route west-to-east --topic orders
  mirror plan -o json | jq '.routes[].topics[] | select(.changes != [])'`,
		Annotations: sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitDifferent, "a route cannot run at all; the reason is shown"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runPlan(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	addOutputFlag(cmd, &o.output)
	addRouteFlag(cmd, &o.route, "only the route of this `name`")
	addTopicFlag(cmd, &o.topic, "only the source topic of this `name`")
	return cmd
}

func runPlan(ctx context.Context, o planOptions, out, errOut io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	cfg, err := loadConfig(o.config)
	if err != nil {
		return err
	}
	for _, warning := range cfg.Warnings {
		fmt.Fprintf(errOut, "warning: %s\n", cell(warning))
	}
	routes, err := findRoutes(cfg, o.route)
	if err != nil {
		return err
	}
	var plans planDocument
	for _, route := range routes {
		plan, err := planRoute(ctx, cfg, route)
		if err != nil {
			return err
		}
		plans.Routes = append(plans.Routes, describePlan(route, plan, o.topic))
	}
	err = writeOutput(out, o.output, plans, func(out io.Writer, wide bool) error { return printPlans(out, plans, wide) })
	if err != nil {
		return err
	}
	if slices.ContainsFunc(plans.Routes, func(r plannedRoute) bool { return r.Problem != "" }) {
		return quietExit(exitDifferent)
	}
	return nil
}

// planRoute plans as the daemon would at its next refresh: with what the route's
// checkpoint topic remembers.
func planRoute(ctx context.Context, cfg *config.Config, route *config.Route) (*replicate.RoutePlan, error) {
	source, target, err := connectRoute(ctx, cfg, route)
	if err != nil {
		return nil, err
	}
	defer source.close()
	defer target.close()
	ledger, err := readLedger(ctx, target, route)
	if err != nil {
		return nil, err
	}
	plan, err := replicate.PlanRoute(ctx, route,
		replicate.Cluster{Config: source.config, Client: source.client, ID: source.id},
		replicate.Cluster{Config: target.config, Client: target.client, ID: target.id},
		ledger.managed(), ledger.copied())
	if err != nil {
		return nil, withCode(clusterCode(err), fmt.Errorf("plan %s: %w", routeTitle(route), err))
	}
	return plan, nil
}

// planDocument is the JSON of `mirror plan -o json`.
type planDocument struct {
	Routes []plannedRoute `json:"routes"`
}

type plannedRoute struct {
	Name     string         `json:"name"`
	From     string         `json:"from"`
	To       string         `json:"to"`
	Problem  string         `json:"problem"` // why the route cannot run at all
	Warnings []string       `json:"warnings"`
	Topics   []plannedTopic `json:"topics"`
	NotTaken []leftTopic    `json:"not_taken"`
}

type plannedTopic struct {
	Source     string   `json:"source"`
	Target     string   `json:"target"`
	Rule       string   `json:"rule"` // that gave the target its name
	Partitions int      `json:"partitions"`
	Changes    []string `json:"changes"` // what run would do to the target
	Problem    string   `json:"problem"` // why nothing of it can be copied now
	Warnings   []string `json:"warnings"`
}

type leftTopic struct {
	Source  string `json:"source"`
	Target  string `json:"target"`  // the name it would have; empty when it is not selected
	Refused bool   `json:"refused"` // selected, but somebody has to change something
	Reason  string `json:"reason"`
}

// describePlan makes the document of a plan, of one topic or of all.
func describePlan(route *config.Route, plan *replicate.RoutePlan, topic string) plannedRoute {
	r := plannedRoute{Name: route.Name, From: route.From, To: route.To, Problem: plan.Problem,
		Warnings: plan.Warnings, Topics: []plannedTopic{}, NotTaken: []leftTopic{}}
	if topic == "" {
		r.Warnings = plan.AllWarnings()
	}
	r.Warnings = orEmpty(r.Warnings)
	for i := range plan.Topics {
		if t := &plan.Topics[i]; topic == "" || t.Decision.Topic == topic {
			r.Topics = append(r.Topics, describeTopic(t))
		}
	}
	for _, d := range slices.Concat(plan.Refused, plan.Left) {
		if topic == "" || d.Topic == topic {
			r.NotTaken = append(r.NotTaken, describeLeft(d))
		}
	}
	if topic != "" && len(r.Topics) == 0 && len(r.NotTaken) == 0 {
		r.NotTaken = append(r.NotTaken, absentTopic(route, topic))
	}
	return r
}

func describeTopic(t *replicate.TopicPlan) plannedTopic {
	p := plannedTopic{Source: t.Decision.Topic, Target: t.Decision.Target, Rule: t.Decision.RuleText,
		Changes: []string{}, Problem: firstOf(t.Problem, t.Short), Warnings: orEmpty(t.Warnings)}
	if t.Source != nil {
		p.Partitions = len(t.Source.Partitions)
	}
	for _, change := range t.Action {
		p.Changes = append(p.Changes, change.String())
	}
	return p
}

func describeLeft(d rename.Decision) leftTopic {
	return leftTopic{Source: d.Topic, Target: d.Target, Refused: d.Refused, Reason: d.Reason}
}

// absentTopic explains a topic that the source does not have: by its name alone.
func absentTopic(route *config.Route, topic string) leftTopic {
	d := route.Mapper.Decide(topic)
	left := leftTopic{Source: topic, Target: d.Target, Refused: d.Refused,
		Reason: fmt.Sprintf("cluster %s has no such topic", route.From)}
	if d.Take {
		left.Reason += fmt.Sprintf("; it would be copied to %s by %s", d.Target, d.RuleText)
	} else {
		left.Reason += "; it would not be copied: " + d.Reason
	}
	return left
}

func orEmpty(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

func printPlans(out io.Writer, plans planDocument, wide bool) error {
	for i := range plans.Routes {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := printPlan(out, &plans.Routes[i], wide); err != nil {
			return err
		}
	}
	return nil
}

func printPlan(out io.Writer, r *plannedRoute, wide bool) error {
	fmt.Fprintf(out, "route %s: %s to %s\n", r.Name, r.From, r.To)
	if r.Problem != "" {
		fmt.Fprintf(out, "cannot run: %s\n", cell(r.Problem))
	}
	if len(r.Topics) > 0 {
		fmt.Fprintln(out)
		t := newTable(out, "TOPIC", "TARGET", "PARTITIONS", "RULE", "ACTION")
		for _, topic := range r.Topics {
			t.row(topic.Source, topic.Target, fmt.Sprint(topic.Partitions), topic.Rule, strings.Join(actionOf(topic), "; "))
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	if len(r.NotTaken) > 0 {
		fmt.Fprintln(out)
		t := newTable(out, "NOT COPIED", "WHY")
		for _, left := range r.NotTaken {
			t.row(left.Source, left.Reason)
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(out, "\nwarning: %s\n", cell(warning))
	}
	return nil
}

// actionOf is what run would do about a topic, in words.
func actionOf(topic plannedTopic) []string {
	actions := slices.Clone(topic.Changes)
	if topic.Problem != "" {
		actions = append(actions, "WAITS: "+topic.Problem)
	}
	if len(actions) == 0 {
		actions = append(actions, "copy")
	}
	return actions
}
