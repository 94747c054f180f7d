package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// cable is between the processes and PostgreSQL, and can be cut.
type cable struct {
	mu          sync.Mutex
	cut         bool
	connections []net.Conn
}

// newCable returns the URL that databaseURL has at the other end of the cable.
func newCable(t *testing.T, databaseURL string) (*cable, string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	c := &cable{}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"))
			c.mu.Lock()
			if err != nil || c.cut {
				_ = near.Close()
				c.mu.Unlock()
				continue
			}
			c.connections = append(c.connections, near, far)
			c.mu.Unlock()
			go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
			go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
		}
	}()
	return c, fmt.Sprintf("postgres://fleet@%s%s?sslmode=disable", listener.Addr(), u.Path)
}

func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	if cut {
		for _, conn := range c.connections {
			_ = conn.Close()
		}
		c.connections = nil
	}
}

// The database is gone for some seconds while a campaign is cancelled: nothing is sent meanwhile, and all goes on after it.
func TestADatabaseThatIsGoneForAWhile(t *testing.T) {
	t.Parallel()
	direct := database{url: newPostgres(t)}
	c, throughCable := newCable(t, direct.url)
	gateway := newDouble(t, 20)
	var ids []int64
	for range 600 {
		ids = append(ids, gateway.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})...)
	}
	args := []string{"-base-url", gateway.url, "-token-file", writeToken(t, "api-token"), "-callback-token-file", writeToken(t, callbackToken),
		"-rate", "8", "-look-least", "1s", "-cancel-timeout", "5s"}
	p := start(t, "p1", database{url: throughCable}, args...)
	start(t, "p2", database{url: throughCable}, args...)
	body, err := json.Marshal(ids)
	require.NoError(t, err)
	status, text := ask(http.MethodPost, p.private+"/campaigns/spring/messages", "", string(body))
	require.Equal(t, http.StatusAccepted, status, text)
	status, text = ask(http.MethodPost, p.private+"/campaigns/spring/cancel", "", "")
	require.Equal(t, http.StatusAccepted, status, text)
	eventually(t, func() bool { return gateway.deletes.Load() >= 2 }, "the first cancels")

	c.set(true)
	health := func() int { status, _ := ask(http.MethodGet, p.public+"/healthz", "", ""); return status }
	eventually(t, func() bool { return health() == http.StatusServiceUnavailable }, "the service not to be ready")
	pause(t.Context(), 4*time.Second) // those that have had their turns leave
	sent := gateway.requests.Load()
	status, _ = ask(http.MethodPost, p.public+"/callbacks", callbackToken, `[{"id":1,"status_code":"SENT"}]`)
	assert.Equal(t, http.StatusServiceUnavailable, status, "the callback comes again")
	status, _ = ask(http.MethodGet, p.private+"/", "", "")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	pause(t.Context(), 2*time.Second)
	assert.Equal(t, sent, gateway.requests.Load(), "nothing is sent while nothing could be stored")
	c.set(false)

	eventually(t, func() bool { return health() == http.StatusOK }, "the service to be ready")
	s := direct.open(t)
	eventually(t, func() bool {
		all, err := s.campaigns(t.Context(), 1)
		return err == nil && len(all) == 1 && all[0].Cancelled == len(ids)
	}, "all to be cancelled")
	for _, id := range ids {
		m, _ := gateway.Message(id)
		assert.Equal(t, "CANCELLED", m.StatusCode)
	}
	assert.False(t, p.logged("panic"))
}
