package outgoing_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// What happened before the last attempt is told where it is something else.
func TestE2_AReasonThatRepeatsIsSaidOnce(t *testing.T) {
	dial := func() error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{Port: 9}, Err: syscall.ECONNREFUSED}
	}
	reset := func(port int) error { // each connection has its own port
		return &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: port}, Err: syscall.ECONNRESET}
	}
	for name, test := range map[string]struct {
		faults []roundTrip
		before string
	}{
		"refused":             {[]roundTrip{fails(dial()), fails(dial())}, ""},
		"refused, four times": {[]roundTrip{fails(dial()), fails(dial()), fails(dial()), fails(dial())}, ""},
		"reset":               {[]roundTrip{fails(reset(40001)), fails(reset(40002))}, ""},
		"dropped":             {[]roundTrip{fails(io.EOF), fails(io.EOF)}, ""},
		"wrapped":             {[]roundTrip{fails(fmt.Errorf("x: %w", dial())), fails(fmt.Errorf("x: %w", dial()))}, ""},
		"dropped and refused": {[]roundTrip{fails(io.EOF), fails(dial())}, "no answer (1 attempt): EOF"},
		"reset and refused":   {[]roundTrip{fails(reset(1)), fails(dial())}, "connection reset by peer"},
		"503 and refused":     {[]roundTrip{status(503), fails(dial())}, "503 Service Unavailable"},
		"other":               {[]roundTrip{fails(errors.New("this")), fails(errors.New("that"))}, "this"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := newClient(t, inTurn(test.faults...), outgoing.WithRetry(outgoing.Retry{MaxAttempts: len(test.faults)})).List(t.Context(), outgoing.PageRequest{})
				assertLine(t, err)
				_, before, told := strings.Cut(err.Error(), "; before that: ")
				assert.Equal(t, test.before != "", told, "%v", err)
				assert.Contains(t, before, test.before)
				require.ErrorContains(t, err, fmt.Sprintf("(%d attempts)", len(test.faults)))
			})
		})
	}
}

// The first read-back that fails with the retry quota used up is the last one, and those in flight with it count.
func TestR7_AttemptsOfReadBacksInFlightCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			sent.Add(1)
			if err := pause(r.Context(), 10*time.Millisecond); err != nil {
				return nil, err
			}
			if r.Method == http.MethodGet {
				return answer(http.StatusBadRequest, ""), nil // which is split, within the quota
			}
			return answer(http.StatusBadGateway, ""), nil
		}))
		result, err := client.CancelScheduled(t.Context(), ids(2000))
		require.Error(t, err)
		assert.EqualValues(t, sent.Load(), result.Attempts)
	})
}
