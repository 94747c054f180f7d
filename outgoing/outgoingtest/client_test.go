package outgoingtest_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestClientReachesItsGateway(t *testing.T) {
	for _, opts := range [][]outgoingtest.Option{nil, {outgoingtest.WithToken("a-token-of-some-length")}} {
		g := outgoingtest.NewGateway(opts...)
		ids := g.Add(outgoingtest.SampleMessages(120)...)

		got, err := g.Client().GetByIDs(t.Context(), ids)

		require.NoError(t, err)
		assert.Equal(t, outgoingtest.SampleMessages(120), got.Messages)
		assert.Equal(t, 120, *got.SuccessCount)
		assert.Len(t, g.Requests(), 3)
	}
}

func TestClientTakesOptions(t *testing.T) {
	g := outgoingtest.NewGateway(outgoingtest.WithToken("rotated"))
	g.Add(withStatus("SCHEDULED")...)
	client := g.Client(
		outgoing.WithBaseURL("https://elsewhere.test/rest-sandbox"),
		outgoing.WithTokenSource(func(context.Context) (string, error) { return "rotated", nil }),
	)
	got, err := client.CancelScheduled(t.Context(), []int64{1})
	require.NoError(t, err)
	assert.Equal(t, []int64{1}, got.IDs(outgoing.Cancelled))
	assert.True(t, *got.Sandbox)
	assert.Equal(t, "Bearer rotated", g.Requests()[0].Header.Get("Authorization"))
}

func TestClientPanicsOnAnOptionThatIsRefused(t *testing.T) {
	defer func() { assert.Contains(t, recover(), "outgoingtest: Gateway.Client: ") }()
	outgoingtest.NewGateway().Client(outgoing.WithConcurrency(0))
}

func TestClientWorksInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := outgoingtest.NewGateway()
		g.Add(withStatus("SENT")...)
		g.Inject(
			outgoingtest.Fault{Status: http.StatusServiceUnavailable, RetryAfter: "15"},
			outgoingtest.Fault{Delay: time.Hour},
			outgoingtest.Fault{Drop: true},
		)
		start := time.Now()
		got, err := g.Client().GetByIDs(t.Context(), []int64{1})
		require.NoError(t, err)
		assert.Equal(t, 4, got.Attempts)
		assert.GreaterOrEqual(t, time.Since(start), 45*time.Second, "15 s as asked, and 30 s until the attempt is given up")
	})
}

func TestClientWalksTheHistory(t *testing.T) {
	g := outgoingtest.NewGateway()
	g.Add(outgoingtest.SampleMessages(230)...)
	g.Inject(outgoingtest.Fault{Times: 3, Before: func(g *outgoingtest.Gateway) { g.Add(outgoing.Message{}) }})
	seen := make(map[int64]bool)
	for m, err := range g.Client().All(t.Context()) {
		require.NoError(t, err)
		assert.False(t, seen[m.ID])
		seen[m.ID] = true
	}
	for _, m := range outgoingtest.SampleMessages(230) {
		assert.True(t, seen[m.ID])
	}
}
