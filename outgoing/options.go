package outgoing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/retry"
	"github.com/gsmservice-gateway/client-go/internal/transport"
)

// Option is a setting: of [New] for every call, of a call for that one. A nil or invalid one is [ErrInvalidArgument], and
// so is one for New only in a call.
type Option func(*options) error

// options are the settings of a Client, or of a call.
type options struct {
	sender      transport.Sender // New sets its Client, newCall its Active
	inCall      bool             // New is over: what belongs to the client as a whole can no longer change
	baseURL     string
	aboutIDs    *http.Request // a request about IDs as package gen makes it, but without the IDs
	httpClient  *http.Client
	concurrency int
}

func defaultOptions() options {
	return options{
		baseURL:     ProductionURL + "/",
		concurrency: 4,
		sender: transport.Sender{
			Policy:         Retry{}.policy(),
			AttemptTimeout: 30 * time.Second,
			Header: http.Header{
				"Accept":     {"application/json, application/problem+json"},
				"User-Agent": {defaultUserAgent()},
			},
			Logger:      slog.New(slog.DiscardHandler),
			WithAttempt: withAttempt,
			NewError:    newAPIError,
		},
	}
}

// set returns an option that sets something or, if that is not valid, fails with the text.
func set(valid bool, text string, apply func(*options)) Option {
	return func(o *options) error {
		if !valid {
			return errors.New(text)
		}
		apply(o)
		return nil
	}
}

// newOnly returns the option as one that a call refuses.
func newOnly(name string, opt Option) Option {
	return func(o *options) error {
		if o.inCall {
			return fmt.Errorf("%s belongs to New: a call cannot change it", name)
		}
		return opt(o)
	}
}

// WithBaseURL sets the gateway's address: [ProductionURL] unless given. It is an https URL without user info, query and
// fragment; http is accepted for a loopback host only, since the token would travel in the clear. New only.
func WithBaseURL(rawURL string) Option {
	return newOnly("WithBaseURL", func(o *options) error {
		base, err := transport.ParseBaseURL(rawURL)
		if err != nil {
			return fmt.Errorf("base URL: %w", err)
		}
		o.baseURL = base
		return nil
	})
}

// WithHTTPClient sends through a copy of hc: its Transport (the library's if nil), Jar and Timeout. Redirects are not
// followed. A timeout closes idle connections. New refuses a Proxy for an http base URL. New only.
func WithHTTPClient(hc *http.Client) Option {
	opt := set(hc != nil, "WithHTTPClient: the client is nil", func(o *options) { o.httpClient = hc })
	return newOnly("WithHTTPClient", opt)
}

// WithTokenSource asks f for the bearer token before each attempt, and again after a 401. f is called by several goroutines
// at once. If it caches, it should ask anew where [AttemptFrom] has a Number above 1: the token before may have been
// refused. An error of f ends the request unsent. New only.
func WithTokenSource(f func(context.Context) (string, error)) Option {
	opt := set(f != nil, "WithTokenSource: the function is nil", func(o *options) {
		o.sender.Token = func(ctx context.Context) (string, error) {
			token, err := f(ctx)
			return token, cmp.Or(err, header.CheckToken(token))
		}
	})
	return newOnly("WithTokenSource", opt)
}

// Retry has the limits of retries. Zero fields take the defaults.
type Retry struct {
	MaxAttempts     int           // of one request; the first one counts; default 4; only where it is set a 429 counts
	InitialInterval time.Duration // the longest wait before the second attempt; it doubles; default 500ms
	MaxInterval     time.Duration // the longest wait, unless the gateway asks for more; default 20s
	MaxElapsed      time.Duration // of one request with its retries, which never waits past it; default 2m
}

func (r Retry) policy() retry.Policy {
	return retry.Policy{
		MaxAttempts:     cmp.Or(r.MaxAttempts, 4),
		InitialInterval: cmp.Or(r.InitialInterval, 500*time.Millisecond),
		MaxInterval:     cmp.Or(r.MaxInterval, 20*time.Second),
		MaxElapsed:      cmp.Or(r.MaxElapsed, 2*time.Minute),
		CountThrottled:  r.MaxAttempts != 0,
	}
}

// WithRetry sets all limits of retries; zero fields are the defaults.
func WithRetry(r Retry) Option {
	valid := min(time.Duration(r.MaxAttempts), r.InitialInterval, r.MaxInterval, r.MaxElapsed) >= 0
	return set(valid, fmt.Sprintf("retry %+v: no field may be negative", r), func(o *options) { o.sender.Policy = r.policy() })
}

const maxConcurrency = 1 << 16

// WithConcurrency sets how many requests a call has in flight: 1 to 65,536, default 4.
func WithConcurrency(n int) Option {
	text := fmt.Sprintf("concurrency %d: must be at least 1 and at most %d", n, maxConcurrency)
	return set(n >= 1 && n <= maxConcurrency, text, func(o *options) { o.concurrency = n })
}

// WithAttemptTimeout bounds one attempt, from asking for the token to the last byte of the answer: 30 seconds unless given.
func WithAttemptTimeout(d time.Duration) Option {
	return set(d > 0, fmt.Sprintf("attempt timeout %v: must be positive", d), func(o *options) { o.sender.AttemptTimeout = d })
}

// WithUserAgent replaces the User-Agent header.
func WithUserAgent(s string) Option {
	valid := s != "" && header.ValidValue(s)
	return set(valid, "user agent: empty, or not valid in a header", func(o *options) { o.setHeader("User-Agent", s) })
}

// WithHeader sets a header of every request. Those that the library or net/http sets are refused, such as Authorization,
// Accept-Encoding, Host and Content-Length, and Idempotency-Key, which makes net/http repeat a DELETE.
func WithHeader(key, value string) Option {
	return func(o *options) error {
		key := http.CanonicalHeaderKey(key)
		switch {
		case !header.ValidName(key):
			return fmt.Errorf("header %.40q: not a valid name", key)
		case header.Reserved(key):
			return fmt.Errorf("header %s: the library or net/http sets it", key)
		case !header.ValidValue(value):
			return fmt.Errorf("header %.40s: the value has a control character", key) // and is not shown: it may be a secret
		}
		o.setHeader(key, value)
		return nil
	}
}

// WithLogger sets the logger; without one nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return set(l != nil, "WithLogger: the logger is nil", func(o *options) { o.sender.Logger = l })
}

// Limiter is asked before each HTTP attempt; Wait returns nil when it may be sent. A *rate.Limiter of
// golang.org/x/time/rate is one.
type Limiter interface {
	Wait(ctx context.Context) error
}

// Holder is an optional interface of a [Limiter] that is shared with others: Hold is called when the gateway asks for fewer
// requests, and this [Client] sends none for d, at most 5 minutes. It should return soon.
type Holder interface {
	Hold(ctx context.Context, d time.Duration)
}

// WithLimiter asks l before each attempt, retries and read-backs included, after the Client's own rate limit. The context
// that l gets ends with the call and with MaxElapsed of [Retry]: give that more than a request may have to wait, since a
// *rate.Limiter refuses longer waits at once. The request then ends with the error of l, and with [ErrNotSent] if no
// attempt before can have arrived. A [Holder] is told of each hold.
func WithLimiter(l Limiter) Option {
	return set(l != nil, "WithLimiter: the limiter is nil", func(o *options) { o.sender.Shared = l })
}

// setHeader copies the header map first, since the client's defaults share it.
func (o *options) setHeader(key, value string) {
	o.sender.Header = maps.Clone(o.sender.Header)
	o.sender.Header[key] = []string{value}
}

const modulePath = "github.com/gsmservice-gateway/client-go"

var defaultUserAgent = sync.OnceValue(func() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == modulePath && m.Version != "" && m.Version != "(devel)" {
				version = m.Version
			}
		}
	}
	return "outgoing/" + version + " (" + modulePath + ")"
})
