package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/internal/fewer"
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

// breaking is a gateway that gives no whole answer to some requests, which are counted from 1 on.
func breaking(t *testing.T, err error, breaks func(n int32, r *http.Request) bool) (doctor.Config, inMemory) {
	t.Helper()
	good := newTransport(t, sampled())
	return config(roundTripper(func(r *http.Request) (*http.Response, error) {
		if res, lost := good.RoundTrip(r); lost != nil || !breaks(good.requests.Load(), r) {
			return res, lost
		}
		return nil, err
	})), good
}

func TestD1_AnAnswerThatBreaksOffFailsItsOwnChecks(t *testing.T) {
	lookUps := []string{"known ID", "repeated ID", "50 IDs", "51 IDs", "unknown among known"}
	for name, test := range map[string]struct {
		err    error
		breaks func(n int32, r *http.Request) bool
		fail   []string
		seen   string
	}{
		"every look-up of known IDs": {io.ErrUnexpectedEOF, namesTheNewest, lookUps, "unexpected EOF"},
		"a dropped connection":       {fmt.Errorf("reading: %w", io.EOF), namesTheNewest, lookUps, "the connection was dropped"},
		"the second page": {io.EOF, func(_ int32, r *http.Request) bool { return r.URL.RawQuery == "page=2&limit=50" },
			[]string{"rows"}, "dropped"}, // the others take the rows of the first
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := breaking(t, test.err, test.breaks)
			recorded := 0
			cfg.Record = func(string, []byte) { recorded++ }
			found := run(t, cfg)
			for _, title := range test.fail {
				found.is(t, doctor.Fail, title, test.seen)
			}
			found.othersAreGood(t, test.fail...)
			assert.Greater(t, recorded, 10)
		})
	}
}

func namesTheNewest(_ int32, r *http.Request) bool {
	return strings.Contains(r.URL.Path, "/messages/43") && strings.Contains(r.URL.Path+",", "43575,")
}

// What is left is skipped, and soon: each request may be one that no one answers.
func TestD1_AGatewayThatDiesInTheMiddleIsAFail(t *testing.T) {
	each := int32(5)
	if fewer.Full() {
		each = 1
	}
	for last := int32(0); last < 24; last += each {
		cfg, transport := breaking(t, io.EOF, func(n int32, _ *http.Request) bool { return n > last })
		found := run(t, cfg)
		assert.Equal(t, 1, count(found, doctor.Fail), "after %d requests: %v", last, found)
		assert.Contains(t, found["unknown path"].Seen, "the connection was dropped")
		assert.LessOrEqual(t, transport.requests.Load(), last+2)
	}
	requests := 0
	found := examine(t, changed(func(_ *http.Request, a *response) {
		if requests++; requests > 8 {
			*a = response{http.StatusBadGateway, http.Header{}, ""}
		}
	}))
	assert.Equal(t, 1, count(found, doctor.Fail), "%v", found)
	assert.Less(t, requests, 8+5)
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
