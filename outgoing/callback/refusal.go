package callback

import (
	"encoding/json"
	"maps"
	"net/http"
)

// refusal is the answer to a callback that is not acknowledged. Its detail is logged too, and has nothing of the body in it.
type refusal struct {
	status int
	detail string
	header http.Header // what the status asks for
}

func (f *refusal) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), f.header)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": http.StatusText(f.status), "status": f.status, "detail": f.detail}) // the sender may be gone
}
