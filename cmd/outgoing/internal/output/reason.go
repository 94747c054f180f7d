package output

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// Reason returns why something did not happen, for people.
func Reason(err error) string {
	// The cause of a context is only text in the library's errors; only an interrupt cancels one here.
	interrupted := errors.Is(err, interrupt.ErrInterrupted) || errors.Is(err, context.Canceled)
	if interrupted && errors.Is(err, outgoing.ErrNotSent) {
		return interrupt.ErrInterrupted.Error()
	}
	text := WithoutPrefix(err)
	if answer, ok := errors.AsType[*outgoing.APIError](err); ok && bytes.HasPrefix(bytes.TrimSpace(answer.Body), []byte("<")) {
		text += "; the answer is HTML, which usually means a wrong base URL or a proxy"
	}
	if interrupted {
		text = strings.Replace(text, "context canceled: ", "", 1) // which is how the interrupt reached the library
	}
	return display.Printable(text)
}

// WithoutPrefix returns the text of an error without the library's prefix, which is this command's name too. It is also
// taken away inside, where net/http quotes the library: the cause of a context that it was given.
func WithoutPrefix(err error) string {
	const prefix = "outgoing: "
	return strings.ReplaceAll(strings.TrimPrefix(err.Error(), prefix), ": "+prefix, ": ")
}
