package main

import (
	"runtime"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVersionSaysWhatTheBuildRecorded(t *testing.T) {
	vcs := []debug.BuildSetting{
		{Key: "vcs.revision", Value: "9d443a61fcff05d62af9564990b916b1fd97ec2f"},
		{Key: "vcs.time", Value: "2026-11-23T12:00:00Z"},
		{Key: "vcs.modified", Value: "false"},
	}
	with := func(key, value string, settings ...debug.BuildSetting) []debug.BuildSetting {
		return append(slices.Clone(settings), debug.BuildSetting{Key: key, Value: value})
	}
	for name, c := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		"a release":            {"v0.2.0", vcs, "outgoing v0.2.0 (revision 9d443a61fcff of 2026-11-23)"},
		"a modified tree":      {"v0.2.0+dirty", with("vcs.modified", "true", vcs[:2]...), "outgoing v0.2.0+dirty (revision 9d443a61fcff of 2026-11-23, modified)"},
		"without its date":     {"v0.2.0", vcs[:1], "outgoing v0.2.0 (revision 9d443a61fcff)"},
		"go install @version":  {"v0.2.0", nil, "outgoing v0.2.0"},
		"without git":          {"(devel)", nil, "outgoing devel"},
		"without any version":  {"", nil, "outgoing devel"},
		"a date of no meaning": {"v0.2.0", with("vcs.time", "?", vcs[0]), "outgoing v0.2.0 (revision 9d443a61fcff)"},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: c.version}, Settings: c.settings}
		assert.Equal(t, c.want+" go1.26.0 "+runtime.GOOS+"/"+runtime.GOARCH, versionOf(info), name)
	}
}
