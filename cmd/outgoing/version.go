package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and build information",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.screen.Out(), version())
			return err
		},
	}
}

// version is what the build recorded: "outgoing v0.1.0 (revision 0123456789ab, modified) go1.26.0 linux/amd64".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "outgoing (built without a record of its version)"
	}
	return describeBuild(info) + " " + runtime.GOOS + "/" + runtime.GOARCH
}

func describeBuild(info *debug.BuildInfo) string {
	module := info.Main.Version
	if module == "" || module == "(devel)" {
		module = "devel"
	}
	var revision, modified string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = ", modified"
		}
	}
	if revision != "" {
		revision = fmt.Sprintf(" (revision %s%s)", revision, modified)
	}
	return fmt.Sprintf("outgoing %s%s %s", module, revision, info.GoVersion)
}
