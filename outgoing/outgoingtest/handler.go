package outgoingtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/gen"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// What one request may ask for, as the contract says.
const (
	maxIDs       = 50
	maxRows      = 50 // in one callback
	maxLimit     = 50
	defaultLimit = 10
)

// operations says what there is, to those who look for the rest of the gateway's API.
const operations = "the gateway double has look-up, cancel and history only, and sends nothing"

// ServeHTTP answers a request as the contract says, or as a [Fault] does.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := g.record(r)
	f, met := g.meet(r)
	if met {
		g.update(arrived, func(r *Request) { r.Fault = true })
		if f.Before != nil {
			f.Before(g)
		}
	}
	sleep(r.Context(), g.latency)

	var a answer
	if !f.AfterWork {
		sleep(r.Context(), f.Delay)
	}
	if f.AfterWork || !f.replaces() {
		a = g.answer(r, f.Omit)
	}
	if f.AfterWork {
		sleep(r.Context(), f.Delay)
	}
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	if met {
		f.change(r, &a)
	}
	g.update(arrived, func(r *Request) { r.Status = a.status })
	a.write(w)
}

// sleep ends a request that is given up meanwhile.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	}
}

// answer does the work, and leaves the rows with the IDs in omit out of what it says about it.
func (g *Gateway) answer(r *http.Request, omit []int64) answer {
	t, ok := parseTarget(r.URL.Path)
	if !ok {
		return problemAnswer(r, http.StatusNotFound, "There is nothing at this address: "+operations)
	}
	if allow := t.methods(); !slices.Contains(allow, r.Method) {
		a := problemAnswer(r, http.StatusMethodNotAllowed, "This address does not know the method "+r.Method+": "+operations)
		a.header.Set("Allow", strings.Join(allow, ", "))
		return a
	}
	if !g.admits(r.Header.Get("Authorization")) {
		return problemAnswer(r, http.StatusUnauthorized, "The access token is missing or not valid")
	}
	if !t.hasIDs {
		return g.list(r, t.prefix, omit)
	}
	ids, err := parseIDs(t.ids)
	switch {
	case err != nil:
		return problemAnswer(r, http.StatusBadRequest, err.Error())
	case len(ids) > maxIDs:
		return problemAnswer(r, http.StatusBadRequest, fmt.Sprintf("%d message IDs are more than %d", len(ids), maxIDs))
	case r.Method == http.MethodDelete:
		return g.cancel(t.prefix, distinct(ids), omit)
	}
	return g.get(distinct(ids), omit)
}

func (t target) methods() []string {
	if t.hasIDs {
		return []string{http.MethodGet, http.MethodDelete}
	}
	return []string{http.MethodGet}
}

// admits takes the scheme in any case, as RFC 9110, section 11.1, has it.
func (g *Gateway) admits(authorization string) bool {
	scheme, token, _ := strings.Cut(authorization, " ")
	token = strings.TrimSpace(token)
	return strings.EqualFold(scheme, "Bearer") && token != "" && (g.token == "" || g.token == token)
}

func distinct(ids []int64) []int64 {
	kept := make([]int64, 0, len(ids))
	for _, id := range ids {
		if !slices.Contains(kept, id) { // of at most 50
			kept = append(kept, id)
		}
	}
	return kept
}

func (g *Gateway) get(ids, omit []int64) answer {
	found := g.messages.find(ids)
	header := make(http.Header)
	setCounts(header, len(found), len(ids)-len(found))
	return rowsAnswer(header, without(found, omit, messageID))
}

func (g *Gateway) cancel(prefix string, ids, omit []int64) answer {
	now := time.Now().UTC().Truncate(time.Second)
	cancelled := 0
	rows := make([]gen.CancelledMessage, len(ids))
	for i, status := range g.messages.cancel(ids, now) {
		rows[i] = gen.CancelledMessage{ID: ids[i], Status: status}
		instance := prefix + "/messages/" + strconv.FormatInt(ids[i], 10)
		switch status {
		case http.StatusNoContent:
			cancelled++
		case http.StatusNotFound:
			rows[i].Error = new(newProblem(status, "There is no such message", instance))
		default:
			rows[i].Error = new(newProblem(status, "Only a message that is still scheduled can be cancelled", instance))
		}
	}
	header := make(http.Header)
	setCounts(header, cancelled, len(ids)-cancelled)
	header.Set("X-Sandbox", strconv.FormatBool(prefix == sandboxPrefix))
	return rowsAnswer(header, without(rows, omit, func(m gen.CancelledMessage) int64 { return m.ID }))
}

func (g *Gateway) list(r *http.Request, prefix string, omit []int64) answer {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problemAnswer(r, http.StatusBadRequest, "The query is malformed")
	}
	page, pageOK := positive(query, "page", 1)
	limit, limitOK := positive(query, "limit", defaultLimit)
	switch {
	case !pageOK:
		return problemAnswer(r, http.StatusBadRequest, "page must be a number from 1 on")
	case !limitOK || limit > maxLimit:
		return problemAnswer(r, http.StatusBadRequest, fmt.Sprintf("limit must be a number from 1 to %d", maxLimit))
	}
	rows, total := g.messages.page(page, limit)
	pages := (total + limit - 1) / limit
	header := make(http.Header)
	setInt(header, "X-Total-Results", total)
	setInt(header, "X-Total-Pages", pages)
	setInt(header, "X-Current-Page", page)
	setInt(header, "X-Limit", limit)
	if link := pageLinks(baseURL(r, prefix), page, limit, pages); link != "" {
		header.Set("Link", link)
	}
	return rowsAnswer(header, without(rows, omit, messageID))
}

func messageID(m outgoing.Message) int64 { return m.ID }

func without[T any](rows []T, omit []int64, id func(T) int64) []T {
	if len(omit) == 0 {
		return rows
	}
	return slices.DeleteFunc(rows, func(row T) bool { return slices.Contains(omit, id(row)) })
}

// positive reads a number of at least 1.
func positive(query url.Values, name string, otherwise int) (int, bool) {
	if !query.Has(name) {
		return otherwise, true
	}
	n, err := strconv.ParseUint(query.Get(name), 10, strconv.IntSize-1)
	return int(n), err == nil && n > 0
}
