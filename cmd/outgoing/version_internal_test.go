package main

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVersionSaysWhatTheBuildRecorded(t *testing.T) {
	vcs := []debug.BuildSetting{
		{Key: "vcs.revision", Value: "9d443a61fcff05d62af9564990b916b1fd97ec2f"},
		{Key: "vcs.time", Value: "2026-11-23T12:00:00Z"},
	}
	for name, c := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		"a release":           {"v0.2.0", vcs, "outgoing v0.2.0 (revision 9d443a61fcff of 2026-11-23)"},
		"a modified tree":     {"v0.2.0+dirty", vcs, "outgoing v0.2.0+dirty (revision 9d443a61fcff of 2026-11-23)"},
		"go install @version": {"v0.2.0", nil, "outgoing v0.2.0"},
		"without git":         {"(devel)", nil, "outgoing devel"},
		"without any version": {"", nil, "outgoing devel"},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: c.version}, Settings: c.settings}
		assert.Equal(t, c.want+" go1.26.0 "+runtime.GOOS+"/"+runtime.GOARCH, versionOf(info), name)
	}
}
