package doctor_test

import (
	"net/http"
	"testing"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestD7_AnErrorThatIsNoProblemIsAFail(t *testing.T) {
	found := examine(t, changed(func(_ *http.Request, a *response) {
		if a.status >= 400 {
			a.header.Set("Content-Type", "text/html")
			a.body = "<h1>no</h1>"
		}
	}))
	for _, title := range []string{"wrong token", "limit 51", "page 0"} {
		found.is(t, doctor.Fail, title, "with text/html; documented is a problem document")
	}
	found.is(t, doctor.OK, "unknown path", "404 with text/html")

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
	found.is(t, doctor.Fail, "wrong token", "any token is let in")
	found.is(t, doctor.Note, "limit 51", "200 with 50 rows")
	found.is(t, doctor.Note, "page 0", "200 with 1 row")
	found.is(t, doctor.OK, "unknown path", "404 with a problem document as application/json (code 404-6)")
	found.othersAreGood(t, "wrong token", "limit 51", "page 0")
}

func TestD7_AnyTokenIsLetInByAGatewayForTests(t *testing.T) {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(samples)...)
	for base, want := range map[string]doctor.Verdict{
		"http://127.0.0.1:8080/rest": doctor.Note, "http://LOCALHOST/rest": doctor.Note, "http://[::1]:1/rest": doctor.Note,
		"https://gateway.test/rest": doctor.Fail, "https://localhost.example.test/rest": doctor.Fail,
	} {
		cfg := config(roundTripper(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.URL.Scheme, r.URL.Host = "https", "gateway.test"
			return newTransport(t, gateway).RoundTrip(r)
		}))
		cfg.BaseURL = base
		found := run(t, cfg)
		found.is(t, want, "wrong token", "any token is let in")
		found.othersAreGood(t, "wrong token")
	}
}
