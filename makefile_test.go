// Package tools_test runs targets of the Makefile on a small module made for it.
package tools_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/internal/fewer"
)

// module returns a directory with a module of these files.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module example.com/small\n\ngo 1.26\n"
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// skipUnlessFull skips the test unless all is tested, and all programs that it needs are there.
func skipUnlessFull(t *testing.T, programs ...string) {
	t.Helper()
	if !fewer.Full() {
		t.Skip("make ci runs this, with OUTGOING_FULL=1")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s here", program)
		}
	}
}

// runMake runs a target of the repository's Makefile in dir, with env added to the environment.
func runMake(t *testing.T, dir, target string, env ...string) (stdout, stderr string, err error) {
	t.Helper()
	skipUnlessFull(t, "make")
	makefile, err := filepath.Abs("Makefile")
	require.NoError(t, err)
	_, err = os.Stat(makefile) // so that go test runs this again, and not from its cache, when the Makefile changes
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "-f", makefile, target)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=", "GOFLAGS=", "GOWORK=off", "OUTGOING_FULL=")
	cmd.Env = append(cmd.Env, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

const racyTest = `package small

import (
	"sync"
	"testing"
)

func TestTwoGoroutinesWriteOneVariable(t *testing.T) {
	n := 0
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { n++ })
	}
	wg.Wait()
}
`

// withoutCompiler lists the ways in which go says that it cannot build for the race detector.
var withoutCompiler = map[string][]string{
	"cgo is off":           {"CGO_ENABLED=0"},
	"there is no compiler": {"CGO_ENABLED=1", "CC=/nonexistent/cc"},
	"the compiler fails":   {"CGO_ENABLED=1", "CC=false"},
}

func TestMakeTestUsesTheRaceDetector(t *testing.T) {
	if err := exec.CommandContext(t.Context(), "go", "test", "-race", "-run", "^$", "unicode/utf8").Run(); err != nil {
		t.Skip("the race detector does not work here")
	}
	stdout, _, err := runMake(t, module(t, map[string]string{"racy_test.go": racyTest}), "test")
	require.Error(t, err)
	assert.Contains(t, stdout, "WARNING: DATA RACE")
}

func TestMakeTestSaysThatItRunsWithoutTheRaceDetector(t *testing.T) {
	for name, env := range withoutCompiler {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, err := runMake(t, module(t, map[string]string{"racy_test.go": racyTest}), "test", env...)
			require.NoError(t, err, stderr)
			assert.Contains(t, stdout, "ok  \texample.com/small")
			assert.Contains(t, stderr, "make test: running without the race detector")
			assert.Equal(t, 1, strings.Count(stderr, "\n"), "one line: %s", stderr)
		})
	}
}

func TestMakeCIFailsFirstWithoutTheRaceDetector(t *testing.T) {
	for name, env := range withoutCompiler {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, err := runMake(t, module(t, map[string]string{"racy_test.go": racyTest}), "ci", env...)
			require.Error(t, err)
			assert.Contains(t, stderr, "make ci needs the race detector")
			assert.Empty(t, stdout, "before anything else")
		})
	}
}

func TestMakeFuzzGoesOnAfterAFailure(t *testing.T) {
	const fuzzTest = `package small

import "testing"

func FuzzBroken(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, _ int) { t.Error("broken") })
}

func FuzzSound(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, _ int) {})
}
`
	dir := module(t, map[string]string{
		"outgoing/fuzz_test.go":         fuzzTest,
		"outgoing/apart/fuzz_test.go":   "package apart\n\nfunc does not compile\n",
		"outgoing/further/fuzz_test.go": strings.ReplaceAll(fuzzTest, "FuzzBroken", "FuzzAlsoBroken"),
	})
	stdout, stderr, err := runMake(t, dir, "fuzz", "FUZZTIME=1x")
	require.Error(t, err)
	for _, target := range []string{"outgoing FuzzBroken", "outgoing FuzzSound", "outgoing/further FuzzAlsoBroken", "outgoing/further FuzzSound"} {
		assert.Contains(t, stdout, "example.com/small/"+target+"\n", "it was run")
	}
	assert.Contains(t, stderr, `these failed:
  example.com/small/outgoing FuzzBroken
  example.com/small/outgoing/apart
  example.com/small/outgoing/further FuzzAlsoBroken
`)

	_, stderr, err = runMake(t, module(t, map[string]string{
		"outgoing/fuzz_test.go": strings.ReplaceAll(fuzzTest, `t.Error("broken")`, ""),
	}), "fuzz", "FUZZTIME=1x")
	require.NoError(t, err, stderr)
}

func TestMakeDriftNeedsADocument(t *testing.T) {
	_, stderr, err := runMake(t, module(t, map[string]string{}), "drift", "SPEC=")
	require.Error(t, err)
	assert.Contains(t, stderr, "make drift needs SPEC=file")
}

// contractOnly returns a module with the contract and what makes it, so that make verify has nothing else to check.
func contractOnly(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"api", "gen", "internal/contract"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, filepath.FromSlash(name)), os.DirFS(filepath.FromSlash(name))))
	}
	for _, name := range []string{"go.mod", "go.sum", "oapi-codegen.yaml", "tools.go"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	return dir
}

func TestMakeVerifyNamesEveryChangeAndGoesOn(t *testing.T) {
	dir := contractOnly(t)
	text, err := os.ReadFile(filepath.Join(dir, "api", "testdata", "vendor-0.9.2.yaml"))
	require.NoError(t, err)
	moved := strings.NewReplacer("  /messages:", "  /sms:", "maximum: 50", "maximum: 100", "X-Limit:", "X-Page-Size:").Replace(string(text))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "moved.yaml"), []byte(moved), 0o600))
	_, stderr, err := runMake(t, dir, "generate", "SPEC=moved.yaml")
	require.NoError(t, err, stderr)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gen", "extra.gen.go"), []byte("package   gen\n"), 0o600))

	stdout, stderr, err := runMake(t, dir, "verify")
	require.Error(t, err)
	for _, line := range []string{
		`listMessages: was "GET /messages", is "GET /sms" (`,
		`listMessages parameter limit: was "in query, integer, minimum 1, maximum 50, default 10", is "in query, integer, minimum 1, maximum 100, default 10" (outgoing/types.go`,
		`listMessages 200 header X-Limit: was "integer", is gone (`,
		`listMessages 200 header X-Page-Size: is new, "integer" (`,
	} {
		assert.Contains(t, stdout, line)
	}
	assert.Contains(t, stderr, "gen/ is not what api/ gives")
	assert.Contains(t, stderr, "not formatted, run gofmt -w on:\ngen/extra.gen.go")
}

func TestMakeDriftFailsUnlessAllIsHarmless(t *testing.T) {
	dir := contractOnly(t)
	text, err := os.ReadFile(filepath.Join(dir, "api", "testdata", "vendor-0.9.2.yaml"))
	require.NoError(t, err)
	moved := strings.ReplaceAll(string(text), "api.gsmservice.pl", "api.szybkisms.pl")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "moved.yaml"), []byte(moved), 0o600))
	stdout, stderr, err := runMake(t, dir, "drift", "SPEC=moved.yaml")
	require.Error(t, err)
	assert.Contains(t, stdout, `breaking: server 1: was "https://api.gsmservice.pl/rest", is "https://api.szybkisms.pl/rest" (`)
	assert.Contains(t, stderr, "has changes that are not harmless")

	_, stderr, err = runMake(t, dir, "drift", "SPEC=api/testdata/vendor-0.9.2.yaml")
	require.NoError(t, err, stderr)
}
