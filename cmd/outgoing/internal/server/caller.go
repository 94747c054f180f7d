package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// CallerHelp describes what a Caller does.
const CallerHelp = `With --callback URL status changes are POSTed there as the vendor does: an array of 1 to 50 messages, with the bearer token
that --callback-token-file holds, or none. A callback that is not acknowledged with a 2xx within 10s comes again after
10s, 20s, 40s and so on up to 5m, with the states that it had at first: a late callback. At most 1,000 wait for that. The
URL must be https unless its host is a loopback one.`

const callTimeout = 10 * time.Second

// MaxCalls is how many callbacks are under way at once.
const MaxCalls = 4

// Caller POSTs status changes to a URL until they are acknowledged. It is made by [NewCaller].
type Caller struct {
	url, token string
	client     *http.Client
	log        io.Writer
	wake       chan struct{} // has an element if the queue may have a callback that is due

	mu    sync.Mutex
	queue queue
	full  bool // the queue had no room, which has been said
}

// NewCaller returns a Caller that writes a line to log for each callback. An empty token is none. Redirects are not
// followed.
func NewCaller(url *url.URL, token string, transport http.RoundTripper, log io.Writer) *Caller {
	return &Caller{
		url:   url.String(),
		token: token,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		log:  log,
		wake: make(chan struct{}, 1),
	}
}

// ParseCallbackURL checks a URL for callbacks. The error does not repeat it: it may have a secret in it.
func ParseCallbackURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must start with https:// or http://")
	case u.Hostname() == "":
		return nil, errors.New("has no host")
	case u.User != nil:
		return nil, errors.New("must not have a user or a password in it")
	case strings.Contains(raw, "#"):
		return nil, errors.New("must not have a fragment")
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return nil, errors.New("must start with https:// (http:// is for loopback hosts only)")
	}
	u.Host = strings.ToLower(u.Host) // net/http sends LOCALHOST, and not localhost, through a proxy
	return u, nil
}

// IsLoopback reports whether a host is this machine.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Report takes in messages whose status has changed. It does not block.
func (c *Caller) Report(changed []outgoing.Message) {
	c.mu.Lock()
	dropped := c.queue.add(changed, time.Now())
	say := dropped > 0 && !c.full
	c.full = dropped > 0
	c.mu.Unlock()
	if say {
		c.say("status changes are dropped: %d wait already, and the callbacks are slower", maxFresh)
	}
	c.signal()
}

func (c *Caller) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run sends callbacks until ctx is done, and says then what was not acknowledged.
func (c *Caller) Run(ctx context.Context) {
	var calls sync.WaitGroup
	for range MaxCalls {
		calls.Go(func() {
			for {
				d, ok := c.take(ctx)
				if !ok {
					return
				}
				c.send(ctx, d)
			}
		})
	}
	calls.Wait()
	c.client.CloseIdleConnections()
	c.mu.Lock()
	left := c.queue.left()
	c.mu.Unlock()
	if left > 0 {
		c.say("%s not acknowledged", display.Plural(left, "status change was", "status changes were"))
	}
}

// take waits for a callback that is due.
func (c *Caller) take(ctx context.Context) (delivery, bool) {
	for ctx.Err() == nil {
		c.mu.Lock()
		d, wait, ok := c.queue.take(time.Now())
		c.mu.Unlock()
		if ok {
			c.signal() // there may be another one
			return d, true
		}
		var due <-chan time.Time // nil, which is never, if nothing waits
		timer := time.NewTimer(max(wait, 0))
		if wait >= 0 {
			due = timer.C
		}
		select {
		case <-ctx.Done():
		case <-c.wake:
		case <-due:
		}
		timer.Stop()
	}
	return delivery{}, false
}

// send sends a callback, and puts it back if it was not acknowledged.
func (c *Caller) send(ctx context.Context, d delivery) {
	begun := time.Now()
	result, acknowledged := c.post(ctx, d.msgs)
	took := time.Since(begun).Round(100 * time.Microsecond)
	d.attempts++
	if !acknowledged {
		c.mu.Lock()
		wait, ok := c.queue.repeat(d, time.Now())
		c.mu.Unlock()
		if ctx.Err() != nil { // Run says what is left
			return
		}
		if ok {
			result += fmt.Sprintf(", again in %v", wait)
		} else {
			result += fmt.Sprintf(", dropped: %d callbacks wait already", maxWaiting)
		}
		c.signal()
	}
	c.say("%s  %s  %v", display.Plural(len(d.msgs), "message", "messages"), result, took)
}

// post returns what came of a callback, in words, and whether it was acknowledged.
func (c *Caller) post(ctx context.Context, msgs []outgoing.Message) (result string, acknowledged bool) {
	body, err := json.Marshal(msgs)
	if err != nil {
		return display.Printable(err.Error()), false
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return "not sent", false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "outgoing-serve")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.client.Do(req)
	if err != nil {
		if ours, ok := errors.AsType[*url.Error](err); ok { // which has the URL in its text
			err = ours.Err
		}
		return "no answer: " + display.Printable(err.Error()), false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	return strings.TrimSpace(fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode))), res.StatusCode/100 == 2
}

// say writes a line about callbacks beside those about requests.
func (c *Caller) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.log, "%s  callback  "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
}
