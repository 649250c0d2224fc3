package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func newRootCommand() *cobra.Command {
	root := groupOf(&cobra.Command{
		Use:   "mirror",
		Short: "Copy Kafka topics from one cluster to another, exactly once",
		Long: `mirror copies Kafka topics from one cluster into another, all the time, under new names:
every record once, in order, with the same key, value, headers and timestamp.`,
		Example: `  mirror demo --for 20s                 # see it work, with two clusters inside the process
  mirror plan --config mirror.yaml      # what run would create and copy
  mirror run --config mirror.yaml       # the daemon
  mirror status                         # what it is doing
  mirror verify --route west-to-east    # compare the records of both sides`,
		Annotations:   withExitCodes(exitOK, exitFailed, exitUsage, exitWithLosses, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
		SilenceErrors: true, // execute prints them
		SilenceUsage:  true,
	},
		newCheckCommand(),
		newDemoCommand(),
		newConfigCommand(),
		newInitCommand(),
		newPlanCommand(),
		newConvertCommand(),
		newAdoptCommand(),
		newRunCommand(),
		newStatusCommand(),
		newTopCommand(),
		newVerifyCommand(),
		newBackfillCommand(),
		newPauseCommand(),
		newResumeCommand(),
		newRateCommand(),
		newLossesCommand(),
		newGroupsCommand(),
		newFailoverCommand(),
		newManCommand(),
		newCheckpointsCommand(),
		newVersionCommand(),
		newCompletionCommand(),
	)
	root.CompletionOptions.DisableDefaultCmd = true // newCompletionCommand has examples and exit codes
	root.SetHelpCommand(newHelpCommand())
	root.SetHelpFunc(printHelp)
	root.SetFlagErrorFunc(explainFlag)
	return root
}

// newHelpCommand is cobra's, with the help that all commands have.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:         "help [command]",
		Short:       "Print the help of a command",
		Long:        "Print the help of a command, like its --help flag.",
		Example:     "  mirror help verify",
		Annotations: withExitCodes(exitOK, exitUsage),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return unknownCommand(target, rest[0])
			}
			return target.Help()
		},
		ValidArgsFunction: completeCommands,
	}
}

// completeCommands offers the commands below those that are named already.
func completeCommands(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var offers []cobra.Completion
	if target, rest, err := cmd.Root().Find(args); err == nil && len(rest) == 0 {
		for _, sub := range target.Commands() {
			if sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), begun) {
				offers = append(offers, cobra.CompletionWithDesc(sub.Name(), sub.Short))
			}
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// addConfigFlag is for every command that reads the configuration.
func addConfigFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", "", "configuration `file` (default: $MIRROR_CONFIG, ./mirror.yaml, /etc/mirror/mirror.yaml)")
}
