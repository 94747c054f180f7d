package callback_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// confirming returns a handler without a token, so that anyone may call.
func confirming(t *testing.T, gateway *outgoingtest.Gateway, sink callback.Sink, opts ...callback.Option) *callback.Handler {
	t.Helper()
	return newHandler(t, sink, append([]callback.Option{callback.WithoutToken(), callback.WithConfirmation(gateway.Client())}, opts...)...)
}

func TestK4_AForgedOrLateCallbackHandsOnWhatTheGatewaySaysNow(t *testing.T) {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoing.Message{ID: 1, StatusCode: "DELIVERED", StatusDate: new(noon)}, outgoing.Message{ID: 2, StatusCode: "SENT", StatusDate: new(noon)})
	s := new(store)
	h := confirming(t, gateway, s.save)
	body := "[" + row(2, "DELIVERED", noon.Add(time.Hour)) + "," + row(1, "SENT", noon.Add(time.Hour)) + "," + row(2, "FAILED", noon) + "]"
	assert.Equal(t, http.StatusNoContent, answer(t, h, post(t, body)).Code)
	assert.Equal(t, "DELIVERED", s.status(1))
	assert.Equal(t, "SENT", s.status(2))
	require.Len(t, gateway.Requests(), 1, "one look-up")
	assert.Equal(t, []int64{2, 1}, gateway.Requests()[0].IDs, "each ID once")
	assert.Equal(t, 1, s.calls)
}

func TestK4_IDsThatTheGatewayDoesNotConfirmAreDroppedAndLogged(t *testing.T) {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoing.Message{ID: 1, StatusCode: "SENT"}, outgoing.Message{ID: 3, StatusCode: "SENT"})
	gateway.Inject(outgoingtest.Fault{Body: new(`[{"id":1,"status_code":"SENT"},{"id":3,"recipient":7}]`)})
	toLog, log := logged()
	var got []outgoing.Message
	h := confirming(t, gateway, func(_ context.Context, changed []outgoing.Message) error {
		got = changed
		return nil
	}, toLog)
	assert.Equal(t, http.StatusNoContent, answer(t, h, post(t, `[{"id":1},{"id":2},{"id":3}]`)).Code)
	require.Len(t, got, 1)
	assert.EqualValues(t, 1, got[0].ID)
	assert.Contains(t, log.String(), "unknown=1 unreadable=1")
}

func TestK4_ALookUpThatConfirmsNothingIsA503AndTheSinkIsNotCalled(t *testing.T) {
	for name, test := range map[string]struct {
		fault outgoingtest.Fault
		ids   string
		log   string
	}{
		"a 500":           {outgoingtest.Fault{Status: http.StatusInternalServerError}, `[{"id":1}]`, "gateway_status=500"},
		"a 401":           {outgoingtest.Fault{Status: http.StatusUnauthorized}, `[{"id":1}]`, "gateway_status=401"},
		"no answer":       {outgoingtest.Fault{Drop: true}, `[{"id":1}]`, "did not answer"},
		"half an answer":  {outgoingtest.Fault{Truncate: 5}, `[{"id":1}]`, "cannot be read"},
		"HTML":            {outgoingtest.Fault{Body: new("<html>")}, `[{"id":1}]`, "cannot be read"},
		"an unread row":   {outgoingtest.Fault{Body: new(`[{"id":1,"parts":[]}]`)}, `[{"id":1}]`, "cannot be read"},
		"none known":      {outgoingtest.Fault{Delay: time.Second}, `[{"id":2},{"id":3}]`, "unknown=2"},
		"none known, 404": {outgoingtest.Fault{Status: http.StatusNotFound}, `[{"id":2}]`, "unknown=1"},
		"too late":        {outgoingtest.Fault{Delay: 10*time.Second + time.Millisecond}, `[{"id":1}]`, "longer than 10s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gateway := outgoingtest.NewGateway()
				gateway.Add(outgoing.Message{ID: 1, StatusCode: "SENT"})
				gateway.Inject(test.fault)
				toLog, log := logged()
				s := new(store)
				h := confirming(t, gateway, s.save, toLog)
				began := time.Now()
				assert.Equal(t, http.StatusServiceUnavailable, answer(t, h, post(t, test.ids)).Code)
				assert.LessOrEqual(t, time.Since(began), 10*time.Second)
				assert.Zero(t, s.calls)
				assert.Len(t, gateway.Requests(), 1, "the callback that comes again is the retry")
				assert.Contains(t, log.String(), test.log)
			})
		})
	}
}

func TestK4_ALookUpMayTake10Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway(outgoingtest.WithLatency(10*time.Second - time.Millisecond))
		gateway.Add(outgoing.Message{ID: 1, StatusCode: "SENT"})
		s := new(store)
		require.NoError(t, gateway.Notify(t.Context(), confirming(t, gateway, s.save), "", 1))
		assert.Equal(t, "SENT", s.status(1))
	})
}

// An outage costs callbacks, and not the retries of the cancels beside them.
func TestK4_LookUpsUseUpNoRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		id := gateway.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})[0]
		client := gateway.Client()
		h := newHandler(t, ignore, callback.WithoutToken(), callback.WithConfirmation(client))
		gateway.Inject(outgoingtest.Fault{Status: http.StatusInternalServerError, Times: 200})
		for range 200 {
			require.ErrorContains(t, gateway.Notify(t.Context(), h, "", id), "503")
		}
		gateway.Inject(outgoingtest.Fault{Status: http.StatusInternalServerError, Times: 3})
		result, err := client.GetByIDs(t.Context(), []int64{id})
		require.NoError(t, err)
		assert.Equal(t, 4, result.Attempts)
	})
}
