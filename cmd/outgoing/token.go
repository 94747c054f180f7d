package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
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

// token finds the bearer token. No error repeats it.
func (c *cli) token(file string) (string, error) {
	if file == "" {
		token, ok := c.env(tokenVariable)
		if token != "" {
			return token, nil
		}
		what := "is not set"
		if ok {
			what = "is set, but empty"
		}
		return "", fmt.Errorf("no token: %s %s; set it, or name a file that holds the token with --token-file; to try things out, --demo needs none",
			tokenVariable, what)
	}
	return readToken("the token", file)
}

// readToken reads a token from a file that holds nothing else. Its errors begin with what the token is, and never repeat it.
func readToken(what, file string) (string, error) {
	f, err := os.Open(file) //nolint:gosec // the file that the user asks for
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	defer func() { _ = f.Close() }()
	const maxLength = 64 << 10 // more than any header may have; /dev/zero is a file too
	content, err := io.ReadAll(io.LimitReader(f, maxLength))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", what, err)
	case len(content) == maxLength:
		return "", fmt.Errorf("%s: %s is too long to be one", what, file)
	case isUTF16(content):
		return "", fmt.Errorf("%s: %s is encoded in UTF-16, as Notepad and PowerShell's > can write it: save it as UTF-8 or ASCII", what, file)
	}
	text := strings.TrimPrefix(string(content), "\ufeff") // with which Windows editors mark UTF-8
	// One newline, which editors add; a second one is a mistake that the library will name.
	token := strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if token == "" {
		return "", fmt.Errorf("%s: %s is empty", what, file)
	}
	return token, nil
}

// isUTF16 reports whether a text starts with UTF-16's byte order mark, or, without one, with an ASCII character in UTF-16.
func isUTF16(text []byte) bool {
	return len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff || (text[0] == 0) != (text[1] == 0))
}
