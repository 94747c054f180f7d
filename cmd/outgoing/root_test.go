package main_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheCommandExplainsItself(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"get", "--help"}, {"cancel", "--help"}, {"list", "--help"}, {"watch", "--help"}, {"listen", "--help"}, {"doctor", "--help"}, {"serve", "--help"}, {"demo", "--help"}} {
		got := outgoing(t, args...)
		assert.Equal(t, 0, got.status, args)
		assert.Contains(t, got.stdout, "Usage:\n  outgoing", args)
		if len(args) == 0 || args[0] != "demo" {
			assert.Contains(t, got.stdout, "Examples:\n", args)
		}
		assert.Empty(t, got.stderr, args)
	}
}

func TestWrongUseIsStatusOneAndSaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"unknown command":      {[]string{"gte"}, `unknown command "gte" for "outgoing"`},
		"completion for what":  {[]string{"completion", "foo"}, `unknown command "foo" for "outgoing completion"`},
		"completion of what":   {[]string{"completion"}, "which completion: bash, fish"},
		"completion for two":   {[]string{"completion", "bash", "zsh"}, `unknown command "zsh" for "outgoing completion bash"`},
		"help about what":      {[]string{"help", "gte"}, `unknown command "gte" for "outgoing"`},
		"help about too much":  {[]string{"help", "get", "gte"}, `unknown command "gte" for "outgoing get"`},
		"unknown flag":         {[]string{"get", "--tokn", "x"}, "unknown flag: --tokn"},
		"token as a flag":      {[]string{"get", "--token", "x", "1"}, "unknown flag: --token"},
		"no IDs":               {[]string{"get"}, "no message IDs: give them as arguments, or --file F"},
		"no IDs of the demo":   {[]string{"get", "--demo"}, "no message IDs: those of --demo are 43456 to 43575"},
		"negative latency":     {[]string{"serve", "--addr", "127.0.0.1:0", "--latency", "-1s"}, "--latency -1s: it must not be negative"},
		"no IDs to cancel":     {[]string{"cancel", "--yes"}, "no message IDs"},
		"IDs twice":            {[]string{"get", "1", "--file", "f"}, "not from both"},
		"no ID":                {[]string{"get", "12x"}, `"12x" is not a message ID`},
		"ID zero":              {[]string{"get", "0"}, "0 is not a message ID: they start at 1"},
		"ID missing":           {[]string{"get", "1", "", "2"}, `"": a message ID is missing; is a variable unset?`},
		"ID missing in a list": {[]string{"get", "1,,2"}, `"1,,2": a message ID is missing`},
		"ID missing at first":  {[]string{"get", ",1"}, `",1": a message ID is missing`},
		"ID missing at last":   {[]string{"get", "1,2,"}, `"1,2,": a message ID is missing`},
		"column of arguments":  {[]string{"get", "1", "--column", "2"}, "--column is for the IDs of a --file"},
		"column zero":          {[]string{"get", "--file", "f", "--column", "0"}, "--column 0: columns are counted from 1"},
		"column negative":      {[]string{"get", "--file", "f", "--column=-1"}, "--column -1: columns are counted from 1"},
		"ID too large":         {[]string{"get", "9223372036854775808"}, "too large for a message ID"},
		"format":               {[]string{"list", "--demo", "--format", "xml"}, `--format "xml": it is one of table, json, jsonl, csv`},
		"two gateways":         {[]string{"list", "--demo", "--sandbox"}, "give one of them"},
		"token for the demo":   {[]string{"list", "--demo", "--token-file", "f"}, "--demo needs no token"},
		"concurrency":          {[]string{"list", "--demo", "--concurrency", "0"}, "--concurrency 0"},
		"attempts":             {[]string{"list", "--demo", "--attempts", "0"}, "--attempts 0"},
		"page":                 {[]string{"list", "--demo", "--page", "0"}, "--page 0: pages start at 1"},
		"limit":                {[]string{"list", "--demo", "--limit", "51"}, "--limit 51: a page has 1 to 50 messages"},
		"page of all":          {[]string{"list", "--demo", "--all", "--limit", "5"}, "--all lists every page"},
		"argument":             {[]string{"list", "5"}, "list takes no IDs; get does"},
		"public address":       {[]string{"serve", "--addr", "0.0.0.0:0"}, "other machines could reach this; if they should, say --expose too"},
		"every address":        {[]string{"serve", "--addr", ":0"}, "--expose"},
		"address without port": {[]string{"serve", "--addr", "localhost"}, "it is host:port"},
		"fault":                {[]string{"serve", "--addr", "127.0.0.1:0", "--fault", "statsu=503"}, `unknown key "statsu"`},
		"content type":         {[]string{"serve", "--addr", "127.0.0.1:0", "--fault", "content-type=html"}, "content-type: it is a media type such as text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			got := outgoing(t, test.args...)
			assert.Equal(t, 1, got.status)
			assert.Contains(t, got.stderr, test.want)
			assert.Contains(t, got.stderr, "--help")
			assert.Empty(t, got.stdout)
		})
	}
}

func TestWhatCannotStartIsStatusOne(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no such file":          {[]string{"get", "--file", "/nowhere/ids"}, "/nowhere/ids"},
		"no such token file":    {[]string{"get", "1", "--token-file", "/nowhere/token"}, "/nowhere/token"},
		"plain HTTP far away":   {[]string{"get", "1", "--base-url", "http://example.com/rest"}, "--base-url: must start with https://"},
		"password in the URL":   {[]string{"get", "1", "--base-url", "https://u:" + token + "@example.com/rest"}, "--base-url: must not have a user"},
		"the port is not free":  {[]string{"serve", "--addr", "127.0.0.1:1"}, "listen"},
		"no one to ask":         {[]string{"cancel", "--demo", "43463"}, "--yes goes on without asking"},
		"no one to ask, really": {[]string{"cancel", "43463"}, "nothing was cancelled"},
		"no such port":          {[]string{"serve", "--addr", "127.0.0.1:99999"}, "invalid port"},
		"a bad ID in a file":    {[]string{"get", "--demo", "--file", file(t, "43456x\n")}, "is not a message ID"},
		"a bad message":         {[]string{"serve", "--messages-file", file(t, "x\n")}, "--messages-file"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "the port is not free" {
				test.args[2] = busyAddr(t)
			}
			got := outgoing(t, test.args...)
			assert.Equal(t, 1, got.status)
			assert.Contains(t, got.stderr, test.want)
			assert.Empty(t, got.stdout)
			assert.Equal(t, strings.Contains(name, "not free"), strings.Contains(got.stderr, "if something else listens"))
			assert.Equal(t, strings.Contains(got.stderr, "base-url") || name == "no such file", strings.Contains(got.stderr, "--help"))
		})
	}
}

// As far as a command can tell, the gateway was asked: one rule for all verbs.
func TestAGatewayThatDoesNotAnswerIsStatusTwo(t *testing.T) {
	for _, args := range [][]string{{"get", "1"}, {"cancel", "--yes", "1"}, {"list"}, {"list", "--all"}} {
		got := outgoing(t, append(args, "--base-url", "http://127.0.0.1:1/rest", "--attempts", "1")...)
		assert.Equal(t, 2, got.status, args)
		assert.Contains(t, got.stdout+got.stderr, "connection refused", args)
	}
}

func TestVersionComesFromTheBuild(t *testing.T) {
	got := outgoing(t, "version")
	assert.Equal(t, 0, got.status)
	assert.Regexp(t, `^outgoing \S+ (\(revision [0-9a-f]{12} of [0-9-]{10}\) )?go1\.\S+ \w+/\w+\n$`, got.stdout)
	assert.Equal(t, got.stdout, outgoing(t, "--version").stdout)
	assert.Equal(t, 1, outgoing(t, "-v").status, "it is --verbose, where there is something to log")
}

func TestShellsCompleteFormatsAndNoFileNames(t *testing.T) {
	assert.Contains(t, outgoing(t, "completion", "bash").stdout, "bash completion V2 for outgoing")
	assert.Equal(t, "table\njson\njsonl\ncsv\nexcel\n:4\n", outgoing(t, "__complete", "get", "--format", "").stdout)
	assert.Equal(t, ":4\n", outgoing(t, "__complete", "cancel", "").stdout)
}

func TestShellsShowNoMarkupInTheDescriptionsOfFlags(t *testing.T) {
	for _, name := range []string{"get", "cancel", "list", "serve", "demo", "version"} {
		got := outgoing(t, "__complete", name, "--")
		assert.Contains(t, got.stdout, "--", name)
		assert.NotContains(t, got.stdout, "`", name)
	}
	help := outgoing(t, "get", "--help").stdout
	assert.Contains(t, help, "--base-url URL ")
	assert.Contains(t, help, "--file file ")
	assert.Contains(t, help, "--format string ")
	help = outgoing(t, "serve", "--help").stdout
	assert.Contains(t, help, "--addr host:port ")
	assert.Contains(t, help, "--fault fault ")
}

// An unset variable of a script must not mean the default: without a base URL that is production.
func TestAFlagThatIsGivenButEmptyIsWrongUsage(t *testing.T) {
	ids := file(t, "43456\n")
	for _, test := range [][]string{
		{"get", "1", "--base-url", ""},
		{"cancel", "--yes", "--base-url=", "1"},
		{"list", "--base-url", ""},
		{"get", "--demo", "--file", ""},
		{"cancel", "--demo", "--yes", "--file", ""},
		{"get", "1", "--token-file", ""},
		{"cancel", "1", "--yes", "--token-file", ""},
		{"list", "--token-file", ""},
		{"list", "--demo", "--format", ""},
		{"get", "--demo", "--file", ids, "--column", ""},
		{"serve", "--addr", ""},
		{"serve", "--addr=127.0.0.1:0", "--token", ""},
		{"serve", "--addr=127.0.0.1:0", "--fault", ""},
	} {
		cmd := command(t, test...)
		cmd.Env = append(cmd.Env, "HTTPS_PROXY=http://127.0.0.1:1") // nothing reaches production, whatever happens
		got := finish(t, cmd)
		assert.Equal(t, 1, got.status, test)
		assert.Contains(t, got.stderr, "it is empty; is a variable unset?", test)
		assert.Contains(t, got.stderr, " --help", test)
		assert.Empty(t, got.stdout, test)
	}
}
