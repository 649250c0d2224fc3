package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// These are set by the linker where there is no version control to read them from,
// as in the image: -ldflags "-X main.version=v1.2.3". A revision that ends with
// -dirty had uncommitted changes; its time is RFC 3339.
var version, revision, revisionTime string

func newVersionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version [flags]",
		Short: "Print the version, with -o json also all modules",
		Long:  "Print the version, the revision it was built from and the Go version. JSON also lists every module that is linked in.",
		Example: `  mirror version
  mirror version -o json`,
		Annotations: withExitCodes(exitOK, exitUsage),
		Args:        noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runVersion(readBuild(), output, cmd.OutOrStdout())
		},
	}
	addOutputFlag(cmd, &output)
	return cmd
}

// build describes the binary.
type build struct {
	Version  string        `json:"version"`
	Revision string        `json:"revision"` // empty when it was not built from version control
	Modified bool          `json:"modified"` // there were uncommitted changes
	Time     string        `json:"time"`     // of the revision, RFC 3339
	Go       string        `json:"go"`
	OS       string        `json:"os"`
	Arch     string        `json:"arch"`
	Modules  []buildModule `json:"modules"` // by path
}

type buildModule struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// readBuild reads what the Go tools wrote into the binary.
func readBuild() build {
	b := build{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Modules: []buildModule{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		b.Version = firstOf(version, "unknown")
		return b
	}
	b.Version = firstOf(version, info.Main.Version, "unknown")
	b.Revision, b.Modified = strings.CutSuffix(revision, "-dirty")
	b.Time = revisionTime
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.time":
			b.Time = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	for _, module := range info.Deps {
		b.Modules = append(b.Modules, buildModule{module.Path, module.Version})
	}
	slices.SortFunc(b.Modules, func(x, y buildModule) int { return cmp.Compare(x.Path, y.Path) })
	return b
}

func runVersion(b build, output string, out io.Writer) error {
	if err := checkOutput(output); err != nil {
		return err
	}
	return writeOutput(out, output, b, func(out io.Writer, wide bool) error { return printVersion(out, b, wide) })
}

// printVersion lists the modules in its wide form only.
func printVersion(out io.Writer, b build, wide bool) error {
	fmt.Fprintf(out, "mirror %s\n", b.Version)
	if b.Revision != "" {
		changed := ""
		if b.Modified {
			changed = ", with uncommitted changes"
		}
		fmt.Fprintf(out, "revision %s of %s%s\n", b.Revision, b.Time, changed)
	}
	fmt.Fprintf(out, "%s %s/%s\n", b.Go, b.OS, b.Arch)
	if !wide {
		return nil
	}
	t := newTable(out, "MODULE", "VERSION")
	for _, module := range b.Modules {
		t.row(module.Path, module.Version)
	}
	return t.flush()
}
