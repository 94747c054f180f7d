package doctor_test

import (
	"net/http"
	"testing"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestD7_HowErrorsLook(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		if a.status >= 400 {
			a.header.Set("Content-Type", "text/html")
			a.body = "<h1>no</h1>"
		}
	}))
	for _, title := range []string{"wrong token", "limit 51", "page 0"} {
		found.is(t, doctor.Fail, title, "with text/html; documented is a problem document")
	}
	found.is(t, doctor.OK, "unknown path", "404 with text/html, which a wrong base URL can be told by")

	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(samples)...)
	found = examine(t, changedGateway(gateway, func(r *http.Request, a *response) {
		switch {
		case r.FormValue("limit") == "51":
			*a = ask(gateway, withQuery(r, "limit", "50"))
		case r.FormValue("page") == "0":
			*a = ask(gateway, withQuery(r, "page", "1"))
		case a.status == http.StatusNotFound:
			a.header.Set("Content-Type", "application/json")
		}
	}))
	found.is(t, doctor.Fail, "wrong token", "200 with 1 row: any token is let in")
	found.is(t, doctor.Note, "limit 51", "200 with 50 rows")
	found.is(t, doctor.Note, "page 0", "200 with 1 row")
	found.is(t, doctor.OK, "unknown path", "404 with a problem document (code 404-6) as application/json")
	found.othersAreGood(t, "wrong token", "limit 51", "page 0")
}
