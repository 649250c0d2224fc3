package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"mirror/config"
	"mirror/offsets"
	"mirror/replicate"
)

type groupsOptions struct {
	config, route, topic, output string
	groups                       []string
}

func newGroupsCommand() *cobra.Command {
	var o groupsOptions
	cmd := &cobra.Command{
		Use:   "groups [flags]",
		Short: "Show where consumer groups would go on in the copies",
		Long: `Look at the consumer groups that have positions in a route's source topics, and show for each partition where the group
goes on in the copy: the exact offset of the record that it would read next, or, where that is not known any more, an
earlier one with the number of records that may be read again; never a later one. It needs no running mirror and
changes nothing. Beside that stands what the group of the same name has committed on the target:

  in step         the target's group is at that offset
  would move      sync.groups, or mirror failover, would commit the offset
  left alone      the group has members on the target, or a consumer there has committed an offset of its own
  not copied yet  the partition has no copy that the offset could be translated to

Share groups (KIP-932) have no positions that could be carried over: those that read the route's topics are named.

The route's sync.groups says which groups are shown; without it, all that are not internal.`,
		Example: `  mirror groups
  mirror groups --route west-to-east --group billing -o wide
  mirror groups --group '/app-.*/' --topic orders
  mirror groups -o json | jq '.routes[].groups[].positions[] | select(.exact | not)'`,
		Annotations: withExitCodes(exitOK, exitFailed, exitUsage, exitUnreachable, exitUnauthorised, exitInterrupted),
		Args:        noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			return runGroups(ctx, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	addOutputFlag(cmd, &o.output)
	addRouteFlag(cmd, &o.route, "only the route of this `name`")
	addGroupsFlag(cmd, &o.groups)
	addTopicFlag(cmd, &o.topic, "only the source topic of this `name`")
	return cmd
}

// addGroupsFlag is for every command that works on some consumer groups.
func addGroupsFlag(cmd *cobra.Command, groups *[]string) {
	cmd.Flags().StringArrayVar(groups, "group", nil, "only the group of this `name`, or those that match a /regular expression/; may be repeated")
	completeFlag(cmd, "group", cobra.NoFileCompletions)
}

func runGroups(ctx context.Context, o groupsOptions, out, errOut io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	cfg, routes, err := loadRoutes(o.config, o.route, errOut)
	if err != nil {
		return err
	}
	document := replicate.GroupsDocument{Routes: []replicate.GroupsOfRoute{}}
	for _, route := range routes {
		w, err := openGroups(ctx, cfg, route, o.groups, o.topic)
		if err != nil {
			return err
		}
		seen, err := w.look(ctx)
		w.close()
		if err != nil {
			return err
		}
		document.Routes = append(document.Routes, seen.Describe(route))
	}
	return writeOutput(out, o.output, document, func(out io.Writer, wide bool) error { return printGroups(out, document, wide) })
}

// groupsWork looks at the groups of one route, and may carry them over.
type groupsWork struct {
	*openRoute
	plan   *replicate.RoutePlan
	groups *replicate.Groups
}

// openGroups opens a route for a look at consumer groups. close must be called.
func openGroups(ctx context.Context, cfg *config.Config, route *config.Route, names []string, topic string) (*groupsWork, error) {
	selected, err := selectGroups(route, names)
	if err != nil {
		return nil, err
	}
	r, err := openSides(ctx, cfg, route)
	if err != nil {
		return nil, err
	}
	w := &groupsWork{openRoute: r, groups: r.groupsOf(selected)}
	if w.plan, err = r.runnablePlan(ctx); err == nil && topic != "" {
		w.groups.Topic = topic
		err = r.knownTopic(ctx, topic)
	}
	if err != nil {
		r.close()
		return nil, err
	}
	w.groups.Lag = true
	return w, nil
}

// selectGroups are those that the command line names, else those that the route
// carries over, else all.
func selectGroups(route *config.Route, names []string) (*config.Groups, error) {
	switch {
	case len(names) > 0:
		selected, err := config.OnlyGroups(names)
		if err != nil {
			return nil, usageErrorf("--group: %v", err)
		}
		return selected, nil
	case route.Sync.Groups != nil:
		return route.Sync.Groups, nil
	}
	return config.AllGroups(), nil
}

// groupsOf looks with the checkpoint topic as it is once the positions on the
// source are known: what a reader has just read is copied by then, most often.
func (r *openRoute) groupsOf(selected *config.Groups) *replicate.Groups {
	return &replicate.Groups{Route: r.route, Source: r.source.side(), Target: r.target.side(), Takes: selected.Takes, Names: selected.Named(),
		Lanes: func(ctx context.Context) ([]*offsets.Lane, error) {
			fresh, err := readLedger(ctx, r.target, r.route)
			if err != nil {
				return nil, err
			}
			return fresh.lanes, nil
		}}
}

func (w *groupsWork) look(ctx context.Context) (*replicate.GroupsSeen, error) {
	seen, err := w.groups.Look(ctx, w.plan)
	return seen, groupsError(err)
}

// groupsError says in one sentence what kept all groups from being looked at.
func groupsError(err error) error {
	if look := (*replicate.LookError)(nil); errors.As(err, &look) {
		return clusterError(look.Err, look.Cluster, "look at consumer groups")
	}
	return err
}
