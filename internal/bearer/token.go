// Package bearer checks bearer tokens.
package bearer

import (
	"errors"
	"strings"
)

// Check says what is wrong with a bearer token, without repeating it.
func Check(token string) error {
	switch {
	case token == "":
		return errors.New("the token is empty")
	case strings.TrimRight(token, "\r\n") != token:
		return errors.New("the token ends with a newline: trim it, files and secret stores often add one")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the token has a space, a control character or a non-ASCII character in it")
	}
	return nil
}
