package outgoing_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// poison answers every request that names one of these IDs in an odd way.
func poison(status int, body string, bad ...int64) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		if slices.ContainsFunc(askedFor(req), func(id int64) bool { return slices.Contains(bad, id) }) {
			return answer(status, body), nil
		}
		return answer(http.StatusOK, rowsFor(req)), nil
	}
}

var poisons = map[string]roundTrip{
	"400":   poison(400, "", 17),
	"414":   poison(414, "", 17),
	"422":   poison(422, "", 17),
	"500":   poison(500, "", 17),
	"a TAB": poison(200, "[{\"id\":17,\"status_description\":\"a\tb\"}]", 17),
	"HTML":  poison(200, "<br><b>Warning</b>", 17),
}

func TestE5_OnePoisonousIDDoesNotTakeOthersAlong(t *testing.T) {
	for name, transport := range poisons {
		synctest.Test(t, func(t *testing.T) {
			result, err := newClient(t, transport).GetByIDs(t.Context(), ids(120))
			assert.Equal(t, []int64{17}, batchIDs(t, err), name)
			assert.Len(t, result.Messages, 119, name)
			assert.True(t, slices.IsSorted(messageIDs(result.Messages)), "in the order asked")
		})
	}
}

func TestE5_SeveralPoisonousIDsAreFound(t *testing.T) {
	bad := []int64{3, 17, 49}
	synctest.Test(t, func(t *testing.T) {
		result, err := newClient(t, poison(400, "", bad...)).GetByIDs(t.Context(), ids(50))
		assert.Equal(t, bad, batchIDs(t, err))
		assert.Len(t, result.Messages, 47)
	})
}

func TestE5_AnOutageIsNotMultiplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(2000)
		g.Inject(outgoingtest.Fault{Status: 500, Times: -1})
		result, err := g.Client(outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1})).GetByIDs(t.Context(), ids(2000))
		assert.Len(t, batchIDs(t, err), 2000)
		assert.LessOrEqual(t, result.Attempts, 40+16+4, "a few that were in flight at once included")
	})
}

func TestE5_AWatchGoesOnWithTheHealthyOnes(t *testing.T) {
	for name, transport := range poisons {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				res, err := transport(req)
				if slices.Contains(askedFor(req), 17) {
					return res, err
				}
				return answer(http.StatusOK, strings.ReplaceAll(rowsFor(req), `{"id":`, `{"status_code":"DONE","id":`)), nil
			}))
			ended := map[int64]bool{}
			for m, err := range client.Watch(ctx, outgoing.WatchRequest{IDs: ids(50), Until: hasStatus("DONE")}) {
				if err == nil {
					ended[m.ID] = true
				}
			}
			assert.Len(t, ended, 49, name)
		})
	}
}

func TestE5_NeverADELETE(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := scheduled(50)
		g.Inject(outgoingtest.Fault{Method: http.MethodDelete, Status: 400, Times: -1})
		result, err := g.Client().CancelScheduled(t.Context(), ids(50))
		require.Error(t, err)
		assert.Equal(t, ids(50), result.IDs(outgoing.Rejected))
		assert.Equal(t, 1, count(g, http.MethodDelete))
	})
}
