package callback_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestK3_ACallbackIsAcknowledgedAfterTheSinkAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stored := make(chan struct{})
		h := newHandler(t, func(context.Context, []outgoing.Message) error {
			<-stored
			return nil
		}, callback.WithTokens(token))
		w := httptest.NewRecorder()
		w.Code = 0
		answered := make(chan struct{})
		go func() {
			h.ServeHTTP(w, post(t, rowsOf(1)))
			close(answered)
		}()
		synctest.Wait()
		assert.Zero(t, w.Code, "nothing was said while the sink is at work")
		close(stored)
		<-answered
		assert.Equal(t, http.StatusNoContent, w.Code)
	})
}

func TestK3_ASinkThatFailsIsA503(t *testing.T) {
	toLog, log := logged()
	h := newHandler(t, func(context.Context, []outgoing.Message) error { return errors.New("disk full") }, callback.WithTokens(token), toLog)
	w := answer(t, h, post(t, rowsOf(2)))
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.NotContains(t, w.Body.String(), "disk full", "the sink's error is for the log")
	assert.Contains(t, log.String(), "disk full")
}

func TestK3_ASinkThatPanicsIsA500AndGivesItsPlaceBack(t *testing.T) {
	toLog, log := logged()
	h := newHandler(t, func(context.Context, []outgoing.Message) error { panic("out of paper") }, callback.WithTokens(token), callback.WithLimit(1), toLog)
	for range 3 {
		assert.Equal(t, http.StatusInternalServerError, answer(t, h, post(t, rowsOf(1))).Code)
	}
	assert.Contains(t, log.String(), "out of paper")
	assert.Contains(t, log.String(), "handler_test.go", "with its stack")
}

func TestK3_ErrAbortHandlerIsRaisedAgain(t *testing.T) {
	toLog, log := logged()
	h := newHandler(t, func(context.Context, []outgoing.Message) error { panic(http.ErrAbortHandler) }, callback.WithTokens(token), callback.WithLimit(1), toLog)
	for range 3 {
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() { h.ServeHTTP(httptest.NewRecorder(), post(t, rowsOf(1))) })
	}
	assert.Empty(t, log.String())

	gateway := outgoingtest.NewGateway()
	id := gateway.Add(outgoing.Message{})[0]
	require.ErrorContains(t, gateway.Notify(t.Context(), h, token, id), "connection broke")
}

func TestK3_ASinkThatExitsItsGoroutineGivesItsPlaceBack(t *testing.T) {
	h := newHandler(t, func(context.Context, []outgoing.Message) error {
		runtime.Goexit()
		return nil
	}, callback.WithTokens(token), callback.WithLimit(1))
	for range 3 {
		w := httptest.NewRecorder()
		var done sync.WaitGroup
		done.Go(func() { h.ServeHTTP(w, post(t, rowsOf(1))) })
		done.Wait()
		assert.Empty(t, w.Result().Header, "it is not acknowledged")
	}
}

func TestK3_WithoutAFreePlaceItIsA503WithRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		h := newHandler(t, func(context.Context, []outgoing.Message) error {
			<-free
			return nil
		}, callback.WithTokens(token), callback.WithLimit(3))
		var atWork sync.WaitGroup
		for range 3 {
			atWork.Go(func() { assert.Equal(t, http.StatusNoContent, answer(t, h, post(t, rowsOf(1))).Code) })
		}
		synctest.Wait()
		w := answer(t, h, post(t, rowsOf(1)))
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "10", w.Header().Get("Retry-After"))
		assert.Equal(t, http.StatusNoContent, answer(t, h, post(t, "[]")).Code, "an empty array takes no place")
		close(free)
		atWork.Wait()
		assert.Equal(t, http.StatusNoContent, answer(t, h, post(t, rowsOf(1))).Code)
	})
}

func TestK3_16CallbacksAreInWorkAtOnceUnlessSaidOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		h := newHandler(t, func(context.Context, []outgoing.Message) error {
			<-free
			return nil
		}, callback.WithTokens(token))
		var acknowledged, refused atomic.Int32
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				if answer(t, h, post(t, rowsOf(1))).Code == http.StatusNoContent {
					acknowledged.Add(1)
				} else {
					refused.Add(1)
				}
			})
		}
		synctest.Wait()
		assert.EqualValues(t, 48, refused.Load())
		close(free)
		all.Wait()
		assert.EqualValues(t, 16, acknowledged.Load())
	})
}

// dialed is a connection to a real server, for requests that no client would send.
func dialed(t *testing.T, server *httptest.Server) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestK3_SendersOfSlowBodiesTakeNoPlace(t *testing.T) {
	gateway := outgoingtest.NewGateway()
	id := gateway.Add(outgoing.Message{StatusCode: "SENT"})[0]
	s := new(store)
	server := httptest.NewServer(newHandler(t, s.save, callback.WithTokens(token), callback.WithLimit(1)))
	defer server.Close()
	slow := make([]net.Conn, 8)
	for i := range slow {
		slow[i] = dialed(t, server)
		_, err := fmt.Fprintf(slow[i], "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n[", token, len(rowsOf(1)))
		require.NoError(t, err)
	}
	require.NoError(t, gateway.Notify(t.Context(), forward{server}, token, id), "the one place is free")
	for _, conn := range slow { // and they are served, too, once their bodies are there
		_, err := io.WriteString(conn, strings.TrimPrefix(rowsOf(1), "["))
		require.NoError(t, err)
		head := make([]byte, len("HTTP/1.1 204"))
		_, err = io.ReadFull(conn, head)
		require.NoError(t, err)
		assert.Equal(t, "HTTP/1.1 204", string(head))
	}
	assert.Equal(t, 1+len(slow), s.calls)
}

func TestK6_TheServerStopsASenderThatNeverEnds(t *testing.T) {
	s := new(store)
	server := httptest.NewUnstartedServer(newHandler(t, s.save, callback.WithTokens(token)))
	server.Config.ReadTimeout = 50 * time.Millisecond
	server.Start()
	defer server.Close()
	conn := dialed(t, server)
	_, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 1000\r\n\r\n[", token)
	require.NoError(t, err)
	rest, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Contains(t, string(rest), "400 Bad Request")
	assert.Zero(t, s.calls)
}

func TestK6_64CallbacksAtOnceAreAllStored(t *testing.T) {
	gateway := outgoingtest.NewGateway(outgoingtest.WithRequestLimit(0))
	ids := gateway.Add(outgoingtest.SampleMessages(64 * 10)...)
	s := new(store)
	server := httptest.NewServer(newHandler(t, s.save, callback.WithTokens(token), callback.WithLimit(64), callback.WithConfirmation(gateway.Client())))
	defer server.Close()
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() { assert.NoError(t, gateway.Notify(t.Context(), forward{server}, token, ids[10*n:10*n+10]...)) })
	}
	all.Wait()
	assert.Equal(t, 64, s.calls)
	assert.Len(t, s.byID, len(ids))
}

// A sender that goes away ends the sink's context, so that a sink that waits does not wait for ever.
func TestK6_ASenderThatGoesAwayEndsTheSinksContext(t *testing.T) {
	ended := make(chan error)
	server := httptest.NewServer(newHandler(t, func(ctx context.Context, _ []outgoing.Message) error {
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}, callback.WithTokens(token)))
	defer server.Close()
	conn := dialed(t, server)
	_, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", token, len(rowsOf(1)), rowsOf(1))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	assert.ErrorIs(t, <-ended, context.Canceled)
}

// textless is an error whose text cannot be had, as that of many a nil pointer.
type textless struct{ text string }

func (e *textless) Error() string { return e.text }

func TestK3_APanicWithAnErrorThatHasNoText(t *testing.T) {
	toLog, log := logged()
	h := newHandler(t, func(context.Context, []outgoing.Message) error { panic((*textless)(nil)) }, callback.WithTokens(token), toLog)
	assert.Equal(t, http.StatusInternalServerError, answer(t, h, post(t, rowsOf(1))).Code)
	assert.Contains(t, log.String(), "a value of type *callback_test.textless")
}
