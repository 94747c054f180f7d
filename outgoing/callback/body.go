package callback

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"

	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

const (
	maxBody = 128 << 10 // 50 messages have some 20 KiB; each stalled sender may hold this much
	maxRows = outgoing.MaxIDs
)

// read returns what the body reports. An empty array reports nothing.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) ([]outgoing.Message, *refusal) {
	body, refused := readBody(w, r)
	if refused != nil {
		return nil, refused
	}
	var (
		reported []outgoing.Message
		dropped  int
		odd      []string
	)
	err := rows.Decode(body, func(m *outgoing.Message, oddMembers []rows.Odd) {
		if m.ID < 1 || rows.Unidentified(m.ID, oddMembers) != nil {
			dropped++
			return
		}
		if len(reported) <= maxRows { // one more, to know that there is one
			reported = append(reported, *m)
		}
		for _, o := range oddMembers {
			odd = append(odd, o.Pointer+" is "+o.Reason)
		}
	})
	switch {
	case len(reported)+dropped > maxRows:
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, detail: "The body has more than 50 rows"}
	case errors.Is(err, rows.ErrTruncated):
		return nil, &refusal{status: http.StatusBadRequest, detail: "The body broke off"}
	case err != nil:
		return nil, &refusal{status: http.StatusBadRequest, detail: "The body is not a JSON array of messages: " + whatIs(body, err)}
	case len(reported) == 0 && dropped > 0:
		return nil, &refusal{status: http.StatusBadRequest, detail: "No row of the body has an ID that can be read"}
	}
	if dropped > 0 {
		h.logger.WarnContext(r.Context(), "rows of a callback without a readable ID were dropped", "rows", dropped)
	}
	if slices.Sort(odd); len(odd) > 0 {
		h.logger.WarnContext(r.Context(), "members of a callback cannot be read, and are taken as zero or null", "members", slices.Compact(odd))
	}
	return reported, nil
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	tooLarge := &refusal{status: http.StatusRequestEntityTooLarge, detail: "The body is larger than 128 KiB"}
	if r.ContentLength > maxBody {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge
	}
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, detail: "The body broke off"}
	}
	return body, nil
}

var form = regexp.MustCompile(`^(--|[\w.%+-][\w.%+\[\]-]*=)`) // multipart, or urlencoded

// whatIs says what a body is that is not rows, or else what is wrong with it. Nothing of the body is in it.
func whatIs(body []byte, err error) string {
	body = bytes.TrimSpace(rows.WithoutBOM(body))
	switch {
	case bytes.HasPrefix(body, []byte(`{`)) && !errors.Is(err, rows.ErrSyntax):
		return "it is one object, not an array"
	case bytes.HasPrefix(body, []byte(`"`)):
		return "it is a string, as of JSON that was encoded twice"
	case bytes.HasPrefix(body, []byte(`<`)):
		return "it is XML or HTML"
	case form.Match(body):
		return "it is a form"
	}
	return err.Error()
}
