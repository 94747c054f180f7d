package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (c *cli) versionCommand() *cobra.Command {
	return c.command("version", "Print the version and build information", func(*cobra.Command, []string) error {
		_, err := fmt.Fprintln(c.screen.Out(), version())
		return err
	})
}

// version returns what the build recorded: "outgoing v0.1.0 (revision 0123456789ab, modified) go1.26.0 linux/amd64".
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "outgoing (built without a record of its version)"
	}
	module, revision, modified := info.Main.Version, "", ""
	if module == "" || module == "(devel)" {
		module = "devel"
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && s.Value != "":
			revision = " (revision " + s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = ", modified"
		}
	}
	if revision != "" {
		revision += modified + ")"
	}
	return fmt.Sprintf("outgoing %s%s %s %s/%s", module, revision, info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
