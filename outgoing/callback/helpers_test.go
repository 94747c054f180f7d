package callback_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

const (
	token     = "callback-token-1"
	recipient = "+48999123456"
)

// store is a sink as the documentation asks for: an older status does not replace a newer one.
type store struct {
	mu    sync.Mutex
	calls int
	byID  map[int64]outgoing.Message
}

func (s *store) save(_ context.Context, changed []outgoing.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.byID == nil {
		s.byID = map[int64]outgoing.Message{}
	}
	for _, m := range changed {
		old, ok := s.byID[m.ID]
		if !ok || old.StatusDate == nil || m.StatusDate != nil && !m.StatusDate.Before(*old.StatusDate) {
			s.byID[m.ID] = m
		}
	}
	return nil
}

func (s *store) status(id int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id].StatusCode
}

func newHandler(t testing.TB, sink callback.Sink, opts ...callback.Option) *callback.Handler {
	t.Helper()
	h, err := callback.New(sink, opts...)
	require.NoError(t, err)
	return h
}

// confirming returns a handler without a token, so that anyone may call.
func confirming(t *testing.T, gateway *outgoingtest.Gateway, sink callback.Sink, opts ...callback.Option) *callback.Handler {
	t.Helper()
	return newHandler(t, sink, append([]callback.Option{callback.WithoutToken(), callback.WithConfirmation(gateway.Client())}, opts...)...)
}

// logged returns an option and what is logged through it.
func logged() (callback.Option, *bytes.Buffer) {
	var text lockedBuffer
	return callback.WithLogger(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))), &text.Buffer
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func post(t testing.TB, body string, change ...func(*http.Request)) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	for _, change := range change {
		change(r)
	}
	return r
}

// answer has h answer, and checks what is true of every answer.
func answer(t testing.TB, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	checkAnswer(t, w.Code, w.Header(), w.Body.Bytes())
	return w
}

func checkAnswer(t testing.TB, status int, header http.Header, body []byte) {
	t.Helper()
	assert.NotContains(t, string(body)+fmt.Sprint(header), token)
	assert.NotContains(t, string(body), recipient)
	if status == http.StatusNoContent {
		assert.Empty(t, body)
		return
	}
	var problem outgoing.Problem
	require.NoError(t, json.Unmarshal(body, &problem), "%s", body)
	assert.Equal(t, "application/problem+json", header.Get("Content-Type"))
	assert.Equal(t, status, problem.Status)
	assert.Equal(t, http.StatusText(status), problem.Title)
	assert.NotEmpty(t, problem.Detail)
}

// row is a message as the gateway writes it.
func row(id int64, status string, at time.Time) string {
	return fmt.Sprintf(`{"id":%d,"recipient":%q,"status_code":%q,"status_date":%q}`, id, recipient, status, at.Format(time.RFC3339))
}

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func rowsOf(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = row(int64(i+1), "SENT", noon)
	}
	return "[" + strings.Join(rows, ",") + "]"
}

// unread fails a test that reads a body too early.
type unread struct{ t testing.TB }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func (unread) Close() error { return nil }

// ignore is a sink that stores nothing.
func ignore(context.Context, []outgoing.Message) error { return nil }

// forward is a handler that sends what it gets to a real server.
type forward struct{ server *httptest.Server }

func (f forward) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, f.server.URL, r.Body)
	if err != nil {
		panic(err)
	}
	out.Header = r.Header
	res, err := f.server.Client().Do(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer res.Body.Close()
	for key, values := range res.Header {
		w.Header()[key] = values
	}
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body)
}
