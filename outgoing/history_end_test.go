package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestH5_LeavingTheLoopStopsAllWork(t *testing.T) {
	for _, concurrency := range concurrencies {
		for _, n := range []int{1, 50, 51, 900} {
			t.Run(fmt.Sprintf("%d messages/concurrency %d", n, concurrency), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := newHistory(5000, 1)
					h.latency = 10 * time.Millisecond
					got := 0
					var left time.Time
					for _, err := range newClient(t, h, outgoing.WithConcurrency(concurrency)).All(t.Context()) {
						require.NoError(t, err)
						if got++; got == n {
							left = time.Now()
							break
						}
					}
					assert.Zero(t, time.Since(left), "what is under way is cancelled, and not waited for")
					assert.Zero(t, h.inFlight)
					before := len(h.requests)
					time.Sleep(time.Hour) // in virtual time
					assert.Len(t, h.requests, before, "and nothing starts later")
				})
			})
		}
	}
}

func TestH5_APanicInTheLoopStopsAllWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHistory(5000, 1)
		h.latency = 10 * time.Millisecond
		client := newClient(t, h, outgoing.WithConcurrency(8))
		assert.PanicsWithValue(t, "enough", func() {
			n := 0
			for _, err := range client.All(t.Context()) {
				require.NoError(t, err)
				if n++; n > 300 {
					panic("enough")
				}
			}
		})
		assert.Zero(t, h.inFlight)
	})
}

func TestH5_ADoneContextEndsTheLoopAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHistory(5000, 1)
		h.latency = 10 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 205*time.Millisecond)
		defer cancel()
		start := time.Now()
		r := h.read(newClient(t, h, outgoing.WithConcurrency(4)).All(ctx))
		require.ErrorIs(t, r.err, context.DeadlineExceeded)
		assert.NotEmpty(t, r.ids)
		assert.Equal(t, 205*time.Millisecond, time.Since(start))
		assert.Zero(t, h.inFlight)
	})
}

func TestH6_AnErrorIsTheLastThingYielded(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusGone} {
		for _, concurrency := range concurrencies {
			t.Run(fmt.Sprintf("%d/concurrency %d", status, concurrency), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := newHistory(5000, 1)
					h.latency = 10 * time.Millisecond
					h.fail = func(h *history, page, limit int) *http.Response {
						if (page-1)*limit < 1000 {
							return nil
						}
						return answer(status, "")
					}
					var errs []error
					n := 0
					for m, err := range newClient(t, h, outgoing.WithConcurrency(concurrency)).All(t.Context()) {
						if err == nil {
							require.Empty(t, errs, "nothing comes after the error")
							n++
							continue
						}
						assert.Zero(t, m)
						errs = append(errs, err)
					}
					require.Len(t, errs, 1)
					var apiErr *outgoing.APIError
					require.ErrorAs(t, errs[0], &apiErr)
					assert.Equal(t, status, apiErr.StatusCode)
					assert.GreaterOrEqual(t, n, 1000, "what came before the error was delivered")
					assert.Zero(t, h.inFlight)
				})
			})
		}
	}
}

func TestH6_A404OfTheFirstPageIsAnError(t *testing.T) {
	h := newHistory(100, 1)
	h.fail = func(*history, int, int) *http.Response {
		return answer(http.StatusNotFound, notFoundProblem, "Content-Type", "application/problem+json")
	}
	r := walkHistory(t, h, 4)
	assert.ErrorIs(t, r.err, outgoing.ErrNotFound)
}

func TestH6_AFailedRequestIsRepeatedAndNoError(t *testing.T) {
	h := newHistory(2000, 1)
	h.gain = 3
	failed := 0
	h.fail = func(h *history, _, _ int) *http.Response {
		if len(h.totals)%5 != 0 {
			return nil
		}
		failed++
		return answer(http.StatusBadGateway, "")
	}
	r := walkHistory(t, h, 4)
	require.NoError(t, r.err)
	assert.Positive(t, failed)
	assert.Zero(t, r.lost+r.twice+r.outOfOrder)
}

func TestH7_EachLoopOverAnIteratorWalksAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHistory(700, 1)
		h.latency = 10 * time.Millisecond
		all := newClient(t, h, outgoing.WithConcurrency(4)).All(t.Context())
		for _, err := range all {
			require.NoError(t, err)
			break
		}
		for range 2 {
			h.add(5)
			r := h.read(all)
			require.NoError(t, r.err)
			assert.Equal(t, newestFirst(h.ids), r.ids)
		}
	})
}

func TestH8_NoURLOfAResponseIsEverRequested(t *testing.T) {
	h := newHistory(500, 1)
	var urls []string
	transport := roundTrip(func(req *http.Request) (*http.Response, error) {
		urls = append(urls, req.URL.Scheme+"://"+req.URL.Host+req.URL.Path)
		res, err := h.RoundTrip(req)
		if err == nil {
			res.Header["Link"] = []string{`<https://elsewhere.test/messages>; rel="first"`}
			if page, limit := h.requests[len(h.requests)-1].page, h.requests[len(h.requests)-1].limit; page*limit < len(h.ids) {
				res.Header["Link"] = append(res.Header["Link"], `<https://elsewhere.test/messages?page=2>; rel="next"`)
			}
			res.Header["Location"] = []string{"https://elsewhere.test/messages?page=3"}
		}
		return res, err
	})
	client := newClient(t, transport, outgoing.WithConcurrency(1))
	r := h.read(client.All(t.Context()))
	require.NoError(t, r.err)
	assert.Len(t, r.ids, 500)
	page, err := client.List(t.Context(), outgoing.PageRequest{})
	require.NoError(t, err)
	assert.Equal(t, "https://elsewhere.test/messages?page=2", page.Links.Next, "it is data")
	for _, url := range urls {
		assert.Equal(t, "https://api.szybkisms.pl/rest/messages", url)
	}
}

// Gateways that serve smaller pages than they are asked for, each in one of the ways in which servers do that.
var capping = []struct {
	name  string
	serve func(most int) func(page, limit, total int) (from, to int)
}{
	{"a smaller limit", func(most int) func(page, limit, total int) (int, int) {
		return func(page, limit, _ int) (int, int) {
			limit = min(limit, most)
			return (page - 1) * limit, page * limit
		}
	}},
	{"fewer rows of the same page", func(most int) func(page, limit, total int) (int, int) {
		return func(page, limit, _ int) (int, int) {
			from := (page - 1) * limit
			return from, from + min(limit, most)
		}
	}},
	{"always the same limit", func(most int) func(page, limit, total int) (int, int) {
		return func(page, _, _ int) (int, int) { return (page - 1) * most, page * most }
	}},
}

func TestH9_AGatewayThatCapsPagesAndSaysSoIsAnError(t *testing.T) {
	for _, most := range []int{10, 20, 30} {
		for _, n := range []int{0, 9, 10, 200} {
			h := newHistory(n, 1)
			h.serve = capping[0].serve(most)
			h.says = func(page, limit, _ int) (int, int) { return page, min(limit, most) }
			r := walkHistory(t, h, 4)
			require.ErrorIs(t, r.err, outgoing.ErrUnexpectedResponse)
			require.EqualError(t, r.err, fmt.Sprintf("outgoing: GET /messages: asked for pages of 50, and got pages of %d", most))
			assert.Equal(t, 1, r.requests)
			assert.Empty(t, r.ids)
		}
	}
}

func TestH9_AGatewayThatCapsPagesAndDoesNotSaySoIsNeverASilentEnd(t *testing.T) {
	t.Parallel()
	silent := map[string]bool{"X-Limit": true}
	step := raced(17, sized(7, 1))
	for _, gateway := range capping {
		for _, most := range []int{3, 5, 10, 20, 30} {
			for _, headers := range []map[string]bool{silent, hints[2].silent} {
				t.Run(fmt.Sprintf("%s/%d/%d headers", gateway.name, most, 3-len(headers)), func(t *testing.T) {
					exact := 0
					for n := 0; n <= 200; n += step {
						h := newHistory(n, 1)
						h.silent, h.serve = headers, gateway.serve(most)
						r := walkHistory(t, h, 1+3*(n%2))
						assert.Zero(t, r.lost+r.twice+r.outOfOrder, "%d messages: %d delivered, %v", n, len(r.ids), r.err)
						assert.LessOrEqual(t, r.requests, n/5+2*aFew, "%d messages", n)
						if r.err == nil {
							exact++
							continue
						}
						assert.True(t, errors.Is(r.err, outgoing.ErrDrift) || errors.Is(r.err, outgoing.ErrIncomplete) || errors.Is(r.err, outgoing.ErrUnexpectedResponse), "%d messages: %v", n, r.err)
					}
					t.Logf("%d of %d histories were read whole, the others ended in an error", exact, 200/step+1)
				})
			}
		}
	}
}

func TestH9_TheEndIsConfirmedByOneMoreWindow(t *testing.T) {
	for _, n := range []int{1, 10, 49, 50, 60, 97, 100, 420} {
		h := newHistory(n, 1)
		r := walkHistory(t, h, 1)
		require.NoError(t, r.err)
		assert.Len(t, r.ids, n)
		last := h.requests[len(h.requests)-1]
		assert.Greater(t, last.page*last.limit, n, "%d messages: it looks past the end", n)
		assert.LessOrEqual(t, last.limit, max(3, n), "%d messages: with a page that the gateway is known to serve", n)
	}
}

// A page may be cut short by chance; one more window then shows that it was not the end.
func TestH9_AShortWindowByChanceIsNotTheEnd(t *testing.T) {
	for _, concurrency := range concurrencies {
		h := newHistory(1000, 1)
		answers := 0
		h.serve = func(page, limit, _ int) (int, int) {
			if answers++; answers%4 == 0 {
				return (page - 1) * limit, page*limit - limit/3
			}
			return (page - 1) * limit, page * limit
		}
		r := walkHistory(t, h, concurrency)
		require.NoError(t, r.err)
		assert.Equal(t, newestFirst(h.ids), r.ids)
	}
}

func TestB9_AnUnreadableRowDoesNotEndTheHistory(t *testing.T) {
	for _, concurrency := range concurrencies {
		synctest.Test(t, func(t *testing.T) {
			h := newHistory(1000, 1)
			h.gain, h.latency = 3, 10*time.Millisecond
			h.row = func(id int64) string {
				switch {
				case id%10 == 0:
					return fmt.Sprintf(`{"id":%d,"price":"free"}`, id)
				case id%101 == 0:
					return `{"id":null}`
				case id%103 == 0:
					return `null`
				}
				return fmt.Sprintf(`{"id":%d,"price":0.16}`, id)
			}
			next, unnamed := int64(1000), 0
			for m, err := range newClient(t, h, outgoing.WithConcurrency(concurrency)).All(t.Context()) {
				want := next
				next--
				if want%10 != 0 && (want%101 == 0 || want%103 == 0) {
					require.Zero(t, m, "in the place of %d", want)
					unnamed++
				} else {
					require.Equal(t, want, m.ID)
				}
				if m.ID != 0 && m.ID%10 != 0 {
					require.NoError(t, err)
					continue
				}
				require.Equal(t, outgoing.Message{ID: m.ID}, m, "nothing but the ID")
				var batch *outgoing.BatchError
				require.ErrorAs(t, err, &batch)
				require.ErrorIs(t, err, outgoing.ErrUnexpectedResponse)
				if m.ID != 0 {
					require.Equal(t, []int64{m.ID}, batch.IDs())
				} else {
					require.Empty(t, batch.IDs())
				}
			}
			assert.Zero(t, next, "all were read")
			assert.Equal(t, 18, unnamed)
		})
	}
}

func TestB9_AHistoryWithoutAnyIDEndsInAnError(t *testing.T) {
	h := newHistory(200, 1)
	h.row = func(int64) string { return `{"id":null,"recipient":"+48999999999"}` }
	var last error
	n := 0
	for _, err := range newClient(t, h).All(t.Context()) {
		require.Error(t, err)
		last = err
		n++
	}
	require.ErrorIs(t, last, outgoing.ErrDrift)
	assert.Equal(t, 51, n, "a page, each row with an error, and the end")
	assert.LessOrEqual(t, len(h.requests), aFew)
	assert.True(t, strings.HasSuffix(last.Error(), "50 messages were delivered, the last one has ID 0"), last)
}

// An errgroup cancels the context with the error of the call that failed: what it is made of is not an answer to All.
func TestH6_ACauseThatIsA404IsNotAPageAfterTheEnd(t *testing.T) {
	for _, concurrency := range concurrencies {
		t.Run(fmt.Sprintf("concurrency %d", concurrency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHistory(10_000, 1)
				h.latency = 10 * time.Millisecond
				missing := roundTrip(func(*http.Request) (*http.Response, error) {
					return answer(http.StatusNotFound, notFoundProblem, "Content-Type", "application/problem+json"), nil
				})
				_, sibling := newClient(t, missing).List(t.Context(), outgoing.PageRequest{})
				require.ErrorIs(t, sibling, outgoing.ErrNotFound)

				ctx, cancel := context.WithCancelCause(t.Context())
				h.edit = func(answers int) {
					if answers == 150 { // far from the first page, whose 404 is always an error
						cancel(sibling)
					}
				}
				r := h.read(newClient(t, h, outgoing.WithConcurrency(concurrency)).All(ctx))
				require.ErrorIs(t, r.err, context.Canceled)
				require.NotErrorIs(t, r.err, outgoing.ErrDrift)
				require.NotErrorIs(t, r.err, outgoing.ErrIncomplete)
				assert.NotEmpty(t, r.ids)
				assert.Less(t, len(r.ids), 10_000)
				assert.Zero(t, h.inFlight)
			})
		})
	}
}

func TestB9_AllYieldsAnUnreadableRowAndGoesOn(t *testing.T) {
	rows := []string{`{"id":5}`, `{"id":4,"price":"cheap"}`, `{"id":3}`}
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		page, _ := strconv.Atoi(r.FormValue("page"))
		limit, _ := strconv.Atoi(r.FormValue("limit"))
		from := min((page-1)*limit, len(rows))
		return answer(200, "["+strings.Join(rows[from:min(from+limit, len(rows))], ",")+"]"), nil
	}))
	var got []int64
	for m, err := range client.All(t.Context()) {
		got = append(got, m.ID)
		if m.ID == 4 {
			assert.Equal(t, outgoing.Message{ID: 4}, m)
			assert.Equal(t, []int64{4}, batchIDs(t, err))
			assertLine(t, err)
			continue
		}
		require.NoError(t, err)
	}
	assert.Equal(t, []int64{5, 4, 3}, got)
}

// assertAllDelivered walks a history of n messages, of which those at the offsets from up to to have no ID, and which stays as it is.
func assertAllDelivered(t *testing.T, n, from, to int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			page, _ := strconv.Atoi(r.URL.Query().Get("page"))
			limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
			var rows []string
			for i := (page - 1) * limit; i < min(page*limit, n); i++ {
				row := fmt.Sprintf(`{"id":%d,"price":0.1}`, n-i)
				if i >= from && i < to {
					row = `{"price":0.1}`
				}
				rows = append(rows, row)
			}
			return answer(http.StatusOK, "["+strings.Join(rows, ",")+"]", "X-Total-Results", strconv.Itoa(n)), nil
		}))
		delivered := 0
		for _, err := range client.All(t.Context()) {
			if _, ofRow := errors.AsType[*outgoing.BatchError](err); !ofRow {
				require.NoError(t, err, "%d messages, those from %d to %d without an ID", n, from, to)
			}
			delivered++
		}
		assert.Equal(t, n, delivered)
	})
}

func TestB9_AHistoryWhoseOldestRowsHaveNoIDEnds(t *testing.T) {
	for n := 1; n <= 60; n++ {
		for unreadable := 1; unreadable <= min(n, 3); unreadable++ {
			assertAllDelivered(t, n, n-unreadable, n)
		}
	}
}

func TestB9_AllFollowsAHistoryWithManyRowsWithoutAnID(t *testing.T) {
	for _, from := range []int{30, 37, 44, 49, 50, 80, 95} {
		for _, unreadable := range []int{2, 7, 13, 20} {
			assertAllDelivered(t, 300, from, from+unreadable)
		}
	}
}

func TestB9_ARowWithoutAnIDIsYieldedOnceWhileOthersArrive(t *testing.T) {
	for arrivals := range 60 {
		for _, at := range []int64{1, 5, 14, 20, 24} {
			synctest.Test(t, func(t *testing.T) {
				h := newHistory(24, 1)
				h.row = func(id int64) string {
					if id == at {
						return `{"price":0.1}`
					}
					return fmt.Sprintf(`{"id":%d,"price":0.1}`, id)
				}
				h.edit = func(answers int) {
					if answers == 1 {
						h.add(arrivals)
					}
				}
				unreadable := 0
				for m, err := range newClient(t, h, outgoing.WithConcurrency(1)).All(t.Context()) {
					if m.ID == 0 && !errors.Is(err, outgoing.ErrDrift) && !errors.Is(err, outgoing.ErrIncomplete) {
						unreadable++
					}
				}
				assert.Equal(t, 1, unreadable, "%d arrive, ID %d", arrivals, at)
			})
		}
	}
}
