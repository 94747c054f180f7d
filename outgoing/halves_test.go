package outgoing_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestE5_W4_AWatchGivesUpAnyNumberOfIDsThatAreRefused(t *testing.T) {
	for _, bad := range []int{1, 2, 4, 6, 8, 17, 50} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 720*time.Hour)
			defer cancel()
			client := newClient(t, poisoned(new(atomic.Int64), poisons["400"], ids(bad)...))
			all := watch(ctx, client, outgoing.WatchRequest{IDs: ids(50), Until: hasStatus("DONE")})
			require.NoError(t, ctx.Err(), "%d refused IDs", bad)
			givenUp := make(map[int64]int)
			for _, one := range all {
				if one.err != nil && one.id != 0 {
					require.ErrorIs(t, one.err, outgoing.ErrBadRequest)
					givenUp[one.id]++
				}
			}
			assert.Len(t, givenUp, bad)
		})
	}
}

func TestB7_RowsOfAnAnswerThatBrokeOffDoNotOutliveIt(t *testing.T) {
	none := func(*http.Request) (*http.Response, error) {
		return answer(404, `{"title":"no"}`, "Content-Type", "application/problem+json"), nil
	}
	for _, cut := range []string{`[{"id":1},{"id":2`, `[{"id":1,"price":"abc"},{"id":2`, `[{"id":1,"flash":"maybe"},{"id":[]},`} {
		synctest.Test(t, func(t *testing.T) {
			brokenOff := func(*http.Request) (*http.Response, error) { return answer(200, cut), nil }
			result, err := newClient(t, inTurn(brokenOff, none)).GetByIDs(t.Context(), ids(2))
			require.NoError(t, err, cut)
			assert.Equal(t, ids(2), result.Missing, cut)
			assert.Zero(t, result.OddMembers, cut)

			result, err = newClient(t, inTurn(brokenOff, status(501))).GetByIDs(t.Context(), ids(2))
			require.Error(t, err)
			assert.Zero(t, result.OddMembers, cut)

			cancelled, err := newClient(t, inTurn(status(501), brokenOff, none)).CancelScheduled(t.Context(), ids(2))
			require.Error(t, err)
			for _, o := range cancelled.Outcomes {
				assert.Equal(t, outgoing.Unknown, o.State)
				assert.Nil(t, o.Message, cut)
			}
		})
	}
}

func TestE5_R1_AHalfOfARefusedRequestIsRepeated(t *testing.T) {
	for _, transient := range []int{502, 408, 503} {
		synctest.Test(t, func(t *testing.T) {
			var requests atomic.Int64
			refuse := poisoned(&requests, poisons["400"], 49)
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				if requests.Load() == 1 {
					requests.Add(1)
					return answer(transient, ""), nil
				}
				return refuse(req)
			}))
			result, err := client.GetByIDs(t.Context(), ids(50))
			assert.Equal(t, []int64{49}, batchIDs(t, err), transient)
			assert.Len(t, result.Messages, 49, transient)
		})
	}
}

func TestE5_HalvesThatAreKeptBackSayWhy(t *testing.T) {
	refused := func(*http.Request) (*http.Response, error) { return answer(400, ""), nil }
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		client := newClient(t, roundTrip(refused), outgoing.WithLimiter(limiter(func(context.Context) error {
			if asked++; asked > 1 {
				return errEmpty
			}
			return nil
		})))
		_, err := client.GetByIDs(t.Context(), ids(50))
		for _, f := range failures(err) {
			require.ErrorIs(t, f.Err, errEmpty)
			require.ErrorIs(t, f.Err, outgoing.ErrBadRequest)
		}
		assert.Equal(t, ids(50), batchIDs(t, err))
	})
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodDelete {
				return answer(429, "", "Retry-After", "200"), nil
			}
			return answer(400, ""), pause(req.Context(), 2*time.Second)
		}))
		go func() {
			time.Sleep(time.Second)
			_, _ = client.CancelScheduled(t.Context(), ids(1), once)
		}()
		_, err := client.GetByIDs(t.Context(), ids(50))
		wait, ok := outgoing.RetryAfter(err)
		assert.True(t, ok)
		assert.Equal(t, 199*time.Second, wait)
		require.ErrorIs(t, err, outgoing.ErrRateLimited)
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if n := len(askedFor(req)); n == 1 {
				cancel()
			}
			return refused(req)
		}))
		_, err := client.GetByIDs(ctx, ids(50))
		stopped := 0
		for _, f := range failures(err) {
			if errors.Is(f.Err, context.Canceled) {
				stopped += len(f.IDs)
			}
		}
		assert.Equal(t, 49, stopped, "%v", err)
	})
}

func TestW3_ALimitThatAHalfMeetsIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := false
		refuse := poisoned(new(atomic.Int64), poisons["400"], 7)
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if asked := askedFor(req); len(asked) == 25 && asked[0] == 26 && !limited {
				limited = true
				return answer(429, "", "Retry-After", "5"), nil
			}
			return refuse(req)
		}))
		all := watch(t.Context(), client, outgoing.WatchRequest{IDs: ids(50), Until: hasStatus("DONE")})
		assert.True(t, limited)
		for _, one := range all {
			require.NotErrorIs(t, one.err, outgoing.ErrRateLimited)
			if one.id > 25 {
				assert.Less(t, one.at, 30*time.Second, "it is postponed, and does not wait as if it had been looked at")
			}
		}
		assert.Equal(t, []string{"DONE"}, statusesOf(all, 26))
	})
}

func TestC3_AReadBackWhoseHalvesFailTakesFromTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looks []int64
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			asked := askedFor(req)
			switch {
			case asked[0] == 999:
				return answer(502, ""), nil
			case req.Method == http.MethodDelete:
				return answer(200, "[]"), nil
			case len(asked) > 1, asked[0] > 1 && asked[0] < 51:
				return answer(400, ""), nil
			}
			looks = append(looks, asked[0])
			return answer(200, rowsFor(req)), nil
		}), outgoing.WithConcurrency(1))
		all := outgoing.WithRetry(outgoing.Retry{MaxAttempts: 93, InitialInterval: 1, MaxInterval: 1, MaxElapsed: time.Hour})
		_, err := client.GetByIDs(t.Context(), []int64{999}, all)
		require.ErrorIs(t, err, outgoing.ErrServer)
		_, err = client.CancelScheduled(t.Context(), ids(51))
		require.Error(t, err)
		assert.Equal(t, []int64{1}, looks, "the quota is used up, so the first read-back is the last one")
	})
}

func TestB5_AnIDMatchesNoAnswerToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if len(askedFor(req)) == 50 {
				return answer(400, ""), nil
			}
			return answer(403, ""), nil
		}), outgoing.WithConcurrency(1))
		_, err := client.GetByIDs(t.Context(), ids(60))
		assert.Equal(t, ids(60), batchIDs(t, err))
		last := failures(err)[len(failures(err))-1]
		assert.Equal(t, ids(60)[50:], last.IDs, "no request named them")
		require.ErrorIs(t, last.Err, outgoing.ErrForbidden)
		require.NotErrorIs(t, last.Err, outgoing.ErrBadRequest)
	})
}

func TestW3_ALimitThatASingleIDMeetsIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := false
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if asked := askedFor(req); len(asked) == 1 && asked[0] == 2 && !limited {
				limited = true
				return answer(429, "", "Retry-After", "5"), nil
			}
			return answer(400, ""), nil
		}))
		all := watch(t.Context(), client, outgoing.WatchRequest{IDs: ids(2), Until: hasStatus("DONE")})
		assert.True(t, limited)
		for _, err := range errorsOf(all) {
			require.NotErrorIs(t, err, outgoing.ErrRateLimited)
		}
	})
}
