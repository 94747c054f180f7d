package outgoing

import (
	"context"
	"errors"
	"strings"
)

type tokenSource func(context.Context) (string, error)

// staticToken keeps the token in a closure, where neither fmt nor encoding/json nor reflection over a Client finds it.
func staticToken(token string) tokenSource {
	return func(context.Context) (string, error) { return token, nil }
}

// checkToken says what is wrong with a bearer token, without repeating it.
func checkToken(token string) error {
	switch {
	case token == "":
		return errors.New("the token is empty")
	case strings.TrimRight(token, "\r\n") != token:
		return errors.New("the token ends with a newline: trim it, files and secret stores often add one")
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return errors.New("the token has a space, a control character or a non-ASCII character in it")
		}
	}
	return nil
}
