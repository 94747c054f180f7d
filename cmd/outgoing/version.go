package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version returns what the go command recorded in the build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	return versionOf(info)
}

// versionOf returns "outgoing v0.1.0 (revision 0123456789ab of 2026-11-23) go1.26.0 linux/amd64". The go command ends the version
// in +dirty if the tree was modified. Only a build in a git repository knows its revision: go install of a version does not.
func versionOf(info *debug.BuildInfo) string {
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	module := cmp.Or(strings.Trim(info.Main.Version, "()"), "devel")
	if revision := settings["vcs.revision"]; revision != "" {
		module += fmt.Sprintf(" (revision %.12s of %.10s)", revision, settings["vcs.time"])
	}
	return fmt.Sprintf("outgoing %s %s %s/%s", module, info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
