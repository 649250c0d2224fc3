package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "mirror",
		Short: "Copy Kafka topics from one cluster to another, exactly once",
		Long: `mirror copies Kafka topics from one cluster into another, all the time, under new names:
every record once, in order, with the same key, value, headers and timestamp.`,
		Example: `  mirror demo --for 20s                 # see it work, with two clusters inside the process
  mirror plan --config mirror.yaml      # what run would create and copy
  mirror run --config mirror.yaml       # the daemon
  mirror status                         # what it is doing
  mirror verify --route west-to-east    # compare the records of both sides`,
		Annotations:                withExitCodes(exitOK, exitFailed, exitUsage, exitWithLosses, exitDifferent, exitUnreachable, exitUnauthorised, exitInterrupted),
		SilenceErrors:              true, // execute prints them
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		Args:                       cobra.ArbitraryArgs, // so that an unknown command comes to RunE
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	root.AddCommand(
		newDemoCommand(),
		newPlanCommand(),
		newRunCommand(),
		newStatusCommand(),
		newVerifyCommand(),
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
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), strings.Join(args, " "))
			}
			return target.Help()
		},
	}
}

// addConfigFlag is for every command that reads the configuration.
func addConfigFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVarP(path, "config", "c", "", "configuration `file` (default: $MIRROR_CONFIG, ./mirror.yaml, /etc/mirror/mirror.yaml)")
}
