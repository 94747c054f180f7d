package outgoing_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// poisons are ways in which one message spoils the answer about all of its request.
var poisons = map[string]func(req *http.Request) *http.Response{
	"500": func(*http.Request) *http.Response { return answer(500, "") },
	"400": func(*http.Request) *http.Response { return answer(400, "") },
	"414": func(*http.Request) *http.Response { return answer(414, "") },
	"422": func(*http.Request) *http.Response { return answer(422, "") },
	"a raw TAB in a string": func(req *http.Request) *http.Response {
		return answer(200, strings.Replace(rowsFor(req), `{"id"`, "{\"sender\":\"a\tb\",\"id\"", 1))
	},
	"a PHP warning": func(req *http.Request) *http.Response { return answer(200, "Warning: x in y.php<br>"+rowsFor(req)) },
}

// poisoned answers as it should, unless one of these IDs is asked for.
func poisoned(requests *atomic.Int64, poison func(*http.Request) *http.Response, bad ...int64) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		requests.Add(1)
		if slices.ContainsFunc(askedFor(req), func(id int64) bool { return slices.Contains(bad, id) }) {
			return poison(req), nil
		}
		return answer(200, strings.ReplaceAll(rowsFor(req), "}", `,"status_code":"DONE"}`)), nil
	}
}

func TestE5_APoisonousMessageTakesNoOtherAlong(t *testing.T) {
	for name, poison := range poisons {
		for _, bad := range [][]int64{{1}, {50}, {7, 8}, {1, 26, 50}, {7, 60, 61}} {
			synctest.Test(t, func(t *testing.T) {
				var requests atomic.Int64
				client := newClient(t, poisoned(&requests, poison, bad...))
				want := slices.DeleteFunc(ids(150), func(id int64) bool { return slices.Contains(bad, id) })

				result, err := client.GetByIDs(t.Context(), ids(150))
				assert.Equal(t, bad, batchIDs(t, err), name)
				assert.Equal(t, want, messageIDs(result.Messages), name)
				assert.Empty(t, result.Missing)
				assert.EqualValues(t, requests.Load(), result.Attempts, "R7: %s", name)
				assertLine(t, err)

				var got []int64
				for part, err := range client.StreamByIDs(t.Context(), slices.Values(ids(150))) {
					got = append(got, messageIDs(part.Messages)...)
					if err != nil {
						assert.Subset(t, bad, batchIDs(t, err))
					}
				}
				assert.Equal(t, want, got, name)
			})
		}
	}
}

// More than 16 parts fail, but never so many without an answer between.
func TestE5_PartsThatFailCountOnlyInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := []int64{10, 40, 60, 90, 110, 140}
		client := newClient(t, poisoned(new(atomic.Int64), poisons["400"], bad...))
		result, err := client.GetByIDs(t.Context(), ids(150))
		assert.Equal(t, bad, batchIDs(t, err))
		assert.Len(t, result.Messages, 150-len(bad))
	})
}

func TestE5_APoisonousMessageDoesNotKeepAWatchFromTheOthers(t *testing.T) {
	for name, poison := range poisons {
		for _, bad := range [][]int64{{7}, {1, 26, 50}} {
			synctest.Test(t, func(t *testing.T) {
				var requests atomic.Int64
				ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
				defer cancel()
				all := watch(ctx, newClient(t, poisoned(&requests, poison, bad...)), outgoing.WatchRequest{IDs: ids(50), Until: hasStatus("DONE")})
				for _, id := range ids(50) {
					if !slices.Contains(bad, id) {
						assert.Equal(t, []string{"DONE"}, statusesOf(all, id), "%s: ID %d", name, id)
					}
				}
				for _, one := range all {
					if one.err == nil {
						assert.Less(t, one.at, time.Minute, name)
					} else {
						assert.Subset(t, bad, batchIDs(t, one.err), name)
					}
				}
				assert.Less(t, requests.Load(), int64(1000), name)
			})
		}
	}
}

func TestE5_AReadBackIsSplitToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			switch {
			case req.Method == http.MethodDelete:
				return answer(200, refusals(req)), nil
			case slices.Contains(askedFor(req), 3):
				return answer(400, ""), nil
			}
			return answer(200, rowsFor(req)), nil
		}))
		result, err := client.CancelScheduled(t.Context(), ids(50))
		require.NoError(t, err)
		for _, o := range result.Outcomes {
			assert.Equal(t, o.ID != 3, o.Message != nil, "ID %d", o.ID)
		}
	})
}

func TestE5_NeitherADELETENorAPageIsSplit(t *testing.T) {
	for name, poison := range poisons {
		synctest.Test(t, func(t *testing.T) {
			var deletes, pages int
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				switch {
				case req.Method == http.MethodDelete:
					deletes++
					return poison(req), nil
				case req.URL.RawQuery != "":
					pages++
					return answer(200, "[{\"id\":1,\"cid\":\"a\tb\"}]"), nil
				}
				return answer(200, rowsFor(req)), nil
			}), once)
			_, err := client.CancelScheduled(t.Context(), ids(50))
			require.Error(t, err)
			assert.Equal(t, 1, deletes, name)
			_, err = client.List(t.Context(), outgoing.PageRequest{Page: 1})
			require.ErrorIs(t, err, outgoing.ErrUnexpectedResponse)
			assert.Equal(t, 1, pages)
		})
	}
}

func TestE5_OtherFailuresAreNotSplit(t *testing.T) {
	for _, code := range []int{201, 302, 402, 404, 405, 409, 410, 418, 429, 451, 501, 502, 503, 504, 520} {
		synctest.Test(t, func(t *testing.T) {
			result, err := newClient(t, status(code)).GetByIDs(t.Context(), ids(50), once)
			require.Error(t, err)
			assert.Equal(t, 1, result.Attempts, "%d", code)
		})
	}
}

func TestE5_AnOutageIsNotMultiplied(t *testing.T) {
	t.Parallel()
	chunks := raced(100, sized(400, 2000))
	for name, poison := range poisons {
		synctest.Test(t, func(t *testing.T) {
			var requests atomic.Int64
			client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
				requests.Add(1)
				return poison(req), nil
			}))
			_, err := client.GetByIDs(t.Context(), ids(chunks*50))
			assert.Len(t, batchIDs(t, err), chunks*50)
			assert.LessOrEqual(t, requests.Load(), int64(chunks+100), "R5: %s", name)
		})
	}
}

func TestE5_W3_AnOutageIsNotMultipliedByAWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int64
		var log bytes.Buffer
		client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
			requests.Add(1)
			return answer(500, ""), nil
		}), outgoing.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		all := watch(ctx, client, outgoing.WatchRequest{IDs: ids(100_000), Until: never})
		assert.Len(t, all, 2, "the first failure, and the end")
		assert.Less(t, requests.Load(), int64(24*60/5*2+64))
		assert.Less(t, strings.Count(log.String(), "\n"), 24*60/5*2)
	})
}
