package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// reason is why something did not happen, for people.
func reason(err error) string {
	if errors.Is(err, errInterrupted) && errors.Is(err, outgoing.ErrNotSent) {
		return errInterrupted.Error()
	}
	return printable(bare(err))
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
