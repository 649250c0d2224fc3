package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"mirror/convert"
)

type convertOptions struct {
	out string
	yes bool
}

func newConvertCommand() *cobra.Command {
	var o convertOptions
	cmd := &cobra.Command{
		Use:   "convert FILE",
		Short: "Make a mirror.yaml of a configuration of MirrorMaker 2",
		Long: `Make a mirror.yaml of a configuration of MirrorMaker 2: the properties file of its dedicated mode
(connect-mirror-maker.sh), or Strimzi's KafkaMirrorMaker2 resource. "-" reads standard input.

Every line that has no equal becomes a comment. Where mirror simply has no need of it the comment says why;
where what it asks for does not happen any more the comment begins with DROPPED and says what to do, the
same is told on stderr, and the exit code is 3. Passwords are never written: the output names files, or
environment variables where the input had such, to put them in. What comes out is accepted by mirror run.

No cluster is asked. Afterwards see "mirror plan", and "mirror adopt" to go on where MirrorMaker 2 stopped.`,
		Example: `  mirror convert mm2.properties > mirror.yaml
  mirror convert mm2.properties --out mirror.yaml
  kubectl get kafkamirrormaker2 my-mm2 -o yaml | mirror convert - --out mirror.yaml`,
		Annotations: sayExitCode(sayExitCode(withExitCodes(exitOK, exitFailed, exitUsage, exitWithLosses),
			exitUsage, "the command line or the file to convert is wrong"),
			exitWithLosses, "converted, but something that the file asks for was dropped"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageErrorf("%s takes one file, or - for standard input", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runConvert(o, args[0], cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&o.out, "out", "", "write this `file` instead of standard output")
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "overwrite the file of --out without asking")
	return cmd
}

func runConvert(o convertOptions, name string, in io.Reader, out, errOut io.Writer) error {
	data, err := readInput(name, in)
	if err != nil {
		return withCode(exitUsage, err)
	}
	result, err := convert.File(name, data)
	if err != nil {
		return withCode(exitUsage, err)
	}
	if o.out == "" {
		_, err = out.Write(result.YAML)
	} else {
		err = writeConfig(o.out, result.YAML, o.yes, in, errOut)
	}
	if err != nil {
		return err
	}
	for _, what := range result.Dropped {
		fmt.Fprintf(errOut, "dropped: %s\n", what)
	}
	if len(result.Dropped) > 0 {
		return quietExit(exitWithLosses)
	}
	return nil
}

func readInput(name string, in io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(in)
	}
	return os.ReadFile(name)
}
