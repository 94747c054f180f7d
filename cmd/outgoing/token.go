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
	f, err := os.Open(file) //nolint:gosec // the file that the user asks for
	if err != nil {
		return "", fmt.Errorf("the token: %w", err)
	}
	defer func() { _ = f.Close() }()
	const maxLength = 64 << 10 // more than any header may have; /dev/zero is a file too
	content, err := io.ReadAll(io.LimitReader(f, maxLength))
	switch {
	case err != nil:
		return "", fmt.Errorf("the token: %w", err)
	case len(content) == maxLength:
		return "", fmt.Errorf("the token: %s is too long to be one", file)
	}
	// One newline, which editors add; a second one is a mistake that the library will name.
	token := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if token == "" {
		return "", fmt.Errorf("the token: %s is empty", file)
	}
	return token, nil
}
