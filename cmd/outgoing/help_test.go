package main_test

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHelpFitsATerminalOf80Columns(t *testing.T) {
	for _, verb := range []string{"", "get", "cancel", "list", "doctor", "watch", "listen", "serve", "demo", "version", "help", "completion", "completion bash"} {
		for _, line := range lines(outgoing(t, append(strings.Fields(verb), "--help")...).stdout) {
			assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, verb+": "+line)
		}
	}
}

func TestWhatCannotBeWrittenIsStatusThree(t *testing.T) {
	for _, args := range []string{"--help", "", "get --help", "help get", "--version", "version", "completion bash", "demo", "watch --demo --until=DELIVERED 43456"} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("no /dev/full here")
		}
		cmd := command(t, strings.Fields(args)...)
		var stderr strings.Builder
		cmd.Stdout, cmd.Stderr = full, &stderr
		assert.Equal(t, 3, statusOf(t, cmd.Run()), args)
		assert.Contains(t, stderr.String(), "no space left", args)
		require.NoError(t, full.Close())
	}
}

func TestWhatIsMistypedGetsASuggestion(t *testing.T) {
	for args, want := range map[string]string{
		"gett 43456":                               "Did you mean this?\n  get\n",
		"get --fromat json 1":                      "did you mean --format?",
		"--fromat json list":                       "did you mean --format?",
		"get --token x 1":                          "did you mean --token-file?",
		"cancel --file=a --yess":                   "did you mean --yes?",
		"get -5":                                   "-5 is not a message ID: they start at 1",
		"cancel 1 -43456":                          "-43456 is not a message ID",
		"list --base-url 127.0.0.1:8080/rest":      "the URL must begin with https:// (or http:// on this machine)\n",
		"list --base-url localhost:8080/rest":      "(or http:// on this machine)\n",
		"list --base-url api.szybkisms.pl/rest":    "(or http:// on this machine)\n",
		"list --base-url //api.szybkisms.pl/rest":  "(or http:// on this machine)\n",
		"list --base-url http:/127.0.0.1:8080":     "(or http:// on this machine)\n",
		"list --base-url me:hush@example.com/rest": "(or http:// on this machine)\n",
	} {
		got := outgoing(t, strings.Fields(args)...)
		assert.Equal(t, 1, got.status, args)
		assert.Contains(t, got.stderr, want, args)
		assert.NotContains(t, got.stderr, "hush")
	}
}

func TestTheBaseURLMayComeFromTheEnvironment(t *testing.T) {
	gateway, flag := serveDouble(t, 10)
	url := strings.TrimPrefix(flag, "--base-url=")
	run := func(env string, args ...string) result {
		cmd := command(t, args...)
		cmd.Env = append(cmd.Env, "GATEWAY_BASE_URL="+env)
		return finish(t, cmd)
	}
	assert.Equal(t, 0, run(url, "list").status)
	assert.Len(t, gateway.Requests(), 1)
	assert.Contains(t, run(url, "get", "7").stderr, "a wrong base URL looks the same")
	assert.Equal(t, 0, run(url, "list", "--demo").status)
	assert.Equal(t, 0, run("http://127.0.0.1:1/rest", "list", flag).status, "the flag comes first")
	assert.Len(t, gateway.Requests(), 3)
	got := run("", "list")
	assert.Equal(t, 1, got.status)
	assert.Contains(t, got.stderr, "GATEWAY_BASE_URL is set, but empty")
	assert.Contains(t, run("127.0.0.1:8080/rest", "list").stderr, "GATEWAY_BASE_URL: the URL must begin with")
}

// Only a shell in a terminal could make use of it.
func TestNoControlCharacterOfOthersReachesStandardError(t *testing.T) {
	for _, args := range [][]string{{"get", "--file", "\x1b[31mx"}, {"\x1b[2J"}, {"get", "--\x1b[2J"}, {"get", "1", "--token-file", "\x1b]0;x\a"}, {"list", "--base-url", "http://\x1b[2J"}} {
		got := outgoing(t, args...)
		assert.Equal(t, 1, got.status, args)
		assert.NotContains(t, got.stderr, "\x1b")
		assert.NotContains(t, got.stderr, "\a")
	}
}
