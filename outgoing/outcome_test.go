package outgoing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// retriedAnyway are those of them after which another attempt is made.
var retriedAnyway = map[string]bool{"connection dropped": true, "500": true, "502": true, "504": true, "attempt timeout": true}

func TestC2_LostAnswerIsUnknownWhateverALaterAttemptSays(t *testing.T) {
	for name, fault := range lostAnswers() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := scheduled(1)
				fault.Method, fault.AfterWork = http.MethodDelete, true
				gone := outgoingtest.Fault{Method: http.MethodDelete, Body: new(`[{"id":1,"status":404,"error":{"title":"Not Found"}}]`)}
				g.Inject(fault, gone)

				got, err := g.Client().CancelScheduled(t.Context(), []int64{1})

				require.Equal(t, []int64{1}, got.IDs(outgoing.Unknown), "neither Rejected nor Cancelled")
				o := got.Outcomes[0]
				require.NotNil(t, o.Message, "read back")
				assert.Equal(t, "CANCELLED", o.Message.StatusCode)
				assert.Nil(t, o.Problem)
				var failed *outgoing.BatchError
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, []int64{1}, failed.IDs())
				assert.Equal(t, 1, count(g, http.MethodGet), "once")
				deletes := 1
				if retriedAnyway[name] {
					deletes = 2
				}
				assert.Equal(t, deletes, count(g, http.MethodDelete))
				assert.Equal(t, deletes+1, got.Attempts)
			})
		})
	}
}

func TestC2_RefusalOfTheWholeRequestProvesNothingEither(t *testing.T) {
	for _, code := range []int{400, 401, 403, 404, 409, 422, 429} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(2)
			g.Inject(outgoingtest.Fault{AfterWork: true, Drop: true}, outgoingtest.Fault{Method: http.MethodDelete, Status: code, Times: 3})
			got, err := g.Client().CancelScheduled(t.Context(), ids(2))
			require.Error(t, err)
			assert.Equal(t, ids(2), got.IDs(outgoing.Unknown), "%d", code)
			reads := 1
			if code == 401 || code == 403 {
				reads = 0 // C3
			}
			assert.Equal(t, reads, count(g, http.MethodGet), "%d", code)
		})
	}
}

func TestC2_RefusalBeforeTheDoubtDoesNotLiftIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1)
		g.Inject(outgoingtest.Fault{Status: 429}, outgoingtest.Fault{AfterWork: true, Status: 502}, outgoingtest.Fault{Status: 400})
		got, err := g.Client().CancelScheduled(t.Context(), []int64{1})
		require.Error(t, err)
		assert.Equal(t, []int64{1}, got.IDs(outgoing.Unknown))
	})
}

func TestC2_EasyCasesStayEasy(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults []outgoingtest.Fault
		want   outgoing.State
	}{
		{"429, then a 404 by row", []outgoingtest.Fault{{Status: 429}, {Body: new(`[{"id":1,"status":404}]`)}}, outgoing.Rejected},
		{"429, then a 204", []outgoingtest.Fault{{Status: 429}}, outgoing.Cancelled},
		{"408, then a 400 by row", []outgoingtest.Fault{{Status: 408}, {Body: new(`[{"id":1,"status":400}]`)}}, outgoing.Rejected},
		{"502 without effect, then a 204", []outgoingtest.Fault{{Status: 502}}, outgoing.Cancelled},
		{"dropped without effect, then a 204", []outgoingtest.Fault{{Drop: true}}, outgoing.Cancelled},
		{"timeout without effect, then a 204", []outgoingtest.Fault{{Delay: time.Hour}}, outgoing.Cancelled},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := scheduled(1)
				g.Inject(test.faults...)
				got, err := g.Client().CancelScheduled(t.Context(), []int64{1})
				require.NoError(t, err)
				assert.Equal(t, []int64{1}, got.IDs(test.want))
				reads := 0
				if got.Outcomes[0].Status == 400 {
					reads = 1 // C3: an earlier call may have cancelled it
				}
				assert.Equal(t, reads, count(g, http.MethodGet))
			})
		})
	}
}

func TestC2_RowsBeforeABreakCount(t *testing.T) {
	body := `[{"id":1,"status":204},{"id":2,"status":400,"error":{"title":"Too late"}},{"id":3,"sta`
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(3)
		g.Inject(outgoingtest.Fault{AfterWork: true, Body: new(body + `tus":204}]`), Truncate: len(body)})
		got, err := g.Client().CancelScheduled(t.Context(), ids(3))
		assert.Equal(t, []int64{1}, got.IDs(outgoing.Cancelled))
		assert.Equal(t, []int64{2}, got.IDs(outgoing.Rejected))
		assert.Equal(t, []int64{3}, got.IDs(outgoing.Unknown))
		assert.Equal(t, "Too late", got.Outcomes[1].Problem.Title)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		var failed *outgoing.BatchError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, []int64{3}, failed.IDs())
	})
}

func TestC1_StateFollowsTheRow(t *testing.T) {
	row := func(status int) string { return fmt.Sprintf(`{"id":1,"status":%d,"error":{"title":"Why"}}`, status) }
	for _, test := range []struct {
		rows string
		want outgoing.State
	}{
		{row(204), outgoing.Cancelled},
		{row(400), outgoing.Rejected}, {row(404), outgoing.Rejected}, {row(409), outgoing.Rejected}, {row(429), outgoing.Rejected},
		{row(499), outgoing.Rejected},
		{row(401), outgoing.Rejected}, {row(403), outgoing.Rejected}, // a row is about its message, whatever its status
		{row(500), outgoing.Unknown}, {row(503), outgoing.Unknown}, {row(200), outgoing.Unknown}, {row(202), outgoing.Unknown},
		{row(302), outgoing.Unknown}, {row(0), outgoing.Unknown}, {row(-204), outgoing.Unknown}, {row(-400), outgoing.Unknown},
		{row(600), outgoing.Unknown},
		{`{"id":1}`, outgoing.Unknown},
		{row(204) + "," + row(204), outgoing.Cancelled},
		{row(400) + "," + row(400), outgoing.Rejected},
		{row(204) + "," + row(400), outgoing.Unknown},
		{row(400) + "," + row(204), outgoing.Unknown},
		{row(204) + "," + row(400) + "," + row(204), outgoing.Unknown},
		{row(400) + "," + row(404), outgoing.Unknown},
		{row(204) + `,{"id":1,"status":"maybe"}`, outgoing.Unknown},
		{`{"id":1,"status":"maybe"},` + row(204), outgoing.Unknown},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(1)
			g.Inject(outgoingtest.Fault{Body: new("[" + test.rows + "]")})
			got, err := g.Client().CancelScheduled(t.Context(), []int64{1, 1})
			require.Len(t, got.Outcomes, 1)
			o := got.Outcomes[0]
			assert.Equal(t, test.want, o.State, test.rows)
			assert.Equal(t, test.want == outgoing.Rejected, o.Problem != nil, test.rows)
			assert.Equal(t, test.want == outgoing.Unknown || test.want == outgoing.Rejected && o.Status != 404, o.Message != nil, "C3: %s", test.rows)
			assert.Equal(t, test.want == outgoing.Unknown, err != nil, "C5: %s", test.rows)
		})
	}
}

func TestC1_RefusalOfTheWholeRequestRejectsItsIDs(t *testing.T) {
	for _, code := range []int{400, 405, 409, 418, 422, 451, 499} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(50)
			g.Inject(outgoingtest.Fault{Status: code})
			got, err := g.Client().CancelScheduled(t.Context(), ids(50))
			assert.Equal(t, ids(50), got.IDs(outgoing.Rejected), "%d", code)
			assert.Equal(t, code, got.Outcomes[49].Status)
			assert.Equal(t, code, got.Outcomes[49].Problem.Status)
			var failed *outgoing.BatchError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, ids(50), failed.IDs())
			assert.Zero(t, count(g, http.MethodGet))
		})
	}
}

// These speak of the caller, and say nothing about the messages.
func TestC1_RequestThatWasTurnedAwayLeavesItsIDsUntouched(t *testing.T) {
	for _, code := range []int{401, 403, 429} {
		synctest.Test(t, func(t *testing.T) {
			g := scheduled(50)
			g.Inject(outgoingtest.Fault{Status: code, Times: -1})
			got, err := g.Client().CancelScheduled(t.Context(), ids(50))
			assert.Equal(t, ids(50), got.IDs(outgoing.NotSent), "%d", code)
			assert.Equal(t, outgoing.Outcome{ID: 50, State: outgoing.NotSent, Status: code}, got.Outcomes[49])
			require.NotErrorIs(t, err, outgoing.ErrNotSent, "it was sent")
			var failed *outgoing.BatchError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, ids(50), failed.IDs())
			require.Len(t, failed.Failures, 1)
			_, unwrapped := failed.Failures[0].Err.(*outgoing.APIError) //nolint:errorlint // itself, and not wrapped
			assert.True(t, unwrapped)
			assert.Zero(t, count(g, http.MethodGet), "there is nothing to look at")
		})
	}
}

func TestC1_OneRateLimitMakesOneStateOfAllIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1000)
		g.Inject(outgoingtest.Fault{Status: 429, RetryAfter: "30", Times: -1}) // two of these are just as long as the context
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got, err := g.Client().CancelScheduled(ctx, ids(1000))
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		assert.Equal(t, ids(1000), got.IDs(outgoing.NotSent), "whether their request met the limit or was held back by it")
	})
}

// The status of an outcome and the error of its ID are of one answer, also where another request's stopped the call.
func TestC1_StatusAndErrorAreOfTheSameAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if askedFor(req)[0] == 1 {
				return answer(429, "", "Retry-After", "60"), nil
			}
			time.Sleep(time.Second)
			return answer(401, ""), nil
		}), outgoing.WithConcurrency(2))
		got, err := client.CancelScheduled(t.Context(), ids(100))
		require.ErrorIs(t, err, outgoing.ErrUnauthorized)
		assert.Equal(t, 429, got.Outcomes[0].Status)
		var batch *outgoing.BatchError
		require.ErrorAs(t, err, &batch)
		var apiErr *outgoing.APIError
		require.ErrorAs(t, batch.Failures[0].Err, &apiErr)
		assert.Equal(t, 429, apiErr.StatusCode)
		assert.Equal(t, time.Minute, apiErr.RetryAfter)
	})
}

func TestC1_TheLastRefusalCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(1)
		g.Inject(outgoingtest.Fault{Status: 429}, outgoingtest.Fault{Status: 400})
		got, err := g.Client().CancelScheduled(t.Context(), ids(1))
		require.ErrorIs(t, err, outgoing.ErrBadRequest)
		assert.Equal(t, ids(1), got.IDs(outgoing.Rejected))
		assert.Equal(t, 400, got.Outcomes[0].Status)
	})
}

// A 401 or 403 in a row does not say that the token is refused.
func TestC1_RowsDoNotStopTheCall(t *testing.T) {
	for _, code := range []int{401, 403} {
		g := scheduled(100)
		g.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(1), Body: new(fmt.Sprintf(`[{"id":1,"status":%d}]`, code))})
		got, err := g.Client().CancelScheduled(t.Context(), append([]int64{1}, ids(100)[50:]...), outgoing.WithConcurrency(1))
		require.Error(t, err, "the other rows of the first request are missing")
		assert.Equal(t, ids(1), got.IDs(outgoing.Rejected))
		assert.Empty(t, got.IDs(outgoing.NotSent))
	}
}

func TestC1_RefusalBeforeARefusedConnectionIsInTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
		client := newClient(t, inTurn(status(429), fails(refused)), outgoing.WithRetry(outgoing.Retry{MaxAttempts: 2}))
		result, err := client.CancelScheduled(t.Context(), []int64{1})
		assert.Equal(t, outgoing.Outcome{ID: 1, State: outgoing.NotSent, Status: 429}, result.Outcomes[0])
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		assert.NotErrorIs(t, err, outgoing.ErrNotSent)
	})
}

func TestStatesHaveNames(t *testing.T) {
	for s, want := range map[outgoing.State]string{
		outgoing.Unknown: "unknown", outgoing.NotSent: "not sent", outgoing.Cancelled: "cancelled", outgoing.Rejected: "rejected", 9: "State(9)",
	} {
		assert.Equal(t, want, fmt.Sprint(s))
		text, err := json.Marshal(map[string]any{"state": s})
		require.NoError(t, err)
		assert.JSONEq(t, fmt.Sprintf(`{"state":%q}`, want), string(text))
	}
}

func TestAStateIsReadFromItsName(t *testing.T) {
	for _, want := range states {
		var got outgoing.State
		require.NoError(t, got.UnmarshalText([]byte(want.String())))
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"", "Rejected", "State(9)", "canceled", "1", "unknown "} {
		got := outgoing.Rejected
		err := got.UnmarshalText([]byte(text))
		require.ErrorIs(t, err, outgoing.ErrInvalidArgument, "%q", text)
		assertLine(t, err)
		assert.Equal(t, outgoing.Rejected, got, "unchanged")
	}
}
