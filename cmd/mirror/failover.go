package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mirror/replicate"
)

type failoverOptions struct {
	config, route, output string
	groups                []string
	wait                  time.Duration
	dryRun, yes           bool
}

func newFailoverCommand() *cobra.Command {
	var o failoverOptions
	cmd := &cobra.Command{
		Use:   "failover [ROUTE] [flags]",
		Short: "Move consumer groups' positions to the target, once",
		Long: `Commit for consumer groups on the target where each goes on in the copies (see mirror groups), once: for those who do
not have sync.groups do it all the time. Stop the group's consumers on the source first, then run this, then start
them on the target with the same group and the copies' topics.

Nothing is overwritten that is not the route's own: a group that has members on the target, and a position that a
consumer there has committed, are left alone and told. To give such a position to the mirror again, remove it there
with kafka-consumer-groups --delete-offsets. The source is only read; it has to be reachable, so where it may be lost
at once, let sync.groups run.

Records that the group has read and that are not copied yet are waited for, as long as --wait says; after that the
group goes on at the end of the copy, and would read them again.`,
		Example: `  mirror failover west-to-east --dry-run
  mirror failover west-to-east --group billing
  mirror failover west-to-east --group '/app-.*/' --yes`,
		Annotations: sayExitCode(sayExitCode(sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitWithLosses, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
			exitOK, "all positions of the groups are on the target"),
			exitWithLosses, "done, but positions were left alone or not committed, groups have none, or records are not copied yet"),
			exitDifferent, "with --dry-run: there would be such positions"),
		Args:              routeArgument,
		ValidArgsFunction: completeRoutes,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := withSignals(cmd.Context(), exitInterrupted)
			defer stop()
			o.route = strings.Join(args, "")
			return runFailover(ctx, o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	addConfigFlag(cmd, &o.config)
	addOutputFlag(cmd, &o.output)
	addGroupsFlag(cmd, &o.groups)
	cmd.Flags().DurationVar(&o.wait, "wait", 30*time.Second, "how long to wait until what the groups have read is copied")
	addWriteFlags(cmd, &o.dryRun, &o.yes)
	return cmd
}

func runFailover(ctx context.Context, o failoverOptions, in io.Reader, out, errOut io.Writer) error {
	if err := checkOutput(o.output); err != nil {
		return err
	}
	cfg, route, err := loadRoute(o.config, o.route)
	if err != nil {
		return err
	}
	w, err := openGroups(ctx, cfg, route, o.groups, "")
	if err != nil {
		return err
	}
	defer w.close()
	seen, err := w.lookOnceCopied(ctx, o, errOut)
	if err != nil {
		return err
	}
	for i := range seen.Groups {
		if g := &seen.Groups[i]; g.ActiveOnSource() {
			fmt.Fprintf(errOut, "warning: group %s still has members on %s: what they read from now on is read on %s, too\n", cell(g.Group), route.From, route.To)
		}
	}
	if moves := seen.Count(replicate.GroupMoves); moves > 0 && !o.dryRun {
		question := fmt.Sprintf("Commit %s on %s?", plural(int64(moves), "position"), route.To)
		if err := confirm(in, errOut, question, o.yes); err != nil {
			return err
		}
		if seen, err = w.look(ctx); err != nil { // it may have taken a while to answer
			return err
		}
		w.groups.Commit(ctx, seen)
	}
	document := replicate.GroupsDocument{Routes: []replicate.GroupsOfRoute{seen.Describe(route)}}
	if err := writeOutput(out, o.output, document, func(out io.Writer, wide bool) error { return printGroups(out, document, wide) }); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	complete := documentComplete(&document.Routes[0], o.dryRun)
	for _, name := range w.groups.Names {
		if !seen.Has(name) {
			fmt.Fprintf(errOut, "group %s has no position in the topics of route %s on %s\n", cell(name), route.Name, route.From)
			complete = complete && len(o.groups) == 0
		}
	}
	switch {
	case complete:
		return nil
	case o.dryRun:
		return quietExit(exitDifferent)
	}
	return quietExit(exitWithLosses)
}

// documentComplete says whether every position is where it should be, or would be.
func documentComplete(r *replicate.GroupsOfRoute, dryRun bool) bool {
	complete := len(r.Problems) == 0
	for _, g := range r.Groups {
		complete = complete && g.Problem == ""
		for _, p := range g.Positions {
			state := replicate.GroupState(p.State)
			complete = complete && p.NotCopied == 0 && (state == replicate.GroupInStep || dryRun && state == replicate.GroupMoves)
		}
	}
	return complete
}

// lookOnceCopied looks until nothing that the groups have read is still to be
// copied, or the time is up.
func (w *groupsWork) lookOnceCopied(ctx context.Context, o failoverOptions, errOut io.Writer) (*replicate.GroupsSeen, error) {
	deadline := time.Now().Add(o.wait)
	for told := false; ; told = true {
		seen, err := w.look(ctx)
		missing := int64(0)
		if err == nil {
			missing = seen.Missing()
		}
		if err != nil || missing == 0 || o.dryRun || !time.Now().Before(deadline) {
			return seen, err
		}
		if !told {
			fmt.Fprintf(errOut, "waiting for %s that groups have read and that are not copied yet (for %v)\n", plural(missing, "record"), o.wait)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
