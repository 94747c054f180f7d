package outgoingtest

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request is a request that arrived.
type Request struct {
	Time     time.Time
	Method   string
	Path     string // with its prefix, if any, and unescaped: "/rest/messages/43456,43457"
	RawQuery string
	IDs      []int64 // from the path, as they were sent; nil if there are none, or if one is not a number >= 1
	Header   http.Header
	Status   int  // of the answer; 0 if none was given, or not yet
	Fault    bool // whether it met one
}

// Requests returns what arrived so far, in order of arrival. The caller may keep it and change it.
func (g *Gateway) Requests() []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	remembered := g.requests
	if g.kept >= 0 && len(remembered) > g.kept {
		remembered = remembered[len(remembered)-g.kept:]
	}
	requests := make([]Request, len(remembered))
	for i, r := range remembered {
		requests[i] = *r
		requests[i].IDs = slices.Clone(r.IDs)
		requests[i].Header = r.Header.Clone()
	}
	return requests
}

// record notes that r arrived. What is known later is noted with g.update.
func (g *Gateway) record(r *http.Request) *Request {
	arrived := &Request{
		Time:     time.Now(),
		Method:   r.Method,
		Path:     r.URL.Path,
		RawQuery: r.URL.RawQuery,
		Header:   r.Header.Clone(),
	}
	if t, ok := parseTarget(r.URL.Path); ok && t.hasIDs {
		arrived.IDs, _ = parseIDs(t.ids)
	}
	if g.kept == 0 {
		return arrived
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.requests = append(g.requests, arrived)
	if g.kept > 0 && len(g.requests) >= 2*g.kept { // not each time, so that this is cheap
		g.requests = slices.Clone(g.requests[len(g.requests)-g.kept:])
	}
	return arrived
}

func (g *Gateway) update(r *Request, change func(*Request)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change(r)
}

// target is what a path addresses.
type target struct {
	prefix string // "", "/rest" or "/rest-sandbox"
	ids    string // as in the path
	hasIDs bool
}

const (
	productionPrefix = "/rest"
	sandboxPrefix    = "/rest-sandbox"
)

func parseTarget(path string) (target, bool) {
	for _, prefix := range []string{sandboxPrefix, productionPrefix, ""} {
		rest, ok := strings.CutPrefix(path, prefix+"/messages")
		if !ok {
			continue
		}
		ids, hasIDs := strings.CutPrefix(rest, "/")
		return target{prefix, ids, hasIDs}, rest == "" || hasIDs && !strings.Contains(ids, "/")
	}
	return target{}, false
}

func parseIDs(s string) ([]int64, error) {
	ids := make([]int64, 0, strings.Count(s, ",")+1)
	for field := range strings.SplitSeq(s, ",") {
		id, err := strconv.ParseUint(field, 10, 63) // which, unlike ParseInt, takes no sign
		if err != nil || id == 0 {
			return nil, fmt.Errorf("%q is not a message ID: a number from 1 to %d", field, int64(math.MaxInt64))
		}
		ids = append(ids, int64(id))
	}
	return ids, nil
}
