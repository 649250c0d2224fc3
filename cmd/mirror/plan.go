package main

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"mirror/config"
)

type planOptions struct {
	config, route, topic, output string
	exitCode                     bool
}

func newPlanCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan [flags]",
		Short: "Show what run would create, change and copy",
		Long: `Look at both clusters and show, topic by topic, the target name with the rename rule that gave it, and what run
would create or change on the target: topics, partitions, configs (old → new). It changes nothing.

--topic explains one name both ways: what becomes of a source topic of that name, also one that is not copied or not
there, and which source topic a target topic of that name is the copy of.
-o wide adds the configs of topics to create, the warnings of each topic and all topics that are left out.
With sync.groups it also counts the positions of consumer groups that would be written. They move all the time, so
for --exit-code they are no change.`,
		Example: `  mirror plan
  mirror plan --route west-to-east --topic orders
  mirror plan --exit-code > /dev/null || echo "run would change something"
  mirror plan -o json | jq '.routes[].topics[] | select(.changes != [])'`,
		Annotations: sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitDifferent, "a route cannot run at all; with --exit-code also: run would change something, or a topic cannot be copied"),
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
	addTopicFlag(cmd, &o.topic, "explain only this `name`, as a source topic and as a target topic")
	cmd.Flags().BoolVar(&o.exitCode, "exit-code", false, "end with 4 when run would change something or cannot copy a topic")
	return cmd
}

func runPlan(ctx context.Context, o planOptions, out, errOut io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	cfg, routes, err := loadRoutes(o.config, o.route, errOut)
	if err != nil {
		return err
	}
	plans := planDocument{Routes: []plannedRoute{}}
	for _, route := range routes {
		planned, err := planRoute(ctx, cfg, route, o.topic)
		if err != nil {
			return err
		}
		plans.Routes = append(plans.Routes, planned)
	}
	err = writeOutput(out, o.output, plans, func(out io.Writer, wide bool) error { return printPlans(out, plans, wide) })
	if err != nil {
		return err
	}
	if slices.ContainsFunc(plans.Routes, func(r plannedRoute) bool { return r.Problem != "" || o.exitCode && r.pending() }) {
		return quietExit(exitDifferent)
	}
	return nil
}

func planRoute(ctx context.Context, cfg *config.Config, route *config.Route, topic string) (plannedRoute, error) {
	r, err := openSides(ctx, cfg, route)
	if err != nil {
		return plannedRoute{}, err
	}
	defer r.close()
	plan, err := r.planRoute(ctx)
	if err != nil {
		return plannedRoute{}, err
	}
	planned := describePlan(route, plan, topic)
	if route.Watch {
		planned.changeNothing()
		return planned, nil
	}
	planned.Limit = r.ledger.limit(route)
	planned.Groups = r.planGroups(ctx, plan, topic)
	return planned, nil
}
