package callback_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

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

// at is a message in a state that it has had for so long.
func at(id int64, status string, age time.Duration) outgoing.Message {
	return outgoing.Message{ID: id, StatusCode: status, StatusDate: new(time.Now().UTC().Truncate(time.Second).Add(-age))}
}

func rowAt(id int64, status string, age time.Duration) string {
	m := at(id, status, age)
	return row(id, status, *m.StatusDate)
}

func TestK4_ACallbackIsAcknowledgedOnlyIfTheAnswerSettlesEachRow(t *testing.T) {
	const day = 24 * time.Hour
	undated := func(id int64, status string) outgoing.Message {
		return outgoing.Message{ID: id, StatusCode: status}
	}
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct {
			now     []outgoing.Message // what the gateway says
			rows    []string           // of the callback
			status  int
			stored  map[int64]string
			dropped string // in the log
		}{
			"as it says":                   {[]outgoing.Message{at(1, "SENT", 0)}, []string{rowAt(1, "SENT", 0)}, 204, map[int64]string{1: "SENT"}, ""},
			"newer":                        {[]outgoing.Message{at(1, "DELIVERED", 0)}, []string{rowAt(1, "SENT", time.Second)}, 204, map[int64]string{1: "DELIVERED"}, ""},
			"older: a replica":             {[]outgoing.Message{at(1, "SENT", 9*time.Second)}, []string{rowAt(1, "DELIVERED", 0)}, 503, map[int64]string{1: "SENT"}, ""},
			"older by a second":            {[]outgoing.Message{at(1, "SENT", time.Second)}, []string{rowAt(1, "DELIVERED", 0)}, 503, map[int64]string{1: "SENT"}, ""},
			"another zone":                 {[]outgoing.Message{at(1, "SENT", 0)}, []string{row(1, "SENT", time.Now().In(time.FixedZone("", 2*3600)))}, 204, map[int64]string{1: "SENT"}, ""},
			"a fraction of a second older": {[]outgoing.Message{at(1, "SENT", 0)}, []string{`{"id":1,"status_date":"` + time.Now().UTC().Format("2006-01-02T15:04:05") + `.9Z"}`}, 204, map[int64]string{1: "SENT"}, ""},
			"unknown":                      {nil, []string{rowAt(1, "SENT", 0)}, 503, nil, ""},
			"one of two unknown":           {[]outgoing.Message{at(1, "SENT", 0)}, []string{rowAt(1, "SENT", 0), rowAt(2, "SENT", 0)}, 503, map[int64]string{1: "SENT"}, ""},
			"one of two older":             {[]outgoing.Message{at(1, "SENT", 0), at(2, "QUEUED", 5*time.Second)}, []string{rowAt(2, "SENT", 0), rowAt(1, "SENT", 0)}, 503, map[int64]string{1: "SENT", 2: "QUEUED"}, ""},
			"one of its rows older":        {[]outgoing.Message{at(1, "SENT", 5*time.Second)}, []string{rowAt(1, "DELIVERED", 0), rowAt(1, "SENT", 5*time.Second)}, 503, map[int64]string{1: "SENT"}, ""},
			"unknown for a day":            {nil, []string{rowAt(1, "SENT", day)}, 503, nil, ""},
			"unknown for longer":           {nil, []string{rowAt(1, "SENT", day+time.Second)}, 204, nil, "[1]"},
			"one unknown for longer":       {[]outgoing.Message{at(1, "SENT", 2*day)}, []string{rowAt(1, "SENT", 2*day), rowAt(2, "SENT", 2*day)}, 204, map[int64]string{1: "SENT"}, "[2]"},
			"one for longer, one new":      {nil, []string{rowAt(1, "SENT", 2*day), rowAt(2, "SENT", 0)}, 503, nil, "[1]"},
			"older for longer":             {[]outgoing.Message{at(1, "SENT", 3*day)}, []string{rowAt(1, "DELIVERED", 2*day)}, 204, map[int64]string{1: "SENT"}, "[1]"},
			"far in the future":            {[]outgoing.Message{at(1, "SENT", 0)}, []string{rowAt(1, "DELIVERED", -2*day)}, 204, map[int64]string{1: "SENT"}, "[1]"},
			"before the common era":        {nil, []string{`{"id":1,"status_date":"0001-01-01T00:00:00Z"}`}, 204, nil, "[1]"},
			"undated row":                  {[]outgoing.Message{at(1, "SENT", 9*day)}, []string{`{"id":1,"status_code":"DELIVERED"}`}, 204, map[int64]string{1: "SENT"}, ""},
			"a date without a zone":        {[]outgoing.Message{at(1, "SENT", 9*day)}, []string{`{"id":1,"status_date":"2026-01-05 12:00:00"}`}, 204, map[int64]string{1: "SENT"}, ""},
			"undated row, unknown":         {nil, []string{`{"id":1}`}, 503, nil, ""},
			"undated, in the same state":   {[]outgoing.Message{undated(1, "SENT")}, []string{rowAt(1, "SENT", 0)}, 204, map[int64]string{1: "SENT"}, ""},
			"undated, in another state":    {[]outgoing.Message{undated(1, "QUEUED")}, []string{rowAt(1, "SENT", 0)}, 503, map[int64]string{1: "QUEUED"}, ""},
			"undated, for longer":          {[]outgoing.Message{undated(1, "QUEUED")}, []string{rowAt(1, "SENT", 2*day)}, 204, map[int64]string{1: "QUEUED"}, "[1]"},
			"undated on both sides":        {[]outgoing.Message{undated(1, "QUEUED")}, []string{`{"id":1,"status_code":"SENT","status_date":null}`}, 204, map[int64]string{1: "QUEUED"}, ""},
		} {
			gateway := outgoingtest.NewGateway()
			gateway.Add(test.now...)
			toLog, log := logged()
			s := new(store)
			w := answer(t, confirming(t, gateway, s.save, toLog), post(t, "["+strings.Join(test.rows, ",")+"]"))
			assert.Equal(t, test.status, w.Code, name)
			assert.Len(t, s.byID, len(test.stored), name)
			for id, status := range test.stored {
				assert.Equal(t, status, s.status(id), name)
			}
			assert.Equal(t, len(test.stored) > 0, s.calls == 1, "%s: what was confirmed is handed on at once", name)
			assert.Equal(t, test.dropped != "", strings.Contains(log.String(), "were dropped"), "%s: %s", name, log)
			assert.Contains(t, log.String(), test.dropped, name)
		}
	})
}

// sendUntilAcknowledged is a gateway that sends a callback again, and returns how often it did.
func sendUntilAcknowledged(t *testing.T, h http.Handler, body string, atMost int) int {
	t.Helper()
	for n := range atMost {
		if answer(t, h, post(t, body)).Code == http.StatusNoContent {
			return n + 1
		}
		time.Sleep(5 * time.Minute)
	}
	t.Fatalf("it came %d times", atMost)
	return 0
}

func TestK4_AChangeThatAReplicaDoesNotShowYetIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		gateway.Add(at(1, "SENT", 9*time.Second), at(2, "SENT", 9*time.Second))
		body := "[" + rowAt(1, "DELIVERED", 0) + "," + rowAt(3, "QUEUED", 0) + "]"
		time.AfterFunc(12*time.Minute, func() { gateway.Add(at(1, "DELIVERED", 12*time.Minute)) })
		time.AfterFunc(33*time.Minute, func() { gateway.Add(at(3, "QUEUED", 33*time.Minute)) })
		s := new(store)
		assert.Equal(t, 8, sendUntilAcknowledged(t, confirming(t, gateway, s.save), body, 100))
		assert.Equal(t, "DELIVERED", s.status(1))
		assert.Equal(t, "QUEUED", s.status(3))
	})
}

func TestK4_NothingComesForEver(t *testing.T) {
	for name, fault := range map[string]*outgoingtest.Fault{
		"unknown":        nil,
		"an unread row":  {Body: new(`[{"id":1,"status_code":"SENT"},{"status_code":"SENT"}]`), Times: -1},
		"a lonely one":   {Body: new(`[{"status_code":"SENT"}]`), Times: -1},
		"none, as a 404": {Status: http.StatusNotFound, Times: -1},
	} {
		synctest.Test(t, func(t *testing.T) {
			gateway := outgoingtest.NewGateway()
			gateway.Add(outgoing.Message{ID: 1, StatusCode: "SENT"})
			if fault != nil {
				gateway.Inject(*fault)
			}
			body := "[" + rowAt(1, "SENT", 0) + "," + rowAt(2, "SENT", 0) + "]"
			n := sendUntilAcknowledged(t, confirming(t, gateway, new(store).save), body, 24*12+2)
			assert.Equal(t, 24*12+2, n, "%s: for a day, every 5 minutes", name)
		})
	}
}

// A receiver that was away for days gets what waited for it also where the gateway is away then.
func TestK4_ALookUpThatFailsDropsNothingHoweverOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		gateway.Add(at(1, "SENT", 72*time.Hour))
		s := new(store)
		h := confirming(t, gateway, s.save)
		for _, fault := range []outgoingtest.Fault{
			{Status: 500}, {Status: 502}, {Status: 503}, {Status: 400}, {Status: 401}, {Status: 403}, {Status: 429, RetryAfter: "7"}, {Drop: true},
			{Truncate: 5}, {Body: new("<html>")}, {Status: 302}, {Delay: 11 * time.Second},
		} {
			gateway.Inject(fault)
			assert.Equal(t, http.StatusServiceUnavailable, answer(t, h, post(t, "["+rowAt(1, "SENT", 72*time.Hour)+"]")).Code, fault)
			assert.Zero(t, s.calls)
			time.Sleep(10 * time.Minute) // a hold is over
		}
		assert.Equal(t, http.StatusNoContent, answer(t, h, post(t, "["+rowAt(1, "SENT", 72*time.Hour)+"]")).Code)
		assert.Equal(t, "SENT", s.status(1))
	})
}

// What a sink cannot store is more than what the gateway does not show yet.
func TestK4_ASinkThatFailsIsLoggedAlsoWhereRowsAreUnsettled(t *testing.T) {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoing.Message{ID: 1, StatusCode: "SENT"})
	toLog, log := logged()
	h := confirming(t, gateway, func(context.Context, []outgoing.Message) error { return errors.New("disk full") }, toLog)
	w := answer(t, h, post(t, `[{"id":1},{"id":2}]`))
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Contains(t, w.Body.String(), "could not be stored")
	assert.Contains(t, log.String(), "disk full")
	assert.Contains(t, log.String(), "unknown=1")
}

// An outsider makes the gateway ask for fewer requests. The owner's cancels go through another Client.
func TestK7_CallbacksOfOutsidersHoldOnlyTheClientOfTheConfirmation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		id := gateway.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})[0]
		owner := gateway.Client()
		h := confirming(t, gateway, ignore)
		gateway.Inject(outgoingtest.Fault{Method: http.MethodGet, Status: http.StatusTooManyRequests, RetryAfter: "300", Times: -1})
		for range 601 {
			assert.Equal(t, http.StatusServiceUnavailable, answer(t, h, post(t, `[{"id":7}]`)).Code)
		}
		began := time.Now()
		result, err := owner.CancelScheduled(t.Context(), []int64{id})
		require.NoError(t, err)
		assert.Equal(t, outgoing.Cancelled, result.Outcomes[0].State)
		assert.Zero(t, time.Since(began))
	})
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
		"an unread row":   {outgoingtest.Fault{Body: new(`[{"parts":1}]`)}, `[{"id":1}]`, "cannot be read"},
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
