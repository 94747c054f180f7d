package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// gateway is the one Client of this process, which all its work shares, and what is known about the token.
type gateway struct {
	*outgoing.Client
	bulk   []outgoing.Option // for calls that may wait: looks and the history
	store  *store
	token  *tokenFile
	name   string // of this process
	logger *slog.Logger

	mu    sync.Mutex
	heard time.Time // when the note was last written
}

func newGateway(c config, s *store, limits limits, m *metrics, logger *slog.Logger) (*gateway, error) {
	token := &tokenFile{name: c.tokenFile}
	if _, err := token.read(context.Background()); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forbidigo // a copy
	transport.MaxIdleConnsPerHost = 8
	client, err := outgoing.New("", outgoing.WithTokenSource(token.read), outgoing.WithBaseURL(c.baseURL), outgoing.WithLogger(logger),
		outgoing.WithUserAgent("fleet ("+c.name+")"),
		outgoing.WithHTTPClient(&http.Client{Transport: m.transport(transport)}), outgoing.WithLimiter(limits.account))
	if err != nil {
		return nil, err
	}
	return &gateway{Client: client, bulk: []outgoing.Option{outgoing.WithLimiter(limits.bulk)}, store: s, token: token, name: c.name, logger: logger}, nil
}

// usable reports whether it makes sense to ask: not after the gateway has refused the token, until there is another one.
func (g *gateway) usable() bool { return g.token.usable(time.Now()) }

// noteAnswers stores for the page what a call says about the gateway: that it answered, or refuses the token.
func (g *gateway) noteAnswers(ctx context.Context, requests int, err error) {
	switch {
	case errors.Is(err, outgoing.ErrUnauthorized), errors.Is(err, outgoing.ErrForbidden):
		g.token.refuse(time.Now())
		g.logger.Error("the gateway refuses the token: all work waits until "+g.token.name+" has another one", "error", err, "next_try_in", refusedPause)
		if err := g.store.setNote(ctx, g.store.db, "refused", fmt.Sprintf("process %s: %v", g.name, err)); err != nil {
			g.logger.Warn("store that the token is refused", "error", err)
		}
	case requests > 0 && g.noteIsOld():
		if err := errors.Join(g.store.setNote(ctx, g.store.db, "heard", ""), g.store.removeNote(ctx, "refused")); err != nil {
			g.logger.Warn("store when the gateway was heard", "error", err)
		}
	}
}

// noteIsOld keeps a busy process from writing the same note again and again.
func (g *gateway) noteIsOld() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.heard) < time.Second {
		return false
	}
	g.heard = time.Now()
	return true
}

// refusedPause is how long a refused token is not tried again if its file stays as it is: what refuses it may be mended at the
// gateway, as a token that is bound to addresses.
const refusedPause = time.Minute

// tokenFile is a file with the gateway's token. It is read for each attempt, so that the token can be replaced.
type tokenFile struct {
	name string

	mu      sync.Mutex
	refused string
	since   time.Time
}

func (t *tokenFile) read(context.Context) (string, error) { return readToken(t.name) }

func (t *tokenFile) refuse(now time.Time) {
	token, _ := readToken(t.name)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused, t.since = token, now
}

func (t *tokenFile) usable(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.since.IsZero() || now.Sub(t.since) >= refusedPause {
		return true
	}
	token, err := readToken(t.name)
	return err == nil && token != t.refused
}

// readToken returns what is in a file, without the space around it.
func readToken(file string) (string, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("%s has no token in it", file)
	}
	return token, nil
}
