package doctor_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
)

func TestD1_ServerErrorsAreNotAskedForWithoutEnd(t *testing.T) {
	transport := newTransport(t, changed(func(_ *http.Request, a *response) {
		*a = response{http.StatusServiceUnavailable, http.Header{}, ""}
	}))
	found := run(t, config(transport))
	found.is(t, doctor.Fail, "answer", "503 with no body")
	found.is(t, doctor.Skipped, "order", "503")
	found.is(t, doctor.Skipped, "wrong token", "503")
	assert.Equal(t, 1, count(found, doctor.Fail))
	assert.Equal(t, int32(3), transport.requests.Load())
}

func TestD1_AGatewayThatFailsNowAndThenGetsEveryLine(t *testing.T) {
	requests := 0
	found := examine(t, changed(func(_ *http.Request, a *response) {
		if requests++; requests%3 == 0 {
			*a = response{http.StatusBadGateway, http.Header{}, ""}
		}
	}))
	found.is(t, doctor.OK, "token", "accepted")
	assert.Greater(t, count(found, doctor.Skipped), 5)
	assert.Zero(t, count(found, doctor.Fail), "one failure says nothing about the gateway: %v", found)
}

func TestD1_AnInterruptEndsTheExaminationWithWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	requests := 0
	cfg := config(newTransport(t, changed(func(*http.Request, *response) {
		if requests++; requests == 5 {
			cancel()
		}
	})))
	found := report{}
	for result := range doctor.Run(ctx, cfg) {
		found[result.Title] = result
	}
	found.is(t, doctor.OK, "token", "accepted")
	found.is(t, doctor.Skipped, "limits", "interrupted")
	found.is(t, doctor.Skipped, "unknown path", "interrupted")
	assert.Equal(t, 5, requests)

	for cause, err := range map[string]error{"interrupted": interrupt.ErrInterrupted, "no token": errors.New("no token")} {
		cfg = config(newTransport(t, sampled()))
		cfg.Token = func(context.Context) (string, error) { return "", err }
		found = run(t, cfg)
		assert.Zero(t, count(found, doctor.Fail))
		found.is(t, doctor.Skipped, "connection", cause)
		found.is(t, doctor.Skipped, "order", cause)
	}
}

func TestD1_ARequestThatIsHeldBackIsAnInterrupt(t *testing.T) {
	found := run(t, config(roundTripper(func(*http.Request) (*http.Response, error) { return nil, interrupt.ErrInterrupted })))
	assert.Zero(t, count(found, doctor.Fail))
	found.is(t, doctor.Skipped, "connection", "interrupted")
}
