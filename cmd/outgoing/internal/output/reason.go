package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
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
	text := withoutHTML(err)
	if interrupted {
		text = strings.Replace(text, "context canceled: ", "", 1) // which is how the interrupt reached the library
	}
	return display.Printable(text)
}

// withoutHTML returns the text of an error. If the gateway answered with HTML it says so, since the library's text is then
// about the first character of it.
func withoutHTML(err error) string {
	text := WithoutPrefix(err)
	answer, ok := errors.AsType[*outgoing.APIError](err)
	if !ok || !isHTML(answer) {
		return text
	}
	html := fmt.Sprintf("%s %s: %d %s: the answer is HTML, which usually means a wrong base URL or a proxy (%s)", answer.Method, answer.Path,
		answer.StatusCode, http.StatusText(answer.StatusCode), display.Plural(answer.Attempts, "attempt", "attempts"))
	return strings.Replace(text, WithoutPrefix(answer), html, 1)
}

func isHTML(answer *outgoing.APIError) bool {
	return answer.Problem == outgoing.Problem{} && bytes.HasPrefix(bytes.TrimSpace(answer.Body), []byte("<"))
}

// problemReason returns what the gateway said about one ID.
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

// WithoutPrefix returns the text of an error without the library's prefix, which is this command's name too. It is also
// taken away inside, where net/http quotes the library: the cause of a context that it was given.
func WithoutPrefix(err error) string {
	const prefix = "outgoing: "
	return strings.ReplaceAll(strings.TrimPrefix(err.Error(), prefix), ": "+prefix, ": ")
}
