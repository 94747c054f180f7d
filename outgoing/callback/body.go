package callback

import (
	"errors"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	rows "github.com/gsmservice-gateway/client-go/internal/oldrows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

const (
	maxBody = 1 << 20 // 50 messages have some 20 KiB
	maxRows = outgoing.MaxIDs
)

// report is what a callback says.
type report struct {
	messages []outgoing.Message // without confirmation
	ids      []int64            // with confirmation, which needs nothing else
}

func (r report) isEmpty() bool { return len(r.messages) == 0 && len(r.ids) == 0 }

// idRow is a row of which only the ID counts.
type idRow struct {
	ID int64 `json:"id"`
}

// read reads the body. An empty array is an empty report.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (report, *refusal) {
	body, refused := readBody(w, r)
	if refused != nil {
		return report{}, refused
	}
	var (
		reported report
		dropped  int
	)
	if h.client != nil {
		var found []idRow
		found, dropped, refused = decode(body, func(row *idRow) int64 { return row.ID })
		for _, row := range found {
			reported.ids = append(reported.ids, row.ID)
		}
	} else {
		reported.messages, dropped, refused = decode(body, func(m *outgoing.Message) int64 { return m.ID })
	}
	if refused == nil && dropped > 0 {
		h.logger.WarnContext(r.Context(), "unreadable rows of a callback were dropped", "rows", dropped)
	}
	return reported, refused
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	tooLarge := &refusal{status: http.StatusRequestEntityTooLarge, detail: "The body is larger than 1 MiB"}
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

// decode returns the rows that have an ID, in their order, and how many others were dropped. Why a row is unreadable is not
// told, since the reason may quote the row.
func decode[T any](body []byte, idFrom func(*T) int64) (found []T, dropped int, refused *refusal) {
	err := rows.Decode(rows.WithoutBOM(body), func(row *T) {
		switch {
		case idFrom(row) < 1:
			dropped++
		case len(found) <= maxRows: // one more, to know that there is one
			found = append(found, *row)
		}
	}, func(jsontext.Value, error) { dropped++ })
	switch {
	case len(found)+dropped > maxRows:
		return nil, 0, &refusal{status: http.StatusRequestEntityTooLarge, detail: "The body has more than 50 rows"}
	case errors.Is(err, rows.ErrTruncated):
		return nil, 0, &refusal{status: http.StatusBadRequest, detail: "The body broke off"}
	case err != nil:
		return nil, 0, &refusal{status: http.StatusBadRequest, detail: "The body is not an array of messages: " + err.Error()}
	case len(found) == 0 && dropped > 0:
		return nil, 0, &refusal{status: http.StatusBadRequest, detail: "No row of the body can be read"}
	}
	return found, dropped, nil
}
