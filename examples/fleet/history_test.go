package main

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func newHistorian(t *testing.T, s *store, double *outgoingtest.Gateway, name string) *historian {
	t.Helper()
	discard := slog.New(slog.DiscardHandler)
	g := &gateway{Client: double.Client(), store: s, token: &tokenFile{name: writeToken(t, "api-token")}, name: name, logger: discard}
	return &historian{g, s, discard, 24 * time.Hour, 30 * 24 * time.Hour}
}

func pages(double *outgoingtest.Gateway) (n int) {
	for _, r := range double.Requests() {
		if r.IDs == nil {
			n++
		}
	}
	return n
}

func TestTheHistoryIsReadBackToWhereItWasReadBefore(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		double := outgoingtest.NewGateway()
		add := func(n int, sent time.Time) {
			for range n {
				double.Add(outgoing.Message{StatusCode: "DELIVERED", SentDate: &sent})
			}
		}
		add(50, time.Now().AddDate(-1, 0, 0))
		add(1200, time.Now().AddDate(0, 0, -10))
		h := newHistorian(t, s, double, "p1")
		require.NoError(t, h.readIfDue(t.Context()))
		assert.Len(t, readTable(t, s), 1200, "without what is older than 30 days")
		first := pages(double)
		require.NoError(t, h.readIfDue(t.Context()))
		assert.Equal(t, first, pages(double), "it is not due")

		h.every = 0
		add(10, time.Now())
		require.NoError(t, h.readIfDue(t.Context()))
		assert.Len(t, readTable(t, s), 1210)
		assert.LessOrEqual(t, pages(double)-first, 8, "pages, those read ahead included")
	})
}

func TestAHistoryThatWasReadInTheFutureIsReadAgain(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		double := outgoingtest.NewGateway()
		double.Add(outgoing.Message{StatusCode: "SENT"})
		_, err := s.exec(t.Context(), s.db, `INSERT INTO note (name, at) VALUES ('history', {now} + 1000000000000)`)
		require.NoError(t, err)
		h := newHistorian(t, s, double, "p1")
		require.NoError(t, h.readIfDue(t.Context()))
		assert.Len(t, readTable(t, s), 1)
		_, due, err := h.lastRead(t.Context())
		require.NoError(t, err)
		assert.False(t, due)
	})
}

func TestOneProcessReadsTheHistoryAndAnotherOneIfThatDies(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		double := outgoingtest.NewGateway()
		double.Add(outgoing.Message{StatusCode: "SENT"})
		h := newHistorian(t, s, double, "p2")
		_, err := s.acquire(t.Context(), "history", "p1", time.Minute)
		require.NoError(t, err)
		require.NoError(t, h.readIfDue(t.Context()))
		assert.Zero(t, pages(double), "p1 reads it")
		_, err = s.acquire(t.Context(), "history", "p1", -time.Second) // p1 was killed
		require.NoError(t, err)
		require.NoError(t, h.readIfDue(t.Context()))
		assert.Len(t, readTable(t, s), 1)
	})
}

func TestAHistoryThatBreaksOffIsKeptAndReadAgain(t *testing.T) {
	t.Parallel()
	s := database{file: t.TempDir() + "/fleet.db"}.open(t)
	double := outgoingtest.NewGateway()
	for range 1000 {
		double.Add(outgoing.Message{StatusCode: "SENT"})
	}
	h := newHistorian(t, s, double, "p1")
	var served atomic.Int64
	double.Inject(outgoingtest.Fault{Times: -1, Status: http.StatusForbidden, Match: func(*http.Request) bool { return served.Add(1) > 12 }})
	require.ErrorIs(t, h.readIfDue(t.Context()), outgoing.ErrForbidden)
	kept := len(readTable(t, s))
	assert.Positive(t, kept)
	assert.Less(t, kept, 1000)
	assert.False(t, h.gateway.usable())
	_, due, err := h.lastRead(t.Context())
	require.NoError(t, err)
	assert.True(t, due)
}
