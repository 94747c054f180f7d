package callback_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestK5_AnswersAndLogsHaveNoTokenAndNoRecipient(t *testing.T) {
	toLog, log := logged()
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoing.Message{ID: 1, Recipient: recipient, StatusCode: "SENT"})
	sink := func(_ context.Context, changed []outgoing.Message) error {
		switch changed[0].StatusCode {
		case "FAIL":
			return errors.New("the disk is full")
		case "PANIC":
			panic(changed[0])
		}
		return nil
	}
	plain := newHandler(t, sink, callback.WithTokens(token), toLog)
	confirming := newHandler(t, sink, callback.WithTokens(token), callback.WithConfirmation(gateway.Client()), toLog)
	statuses := map[int]int{}
	for _, h := range []http.Handler{plain, confirming} {
		for _, body := range []string{
			row(1, "SENT", noon), "[" + row(1, "SENT", noon) + "]", "[" + row(1, "FAIL", noon) + "]", "[" + row(1, "PANIC", noon) + "]", "[" + row(2, "SENT", noon) + "]",
			`[{"id":1,"sent_date":"` + recipient + `"}]`, `[{"id":1},{"status_date":"` + token + `","recipient":"` + recipient + `"}]`, `["` + recipient, `"` + token,
			`[{"id":1,"` + recipient + `":` + token + `}]`, `[{"id":"` + recipient + token + `"}]`,
		} {
			for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusServiceUnavailable} {
				gateway.Inject(outgoingtest.Fault{Status: status, Body: new(`[{"id":1,"title":"` + recipient + `","sent_date":"` + recipient + `","detail":"` + token + `"}]`)})
				statuses[answer(t, h, post(t, body)).Code]++
			}
		}
	}
	assert.NotContains(t, log.String(), recipient)
	assert.NotContains(t, log.String(), token)
	assert.Contains(t, log.String(), "the disk is full", "the sink's error is logged as it is")
	assert.Contains(t, log.String(), "a value of type gen.Message")
	for _, status := range []int{204, 400, 500, 503} {
		assert.NotZero(t, statuses[status], "%d was tried: %v", status, statuses)
	}
}
