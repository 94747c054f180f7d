package outgoing_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// FuzzAnswer gives each method any answer: each ID is settled once, and no error is longer than a line or holds the token.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		``, `[]`, `null`, `[{"id":1,"status":204},{"id":2,"status":400,"error":{"title":"T","detail":"` + testToken + `"}},{"id":3,"sta`, `{"0":{"id":"1"},"2":{"id":2}}`,
		`[{"id":2,"price":"x"},{"id":1,"flash":"maybe","sent_date":"0"},{"id":[]}]`, "<html>" + testToken, "[{\"id\":1,\"cid\":\"\xff\t\"}]",
		`{"type":"t","status":400,"title":"T","detail":"D","code":"400-1","instance":"i"}`, `{"title":"secret-token\u002d0123456789"}`,
	} {
		for _, status := range []int{200, 302, 400, 404, 429, 500} {
			f.Add([]byte(body), "application/problem+json", status)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string, status int) {
		asked := []int64{2, 1, 3}
		client := func() *outgoing.Client { // a new one for each call, which no hold keeps back
			return newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				return answer(status, string(body), "Content-Type", contentType), nil
			}), once, outgoing.WithConcurrency(1))
		}
		check := func(err error) (failed []int64) {
			if err == nil {
				return nil
			}
			assertLine(t, err)
			assert.NotContains(t, err.Error(), testToken)
			if apiErr, ok := errors.AsType[*outgoing.APIError](err); ok {
				assert.Equal(t, status, apiErr.StatusCode)
				assert.LessOrEqual(t, len(apiErr.Body), 64<<10)
				assertSecret(t, testToken, apiErr)
			}
			if batch, ok := errors.AsType[*outgoing.BatchError](err); ok {
				failed = batch.IDs()
			}
			return failed
		}
		found, err := client().GetByIDs(t.Context(), asked)
		assert.ElementsMatch(t, asked, slices.Concat(messageIDs(found.Messages), found.Missing, check(err)))

		cancelled, err := client().CancelScheduled(t.Context(), asked)
		check(err)
		require.Len(t, cancelled.Outcomes, len(asked))
		for i, o := range cancelled.Outcomes {
			assert.Equal(t, asked[i], o.ID)
			assert.Equal(t, o.State == outgoing.Cancelled, o.Status == 204 && o.State != outgoing.Unknown)
			assert.Equal(t, o.State == outgoing.Rejected, o.Problem != nil)
			if o.Problem != nil {
				assert.NotContains(t, o.Problem.Detail, testToken)
			}
		}
		page, err := client().List(t.Context(), outgoing.PageRequest{})
		check(err)
		assert.LessOrEqual(t, len(page.Messages), outgoing.MaxLimit)
	})
}
