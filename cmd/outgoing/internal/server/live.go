package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// The statuses that messages move through. QUEUED and SCHEDULED are documented, the others are samples; so is REJECTED, which
// some of the first messages have, and keep.
const (
	statusQueued      = "QUEUED"
	statusSent        = "SENT"
	statusDelivered   = "DELIVERED"
	statusUndelivered = "UNDELIVERED"
)

// stages says what becomes of a message with a status, and when. At least a second each, since status_date counts in seconds.
var stages = map[string]struct {
	description, next string
	min, max          time.Duration
}{
	outgoing.StatusScheduled: {"The message waits for its time", statusQueued, 20 * time.Second, 2 * time.Minute},
	statusQueued:             {"The message has been accepted", statusSent, time.Second, 4 * time.Second},
	statusSent:               {"The message has been sent to the network", statusDelivered, 2 * time.Second, 15 * time.Second},
	statusDelivered:          {description: "The message has reached the phone"},
	statusUndelivered:        {description: "The message has not reached the phone"},
}

// enter gives a message a status.
func enter(m *outgoing.Message, status string) {
	m.StatusCode, m.StatusDescription = status, stages[status].description
	m.StatusDate = new(time.Now().UTC().Truncate(time.Second))
	if status == statusSent {
		m.SentDate = m.StatusDate
	}
}

// Live makes the messages of a gateway move on by themselves, and new ones arrive.
type Live struct {
	Gateway   *outgoingtest.Gateway
	Messages  []outgoing.Message                // that the gateway has
	PerMinute int                               // new ones
	Keep      int                               // so many of those that arrived; older ones are removed
	Report    func(changed ...outgoing.Message) // is called once a second
}

// underway is a message that has a next status, and when that is due.
type underway struct {
	outgoing.Message

	due time.Time
}

// Run runs until ctx is done.
func (l Live) Run(ctx context.Context) {
	var open []*underway
	for _, m := range l.Messages {
		open = append(open, l.plan(&underway{Message: m}))
	}
	samples := outgoingtest.SampleMessages(1000)
	var arrived []int64 // oldest first
	var arrival <-chan time.Time
	if l.PerMinute > 0 {
		arrival = time.Tick(time.Minute / time.Duration(l.PerMinute))
	}
	look := time.Tick(time.Second) // often, to see a cancel soon
	for n := 1; ctx.Err() == nil; {
		select {
		case <-ctx.Done():
		case <-look:
			var changed []outgoing.Message
			open, changed = l.moveOn(open)
			l.Report(changed...)
		case <-arrival:
			m := samples[n%len(samples)]
			m.ID, m.CID = 0, nil
			enter(&m, statusQueued)
			if n++; n%8 == 0 {
				enter(&m, outgoing.StatusScheduled)
			}
			m.SentDate = m.StatusDate
			m.ID = l.Gateway.Add(m)[0]
			open, arrived = append(open, l.plan(&underway{Message: m})), append(arrived, m.ID)
			if old := len(arrived) - l.Keep; old > l.Keep/100 { // some at a time, since that takes long
				l.Gateway.Remove(arrived[:old]...)
				arrived = slices.Delete(arrived, 0, old)
			}
		}
	}
}

// plan says when a message gets its next status.
func (l Live) plan(u *underway) *underway {
	if stage := stages[u.StatusCode]; stage.next != "" {
		u.due = time.Now().Add(stage.min + rand.N(stage.max-stage.min))
	}
	if u.StatusCode == outgoing.StatusScheduled {
		l.Gateway.Update(u.ID, func(m *outgoing.Message) { m.SentDate = new(u.due.UTC().Truncate(time.Second)) })
	}
	return u
}

// moveOn gives messages their next status where that is due. It returns those that have not reached their end, and
// those that this, or a cancel meanwhile, has changed.
func (l Live) moveOn(open []*underway) (left []*underway, changed []outgoing.Message) {
	left = slices.DeleteFunc(open, func(u *underway) (ended bool) {
		before := u.StatusCode
		next := stages[before].next
		if next == statusDelivered && rand.N(10) == 0 {
			next = statusUndelivered
		}
		found := next != "" && l.Gateway.Update(u.ID, func(m *outgoing.Message) {
			if m.StatusCode == before && !time.Now().Before(u.due) {
				enter(m, next)
			}
			u.Message = *m
		})
		if found && u.StatusCode != before {
			changed = append(changed, u.Message)
			l.plan(u)
		}
		return !found
	})
	return left, changed
}

// The bounds of callbacks.
const (
	MaxCalls    = 4               // under way at once
	Grace       = 3 * time.Second // for what is in flight when the server is stopped
	callTimeout = 10 * time.Second
	maxRows     = 50     // in one callback
	maxOpen     = 50_000 // changes that are not acknowledged
	firstWait   = 10 * time.Second
	longestWait = 5 * time.Minute
)

// Caller POSTs status changes to a URL until they are acknowledged. It is made by [NewCaller].
type Caller struct {
	ctx        context.Context
	url, token string
	transport  http.RoundTripper
	log        *log.Logger   // beside the lines about requests
	slots      chan struct{} // one for each callback under way
	calls      sync.WaitGroup
	open       atomic.Int64 // changes that are not acknowledged
}

// NewCaller returns a Caller that writes a line to out for each callback, and begins none once ctx is done. An empty token is none.
// Redirects are not followed.
func NewCaller(ctx context.Context, u *url.URL, token string, transport http.RoundTripper, out io.Writer) *Caller {
	return &Caller{
		ctx: ctx, url: u.String(), token: token, transport: transport,
		log: log.New(out, " callback  ", log.Ltime|log.Lmsgprefix), slots: make(chan struct{}, MaxCalls),
	}
}

// ParseCallbackURL checks a URL for callbacks, which may be a plain http one of another machine if exposed is true. The error
// does not repeat it: it may have a secret in it.
func ParseCallbackURL(raw string, exposed bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, errors.New("must begin with https:// or http:// and a host")
	case u.User != nil || strings.Contains(raw, "#"):
		return nil, errors.New("must not have a user, a password or a fragment in it")
	case u.Scheme == "http" && !exposed && !IsLoopback(u.Hostname()):
		return nil, errors.New("must start with https:// (http:// is for loopback hosts only, unless --expose is set)")
	}
	u.Host = strings.ToLower(u.Host) // net/http sends LOCALHOST, and not localhost, through a proxy
	return u, nil
}

// IsLoopback reports whether a host is this machine.
func IsLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// Report begins to send callbacks about messages whose status has changed. It does not block.
func (c *Caller) Report(changed ...outgoing.Message) {
	room := min(maxOpen-int(c.open.Load()), len(changed))
	c.open.Add(int64(room))
	for msgs := range slices.Chunk(changed[:room], maxRows) {
		c.calls.Go(func() { c.deliver(msgs) })
	}
	if dropped := len(changed) - room; dropped > 0 {
		text := display.Plural(dropped, "status change is", "status changes are")
		c.log.Printf("%s dropped: %d wait already, and the callbacks are slower", text, maxOpen)
	}
}

// Wait waits for the callbacks in flight, once ctx is done, and says what was not acknowledged.
func (c *Caller) Wait() {
	c.calls.Wait()
	if open := c.open.Load(); open > 0 {
		c.log.Printf("%s not acknowledged", display.Plural(open, "status change was", "status changes were"))
	}
}

// deliver sends a callback until it is acknowledged, or ctx is done.
func (c *Caller) deliver(msgs []outgoing.Message) {
	count := display.Plural(len(msgs), "message", "messages")
	for wait := firstWait; c.ctx.Err() == nil; wait = min(2*wait, longestWait) {
		c.slots <- struct{}{} // soon: what is under way ends soon after ctx
		begun := time.Now()
		result, acknowledged := c.post(msgs)
		took := time.Since(begun).Round(100 * time.Microsecond)
		<-c.slots
		if acknowledged {
			c.open.Add(-int64(len(msgs)))
			c.log.Printf("%s  %s  %v", count, result, took)
			return
		}
		if c.ctx.Err() == nil {
			c.log.Printf("%s  %s, again in %v  %v", count, result, wait, took)
		}
		select {
		case <-c.ctx.Done():
		case <-time.After(wait):
		}
	}
}

// post returns what came of a callback, in words, and whether it was acknowledged.
func (c *Caller) post(msgs []outgoing.Message) (result string, acknowledged bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), callTimeout)
	defer cancel()
	defer context.AfterFunc(c.ctx, func() { time.AfterFunc(Grace, cancel) })()
	body, err := json.Marshal(msgs)
	req, wrong := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil || wrong != nil || c.ctx.Err() != nil {
		return "not sent", false // the error may have the URL in its text
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.transport.RoundTrip(req) // which follows no redirect
	if err != nil {
		return "no answer: " + display.Printable(err.Error()), false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	return strings.TrimSpace(fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode))), res.StatusCode/100 == 2
}
