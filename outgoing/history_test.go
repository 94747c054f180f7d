package outgoing_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// What a page past the end answers is not documented.
func pastTheEnd(status int) func(*history, int, int) *http.Response {
	return func(h *history, page, limit int) *http.Response {
		if page == 1 || (page-1)*limit < len(h.ids) {
			return nil
		}
		return answer(status, notFoundProblem, "Content-Type", "application/problem+json")
	}
}

func TestH1_QuietHistoriesOfEverySizeAreReadWhole(t *testing.T) {
	t.Parallel()
	gateways := []struct {
		name   string
		silent map[string]bool
		fail   func(*history, int, int) *http.Response
	}{
		{"with headers", nil, nil},
		{"without headers", hints[2].silent, nil},
		{"404 past the end", nil, pastTheEnd(http.StatusNotFound)},
		{"404 past the end, without headers", hints[2].silent, pastTheEnd(http.StatusNotFound)},
	}
	sizes := []int{141, 142, 143, 144, 419, 420, 421, 839, 840, 841}
	for n := 0; n <= 120; n += raced(7, sized(3, 1)) {
		sizes = append(sizes, n)
	}
	for i, gateway := range gateways {
		for _, concurrency := range fewConcurrencies(i) {
			t.Run(fmt.Sprintf("%s/concurrency %d", gateway.name, concurrency), func(t *testing.T) {
				for _, n := range sizes {
					h := newHistory(n, 1)
					h.silent, h.fail = gateway.silent, gateway.fail
					r := walkHistory(t, h, concurrency)
					require.NoError(t, r.err, "%d messages", n)
					require.Equal(t, newestFirst(h.ids), append([]int64{}, r.ids...), "%d messages", n)
				}
			})
		}
	}
}

func TestH1_AnEmptyHistoryHasNoMessages(t *testing.T) {
	h := newHistory(0, 1)
	r := walkHistory(t, h, 4)
	require.NoError(t, r.err)
	assert.Empty(t, r.ids)
	assert.Equal(t, 2, r.requests, "one more window confirms it (H9)")
}

func TestH1_MessagesThatArriveAtAnEmptyHistoryDoNoHarm(t *testing.T) {
	h := newHistory(0, 1)
	h.gain = 30
	r := walkHistory(t, h, 4)
	require.NoError(t, r.err)
	assert.Zero(t, r.twice+r.outOfOrder)
}

// What happens once, in the middle. Nothing is lost silently, and a change of moderate size is not the end.
func TestH1_AGreatChangeIsFollowedOrSaid(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		edit     func(h *history)
		moderate bool
	}{
		{"200 arrive", func(h *history) { h.add(200) }, true},
		{"3,000 arrive", func(h *history) { h.add(3000) }, false},
		{"the newest 60 go", func(h *history) { h.remove(0, 60) }, true},
		{"the newest 300 go", func(h *history) { h.remove(0, 300) }, false},
		{"40 rows around the reader go", func(h *history) { h.remove(500, 540) }, true},
		{"150 rows around the reader go", func(h *history) { h.remove(420, 570) }, false},
		{"all after the reader goes", func(h *history) { h.remove(700, 2000) }, true},
		{"all from the middle on goes", func(h *history) { h.remove(380, 2000) }, false},
		{"everything goes", func(h *history) { h.remove(0, 2000) }, true},
	}
	for i, tt := range tests {
		for j, hint := range hints {
			if (i+j)%sized(2, 1) > 0 {
				continue
			}
			for _, concurrency := range fewConcurrencies(i + j/2) {
				t.Run(fmt.Sprintf("%s/total %s/concurrency %d", tt.name, hint.name, concurrency), func(t *testing.T) {
					h := newHistory(2000, 1)
					h.lag, h.silent = hint.lag, hint.silent
					h.edit = func(answers int) {
						if answers == 12 {
							tt.edit(h)
						}
					}
					r := walkHistory(t, h, concurrency)
					t.Logf("%d delivered, %d requests, %v", len(r.ids), r.requests, r.err)
					assert.Zero(t, r.lost+r.twice+r.outOfOrder)
					if r.err != nil && !tt.moderate {
						assert.ErrorIs(t, r.err, outgoing.ErrDrift)
						return
					}
					assert.NoError(t, r.err)
				})
			}
		}
	}
}

func TestH1_DriftSaysHowFarItGot(t *testing.T) {
	h := newHistory(2000, 1)
	h.edit = func(answers int) {
		if answers == 12 {
			h.remove(0, 900) // all that is remembered, and more
		}
	}
	r := walkHistory(t, h, 1)
	require.ErrorIs(t, r.err, outgoing.ErrDrift)
	last := r.ids[len(r.ids)-1]
	require.EqualError(t, r.err, fmt.Sprintf("outgoing: the history could not be followed: %d messages were delivered, the last one has ID %d", len(r.ids), last))
	assert.LessOrEqual(t, r.requests, 12+aFew)
}

// If the last of 512 remembered rows is still there, the walk goes on after it; if not, it cannot know where it is.
func TestH1_512RememberedIDsAreEnough(t *testing.T) {
	for _, tt := range []struct {
		left  int // of the rows delivered
		drift bool
	}{{512, false}, {513, true}} {
		h := newHistory(3000, 1)
		var got []int64
		h.edit = func(answers int) {
			if answers != 15 {
				return
			}
			h.remove(len(got)-tt.left+1, len(got)) // what was delivered, but for the row that is so far back
		}
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, h, outgoing.WithConcurrency(1))
			var failed error
			for m, err := range client.All(t.Context()) {
				if failed = err; err == nil {
					got = append(got, m.ID)
				}
			}
			if tt.drift {
				assert.ErrorIs(t, failed, outgoing.ErrDrift)
				return
			}
			require.NoError(t, failed)
			assert.Len(t, got, 3000)
		})
	}
}

func TestH2_NWindowsAreInFlight(t *testing.T) {
	for _, n := range []int{1, 2, 4, 8, 32} {
		h := newHistory(10_000, 1)   // long enough for all to be in flight at once, though answers overtake each other
		h.latency = time.Millisecond // in virtual time, so that whatever is to be in flight has arrived before an answer leaves
		r := walkHistory(t, h, n)
		require.NoError(t, r.err)
		assert.Len(t, r.ids, 10_000)
		assert.Equal(t, n, h.mostInFlight())
	}
}

// Without a total, and with one that is far too large, what was found bounds what is fetched ahead.
func TestH2_APrefetchAtMostDoublesWhatWasFound(t *testing.T) {
	for _, n := range []int{0, 1, 50, 51, 500} {
		for _, silent := range []map[string]bool{{"X-Total-Results": true}, nil} {
			h := newHistory(n, 1)
			h.silent = silent
			h.counts = func(int) int { return 1_000_000 }
			r := walkHistory(t, h, 20_000)
			assert.Len(t, r.ids, n)
			assert.LessOrEqual(t, r.requests, 2*(n/25)+aFew)
			assert.LessOrEqual(t, h.mostInFlight(), max(1, n/25))
		}
	}
}

func TestH2_AfterAPrefetchThatMissedItFetchesOneByOne(t *testing.T) {
	h := newHistory(10_000, 1)
	h.latency = time.Millisecond // in virtual time, so that what is counted does not depend on the scheduler
	missed := 0                  // the requests that had arrived
	h.edit = func(answers int) {
		if answers == 60 {
			h.remove(0, 40)
			missed = len(h.requests)
		}
	}
	r := walkHistory(t, h, 8)
	require.NoError(t, r.err)
	require.Len(t, r.ids, 10_000)

	before, after := h.requests[:missed], h.requests[missed:]
	serial, longest, most := 0, 0, 0
	for _, request := range before {
		most = max(most, request.inFlight)
	}
	assert.Equal(t, 8, most, "8 at once before")
	most = 0
	for _, request := range after {
		if request.inFlight == 1 {
			serial++
		} else {
			serial = 0
		}
		longest, most = max(longest, serial), max(most, request.inFlight)
	}
	assert.GreaterOrEqual(t, longest, 4, "then one after another")
	assert.Equal(t, 8, most, "and 8 at once again")
}

// A window that was fetched ahead may still show rows that were gone when others after them were delivered: if it were
// joined at any delivered row, these would come out of order.
func TestH2_APrefetchedWindowIsUsedOnlyFromTheLastRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHistory(600, 1)
		h.edit = func(answers int) {
			if answers == 3 { // of those at offsets 96 to 190, a few are left
				h.remove(151, 191)
				h.remove(100, 150)
			}
		}
		transport := roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.URL.RawQuery == "page=3&limit=48" { // 96 to 143: is overtaken by the one for 143 to 190
				time.Sleep(time.Second)
			}
			return h.RoundTrip(req)
		})
		r := h.read(newClient(t, transport, outgoing.WithConcurrency(2)).All(t.Context()))
		require.NoError(t, r.err)
		assert.Equal(t, newestFirst(h.ids), r.ids, "without what went before its turn")
	})
}

func TestH3_AQuietHistoryCostsAQuarterMoreThanPlainPaging(t *testing.T) {
	t.Parallel()
	n := raced(5_000, sized(20_000, 100_000))
	for _, concurrency := range []int{1, 8} {
		h := newHistory(n, 1)
		r := walkHistory(t, h, concurrency)
		require.NoError(t, r.err)
		assert.Equal(t, newestFirst(h.ids), r.ids)
		t.Logf("concurrency %d: %d requests, %.3f times plain paging", concurrency, r.requests, float64(r.requests)/float64(n/50))
		assert.LessOrEqual(t, r.requests, n/50*5/4)
	}
}

// lying is a gateway that serves other pages than it is asked for. Some tell so in X-Current-Page, some repeat what they
// were asked, some say nothing.
var lying = []struct {
	name  string
	page  func(page, limit, total int) int // is served
	exact bool                             // all the same, all messages can be had
}{
	{"ignores page", func(page, limit, total int) int { return 1 }, false},
	{"page 3 is the last", func(page, limit, total int) int { return min(page, 3) }, false},
	{"page 7 is the last", func(page, limit, total int) int { return min(page, 7) }, false},
	{"past the end it repeats the last page", func(page, limit, total int) int { return min(page, max(1, (total+limit-1)/limit)) }, true},
	{"past the end it begins anew", func(page, limit, total int) int {
		if (page-1)*limit >= total {
			return 1
		}
		return page
	}, true},
}

func TestH4_AGatewayThatServesOtherPagesIsAnErrorAndNoLoop(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(served func(page, limit, total int) int) (says func(page, limit, total int) (int, int), silent map[string]bool){
		"says so": func(served func(page, limit, total int) int) (func(page, limit, total int) (int, int), map[string]bool) {
			return func(page, limit, total int) (int, int) { return served(page, limit, total), limit }, nil
		},
		"says what it was asked": func(func(page, limit, total int) int) (func(page, limit, total int) (int, int), map[string]bool) {
			return nil, nil
		},
		"says nothing": func(func(page, limit, total int) int) (func(page, limit, total int) (int, int), map[string]bool) {
			return nil, hints[2].silent
		},
	}
	for i, gateway := range lying {
		for kind, told := range kinds {
			for _, concurrency := range fewConcurrencies(i) {
				t.Run(fmt.Sprintf("%s/%s/concurrency %d", gateway.name, kind, concurrency), func(t *testing.T) {
					for _, n := range []int{0, 1, 30, 49, 50, 51, 97, 98, 99, 100, 150, 420, 1000} {
						h := newHistory(n, 1)
						h.says, h.silent = told(gateway.page)
						h.serve = func(page, limit, total int) (int, int) {
							page = gateway.page(page, limit, total)
							return (page - 1) * limit, page * limit
						}
						r := walkHistory(t, h, concurrency)
						assert.Zero(t, r.lost+r.twice+r.outOfOrder, "%d messages", n)
						assert.LessOrEqual(t, r.requests, (len(r.ids)+24)/25+aFew+concurrency-1, "%d messages, %d delivered: %v", n, len(r.ids), r.err)
						if gateway.exact {
							assert.NoError(t, r.err, "%d messages", n)
						}
					}
				})
			}
		}
	}
}

func TestH4_AWindowThatSaysItIsAnotherPageIsNotBelieved(t *testing.T) {
	for _, concurrency := range concurrencies {
		h := newHistory(1000, 1)
		h.serve = func(page, limit, _ int) (int, int) { return page * limit, (page + 1) * limit } // page 1 is the second
		h.says = func(page, limit, _ int) (int, int) { return page + 1, limit }
		r := walkHistory(t, h, concurrency)
		require.ErrorIs(t, r.err, outgoing.ErrDrift)
		assert.Empty(t, r.ids)
		assert.LessOrEqual(t, r.requests, aFew)
	}
}
