package doctor_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestD2_ARefusedTokenGetsAdvice(t *testing.T) {
	cfg := config(newTransport(t, sampled()))
	cfg.Token = func(context.Context) (string, error) { return "of-another-account", nil }
	found := run(t, cfg)
	found.is(t, doctor.Fail, "token", "401 with a problem document (code 401-7): is it whole")
	found.is(t, doctor.Skipped, "rows", "the answer is 401 with a problem document")
	found.is(t, doctor.OK, "wrong token", "401")
	assert.Equal(t, 1, count(found, doctor.Fail))

	gateway := sampled()
	gateway.Inject(outgoingtest.Fault{Times: -1, Status: http.StatusForbidden})
	found = examine(t, gateway)
	found.is(t, doctor.Fail, "token", "a token can be bound to IP addresses")
}

func TestD2_M2_AnOddBooleanIsNamed(t *testing.T) {
	for spelled, want := range map[string]doctor.Verdict{"Yes": doctor.Note, "on": doctor.Note, "TRUE": doctor.OK, "0": doctor.OK} {
		odd := changed(func(_ *http.Request, a *response) { a.header.Set("X-Sandbox", spelled) })
		examineTo(t, "X-Sandbox", odd).is(t, want, "X-Sandbox", spelled)
	}
	found := examine(t, changed(func(_ *http.Request, a *response) { a.header.Set("X-Sandbox", "Yes") }))
	found.othersAreGood(t, "X-Sandbox")
}
