package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/transport"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

const (
	tokenVariable   = "GATEWAY_API_BEARER"
	baseURLVariable = "GATEWAY_BASE_URL"
	demoURL         = "https://gateway.invalid/rest" // to which nothing is sent
)

// knownGateways says which gateway has a base URL.
var knownGateways = map[string]string{
	outgoing.ProductionURL: "in production (" + outgoing.ProductionURL + ")",
	outgoing.SandboxURL:    "in the sandbox (" + outgoing.SandboxURL + ")",
	demoURL:                "in the demo gateway, in memory",
}

// gatewayURL returns the base URL that the flags or the environment name.
func (f *flags) gatewayURL() (string, error) {
	base, namedBy := f.baseURL, "--base-url"
	fromEnv, set := os.LookupEnv(baseURLVariable)
	switch {
	case f.demo:
		return demoURL, nil
	case f.sandbox:
		return outgoing.SandboxURL, nil
	case base == "" && !set:
		return outgoing.ProductionURL, nil
	case base == "" && fromEnv == "":
		return "", fmt.Errorf("%s is set, but empty: unset it for the production system", baseURLVariable)
	case base == "":
		base, namedBy = fromEnv, baseURLVariable
	}
	// With its host in lower case: net/http would send LOCALHOST, and not localhost, through a proxy.
	parsed, err := transport.ParseBaseURL(base)
	if !strings.Contains(base, "://") {
		err = errors.New("the URL must begin with https:// (or http:// on this machine)")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", namedBy, err)
	}
	return strings.TrimRight(parsed, "/"), nil
}

// newTransport returns a transport for the Drainer to wrap. The library's default cannot be wrapped, so this is net/http's,
// with an idle connection for each concurrent request, and pings that find connections that died silently.
func newTransport(concurrency int) http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forbidigo // a clone is not shared
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, concurrency
	t.MaxResponseHeaderBytes = 256 << 10
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	return t
}

// tokenSource returns the source of the bearer token. No error repeats it.
func tokenSource(file string) (func(context.Context) (string, error), error) {
	if file != "" {
		f := &tokenFile{what: "the token", name: file}
		tokens, err := f.current()
		if len(tokens) > 1 {
			err = fmt.Errorf("the token: %s has %d lines, and a token is one", file, len(tokens))
		}
		return func(context.Context) (string, error) {
			tokens, _ := f.current()
			return tokens[0], nil
		}, err
	}
	token := os.Getenv(tokenVariable)
	if token == "" {
		return nil, fmt.Errorf("no token: %s is not set, or empty; set it, or name a file that holds the token with --token-file; "+
			"to try things out, --demo needs none", tokenVariable)
	}
	return func(context.Context) (string, error) { return token, nil }, header.CheckToken(token)
}

// tokenFile is a file with tokens and nothing else, one a line, that may be replaced by another.
type tokenFile struct {
	what string // the tokens are, for people
	name string

	mu   sync.Mutex
	last []string // that could be read
}

// current returns the tokens that the file has now. While it is written, or gone, the tokens from before go on, and the error,
// which repeats none, says why. What is no regular file, such as a pipe, is read once: it may have no writer any more. Without
// a file there are none.
func (f *tokenFile) current() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if info, err := os.Stat(f.name); f.name == "" || err == nil && !info.Mode().IsRegular() && f.last != nil {
		return f.last, nil
	}
	tokens, err := readTokens(f.name)
	if err != nil {
		return f.last, fmt.Errorf("%s: %w", f.what, err)
	}
	f.last = tokens
	return tokens, nil
}

func readTokens(name string) ([]string, error) {
	const most = 1 << 20       // bytes: a device may have no end
	file, err := os.Open(name) //nolint:gosec // the file that the user asks for
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	text := strings.TrimPrefix(string(content), "\ufeff") // with which Windows editors mark UTF-8
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	err = cmp.Or(err,
		errorIf(len(content) > most, "%s has more than %d bytes", name, most),
		errorIf(strings.Contains(text, "\x00"), // as each ASCII character has one there
			"%s is encoded in UTF-16, as Notepad and PowerShell's > can write it: save it as UTF-8 or ASCII", name),
		errorIf(len(lines) == 0, "%s is empty", name),
	)
	for _, token := range lines {
		err = cmp.Or(err, header.CheckToken(token))
	}
	return lines, err
}
