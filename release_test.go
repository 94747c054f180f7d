package tools_test

import (
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// run runs a program in dir, with env added to the environment, and returns its standard output.
func run(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = t.Output()
	output, err := cmd.Output()
	require.NoError(t, err, args)
	return string(output)
}

// tagged makes dir a repository with the code of the command, committed once and tagged with a version.
func tagged(t *testing.T, dir, version string) {
	t.Helper()
	for _, name := range []string{"cmd", "gen", "internal", "outgoing"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, name), os.DirFS(name)))
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	for _, command := range []string{"init --quiet", "add .", "commit --quiet --message all", "tag " + version} {
		run(t, dir, []string{
			"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2026-11-23T12:00:00Z",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=2026-11-23T12:00:00Z",
		}, append([]string{"git"}, strings.Fields(command)...)...)
	}
}

func TestReleaseIsTheSameFromTwoDirectoriesAndSaysWhatItIs(t *testing.T) {
	skipUnlessFull(t, "git")
	text, err := os.ReadFile(".goreleaser.yaml")
	require.NoError(t, err)
	var config struct {
		Builds []struct {
			Main                string
			Env, Flags, Ldflags []string
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &config))
	require.Len(t, config.Builds, 1)
	build := config.Builds[0]

	root := t.TempDir()
	var sums [][sha256.Size]byte
	for _, name := range []string{"one", filepath.Join("two", "deeper")} {
		dir := filepath.Join(root, name)
		tagged(t, dir, "v0.9.8")
		binary := filepath.Join(root, filepath.Base(name)+".exe")
		args := append([]string{"go", "build", "-o", binary, "-ldflags", strings.Join(build.Ldflags, " ")}, build.Flags...)
		run(t, dir, append(build.Env, "GOFLAGS=", "GOWORK=off"), append(args, build.Main)...)

		assert.Regexp(t, `^outgoing v0\.9\.8 \(revision [0-9a-f]{12} of 2026-11-23\) go1\.\S+ `+runtime.GOOS+"/"+runtime.GOARCH+"\n$",
			run(t, dir, nil, binary, "version"))
		content, err := os.ReadFile(binary)
		require.NoError(t, err)
		sums = append(sums, sha256.Sum256(content))
	}
	assert.Equal(t, sums[0], sums[1])
}

func TestReleaseHasAManPageForEachVerb(t *testing.T) {
	skipUnlessFull(t)
	dir := t.TempDir()
	run(t, ".", nil, "go", "run", "-tags", "manual", "./cmd/outgoing", dir, "2026-11-23T12:00:00Z")
	for _, verb := range []string{"", "-cancel", "-doctor", "-get", "-list", "-listen", "-serve", "-watch"} {
		page, err := os.ReadFile(filepath.Join(dir, "man", "outgoing"+verb+".1"))
		require.NoError(t, err)
		assert.Contains(t, string(page), `.TH "OUTGOING`+strings.ToUpper(verb)+`" "1" "Nov 2026"`)
	}
	for _, name := range []string{"outgoing.bash", "outgoing.fish", "outgoing.ps1", "_outgoing"} {
		script, err := os.ReadFile(filepath.Join(dir, "completions", name))
		require.NoError(t, err)
		assert.Contains(t, string(script), "__complete", name)
	}
}
