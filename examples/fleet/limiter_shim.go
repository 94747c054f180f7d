package main

import (
	"context"
	"net/http"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

type Limiter interface {
	Wait(ctx context.Context) error
}
type Holder interface {
	Hold(ctx context.Context, d time.Duration)
}

type limitedTransport struct {
	Limiter
	http.RoundTripper
}

func (l limitedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := l.Wait(r.Context()); err != nil {
		return nil, err
	}
	return l.RoundTripper.RoundTrip(r)
}

func withLimiter(l Limiter, t http.RoundTripper) outgoing.Option {
	return outgoing.WithHTTPClient(&http.Client{Transport: limitedTransport{l, t}})
}

func withBulkLimiter(Limiter) outgoing.Option { return outgoing.WithConcurrency(4) }
