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

// version returns what the build recorded: "outgoing v0.1.0 (revision 0123456789ab, modified) go1.26.0 linux/amd64".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "outgoing (built without a record of its version)"
	}
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	module, revision := info.Main.Version, settings["vcs.revision"]
	if module == "" || module == "(devel)" {
		module = "devel"
	}
	if revision != "" {
		revision = " (revision " + revision[:min(len(revision), 12)]
		if settings["vcs.modified"] == "true" {
			revision += ", modified"
		}
		revision += ")"
	}
	return fmt.Sprintf("outgoing %s%s %s %s/%s", module, revision, info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
