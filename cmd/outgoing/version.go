package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) versionCommand() *cobra.Command {
	return c.command("version", func(*cobra.Command, []string) error {
		_, err := fmt.Fprintln(c.screen.Out(), version())
		return err
	})
}

// version returns what the go command recorded in the build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "outgoing (built without a record of its version)"
	}
	return versionOf(info)
}

// versionOf returns "outgoing v0.1.0 (revision 0123456789ab of 2026-11-23, modified) go1.26.0 linux/amd64". Only a build in a
// git repository knows its revision: go install of a version does not.
func versionOf(info *debug.BuildInfo) string {
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
		if date, _, ok := strings.Cut(settings["vcs.time"], "T"); ok {
			revision += " of " + date
		}
		if settings["vcs.modified"] == "true" {
			revision += ", modified"
		}
		revision += ")"
	}
	return fmt.Sprintf("outgoing %s%s %s %s/%s", module, revision, info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
