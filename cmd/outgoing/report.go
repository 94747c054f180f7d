package main

import (
	"context"
	"errors"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// reason is why something did not happen, for people.
func reason(err error) string {
	// The cause of a context is no more than text in the library's errors; only an interrupt cancels one here.
	interrupted := errors.Is(err, errInterrupted) || errors.Is(err, context.Canceled)
	if interrupted && errors.Is(err, outgoing.ErrNotSent) {
		return errInterrupted.Error()
	}
	text := bare(err)
	if interrupted {
		text = strings.Replace(text, "context canceled: ", "", 1) // which is how the interrupt reached the library
	}
	return display.Printable(text)
}

// problemReason is what the gateway said about one ID.
func problemReason(p outgoing.Problem) string {
	text := p.Title
	if p.Detail != "" {
		text = p.Detail
	}
	if p.Code != "" {
		text = strings.TrimSpace(text + " (code " + p.Code + ")")
	}
	return text
}
