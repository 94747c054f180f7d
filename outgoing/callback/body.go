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
	maxRows = 50        // in one callback, as the contract says; not the limit of IDs in a request
	maxBody = 128 << 10 // 50 messages have some 20 KiB, and each sender that stalls may hold this much
)

// read returns what the body reports. An empty array reports nothing.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) ([]outgoing.Message, *refusal) {
	tooLarge := &refusal{status: http.StatusRequestEntityTooLarge, detail: "The body is larger than 128 KiB, or has more than 50 rows"}
	if r.ContentLength > maxBody {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch _, large := errors.AsType[*http.MaxBytesError](err); {
	case large:
		return nil, tooLarge
	case err != nil:
		return nil, &refusal{status: http.StatusBadRequest, detail: "The body broke off"}
	}
	var (
		reported []outgoing.Message
		dropped  int
		odd      []string
	)
	err = rows.Decode(body, func(m *outgoing.Message, oddMembers []rows.OddMember) {
		switch {
		case m.ID < 1 || rows.Unidentified(m.ID, oddMembers) != nil:
			dropped++
		case len(reported) <= maxRows: // one more, to know that there is one
			reported = append(reported, *m)
			for _, o := range oddMembers {
				odd = append(odd, o.Pointer+" is "+o.Reason)
			}
		}
	})
	switch {
	case len(reported)+dropped > maxRows:
		return nil, tooLarge
	case errors.Is(err, rows.ErrTruncated):
		return nil, &refusal{status: http.StatusBadRequest, detail: "The body broke off"}
	case err != nil:
		return nil, &refusal{status: http.StatusBadRequest, detail: "The body is not a JSON array of messages: " + whatIs(body, err)}
	case len(reported) == 0 && dropped > 0:
		return nil, &refusal{status: http.StatusBadRequest, detail: "No row of the body has an ID that can be read"}
	}
	if slices.Sort(odd); dropped+len(odd) > 0 {
		h.logger.WarnContext(r.Context(), "a callback has rows without a readable ID, which are dropped, or members that cannot be read", "rows", dropped, "members", slices.Compact(odd))
	}
	return reported, nil
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
