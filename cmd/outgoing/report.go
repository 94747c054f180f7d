package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

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
	return printable(text)
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

func joinIDs(ids []int64) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatInt(id, 10))
	}
	return b.String()
}

func plural[N int | int64](n N, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}
