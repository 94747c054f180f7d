package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/internal/bearer"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

const tokenVariable = "GATEWAY_API_BEARER"

// tokenSource is where the token comes from, for people.
func (f *flags) tokenSource() string { return cmp.Or(display.Printable(f.tokenFile), tokenVariable) }

// explain adds to a refused token where it came from.
func (f *flags) explain(err error) error {
	if errors.Is(err, outgoing.ErrUnauthorized) {
		return fmt.Errorf("%w; check %s", err, f.tokenSource())
	}
	return err
}

// token returns the source of the bearer token. No error repeats it.
func (c *cli) token(file string) (func(context.Context) (string, error), error) {
	token, ok := c.env(tokenVariable)
	switch {
	case file != "":
		f := &tokenFile{name: file}
		token, err := f.read()
		f.last = token
		return f.token, err
	case ok && token == "":
		return nil, fmt.Errorf(noToken, tokenVariable, "is set, but empty")
	case !ok:
		return nil, fmt.Errorf(noToken, tokenVariable, "is not set")
	}
	return func(context.Context) (string, error) { return token, nil }, bearer.Check(token)
}

const noToken = "no token: %s %s; set it, or name a file that holds the token with --token-file; to try things out, --demo needs none"

// tokenFile is a file with a token that may be replaced by another.
type tokenFile struct {
	name string

	mu   sync.Mutex
	last string // the last good one
}

// token is the library's token source. While the file is written, or gone, the last token goes on.
func (f *tokenFile) token(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !isPipe(f.name) {
		if token, err := f.read(); err == nil {
			f.last = token
		}
	}
	return f.last, nil
}

func (f *tokenFile) read() (string, error) {
	text, err := readTokens("the token", f.name)
	if err != nil {
		return "", err
	}
	// One newline, which editors add; a second one is a mistake that the check names.
	token := strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	return token, bearer.Check(token)
}

// readCallbackTokens returns the tokens of files, one a line: two while one is replaced by the next.
func readCallbackTokens(files []string) (tokens []string, err error) {
	const what = "--callback-token-file"
	for _, file := range files {
		text, err := readTokens(what, file)
		if err != nil {
			return nil, err
		}
		for token := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if err := bearer.Check(token); err != nil {
				return nil, fmt.Errorf("%s: %w", what, err)
			}
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

// readTokens reads a file that holds tokens and nothing else. Its errors begin with what they are, and never repeat them.
func readTokens(what, file string) (string, error) {
	f, err := os.Open(file) //nolint:gosec // the file that the user asks for
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	defer func() { _ = f.Close() }()
	const maxLength = 64 << 10 // more than any header may have; /dev/zero is a file too
	content, err := io.ReadAll(io.LimitReader(f, maxLength))
	text := strings.TrimPrefix(string(content), "\ufeff") // with which Windows editors mark UTF-8
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", what, err)
	case len(content) == maxLength:
		return "", fmt.Errorf("%s: %s is too long to be one", what, file)
	case isUTF16(content):
		return "", fmt.Errorf("%s: %s is encoded in UTF-16, as Notepad and PowerShell's > can write it: save it as UTF-8 or ASCII", what, file)
	case strings.Trim(text, "\r\n") == "":
		return "", fmt.Errorf("%s: %s is empty", what, file)
	}
	return text, nil
}

// isPipe reports whether a file can be read only once, as that of <(vault read ...).
func isPipe(file string) bool {
	info, err := os.Stat(file)
	return err == nil && !info.Mode().IsRegular()
}

// isUTF16 reports whether a text starts with UTF-16's byte order mark, or, without one, with an ASCII character in UTF-16.
func isUTF16(text []byte) bool {
	return len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff || (text[0] == 0) != (text[1] == 0))
}
