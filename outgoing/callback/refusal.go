package callback

import (
	"encoding/json"
	"net/http"
)

// refusal is the answer to a callback that is not acknowledged. Its detail is shown and logged: it has nothing of what was
// received in it.
type refusal struct {
	status        int
	detail        string
	header, value string // one that the status asks for; "" if it asks for none
}

func (f *refusal) write(w http.ResponseWriter) {
	header := w.Header()
	if f.header != "" {
		header.Set(f.header, f.value)
	}
	header.Set("Content-Type", "application/problem+json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(f.status), "status": f.status, "detail": f.detail}) // the sender may be gone
}
