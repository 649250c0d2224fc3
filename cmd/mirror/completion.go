package main

import (
	"io"

	"github.com/spf13/cobra"
)

func newCompletionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print the completion script of a shell",
		Long:  "Print a script that makes a shell complete mirror's commands and flags.",
		Example: `  source <(mirror completion bash)
  mirror completion zsh > "${fpath[1]}/_mirror"
  mirror completion fish > ~/.config/fish/completions/mirror.fish`,
		Annotations: withExitCodes(exitOK, exitUsage),
		ValidArgs:   []string{"bash", "zsh", "fish", "powershell"},
		Args:        cobra.ArbitraryArgs, // runCompletion refuses with the right exit code
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCompletion(cmd.Root(), args, cmd.OutOrStdout())
		},
	}
}

func runCompletion(root *cobra.Command, args []string, out io.Writer) error {
	if len(args) != 1 {
		return usageErrorf("name one shell: bash, zsh, fish or powershell")
	}
	switch args[0] {
	case "bash":
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(out)
	}
	return usageErrorf("no completion for %q: there is bash, zsh, fish and powershell", args[0])
}
