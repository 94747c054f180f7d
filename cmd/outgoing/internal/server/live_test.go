package server

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// kept is how many arrivals the gateway of a test keeps.
const kept = 5000

// runLive runs a gateway of msgs for a while of virtual time, and returns what was reported, by ID.
func runLive(t *testing.T, gateway *outgoingtest.Gateway, msgs []outgoing.Message, perMinute int, meanwhile func()) map[int64][]outgoing.Message {
	t.Helper()
	gateway.Add(msgs...)
	reported := map[int64][]outgoing.Message{}
	var mu sync.Mutex
	live := Live{Gateway: gateway, Messages: msgs, PerMinute: perMinute, Keep: kept, Report: func(changed ...outgoing.Message) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range changed {
			reported[m.ID] = append(reported[m.ID], m)
		}
	}}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { live.Run(ctx) })
	meanwhile()
	synctest.Wait()
	cancel()
	running.Wait()
	return reported
}

func forAWhile(d time.Duration) func() { return func() { time.Sleep(d) } }

func TestMessagesMoveOnUntilTheirLastStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		samples := outgoingtest.SampleMessages(2000)
		reported := runLive(t, gateway, samples, 0, forAWhile(3*time.Minute))
		ends := map[string]int{}
		for _, m := range samples {
			path := []string{m.StatusCode}
			last := time.Time{}
			for _, state := range reported[m.ID] {
				path = append(path, state.StatusCode)
				assert.True(t, state.StatusDate.After(last), "each status has a later status_date: it counts in seconds")
				last = *state.StatusDate
			}
			now, _ := gateway.Message(m.ID)
			assert.Equal(t, path[len(path)-1], now.StatusCode, "what is reported is what the gateway says")
			ends[now.StatusCode]++
			whole := []string{outgoing.StatusScheduled, statusQueued, statusSent, now.StatusCode}
			assert.Equal(t, whole[slices.Index(whole, m.StatusCode):], path)
		}
		assert.Len(t, ends, 3, "%v", ends) // with those of the samples that were rejected
		assert.Greater(t, ends[statusDelivered], 1700)
		assert.Greater(t, ends[statusUndelivered], 20)
	})
}

func TestAMessageIsNotSentOutAfterItWasCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		msgs := make([]outgoing.Message, 500)
		for i := range msgs {
			msgs[i] = outgoing.Message{ID: int64(i + 1), StatusCode: outgoing.StatusScheduled}
		}
		var cancelled []int64
		reported := runLive(t, gateway, msgs, 0, func() {
			time.Sleep(time.Minute)
			var ids []int64
			for _, m := range msgs {
				ids = append(ids, m.ID)
			}
			result, err := gateway.Client().CancelScheduled(t.Context(), ids)
			require.NoError(t, err)
			cancelled = result.IDs(outgoing.Cancelled)
			time.Sleep(3 * time.Minute)
		})
		assert.NotEmpty(t, cancelled)
		assert.Less(t, len(cancelled), len(msgs))
		for _, id := range cancelled {
			m, _ := gateway.Message(id)
			assert.Equal(t, "CANCELLED", m.StatusCode)
			assert.Equal(t, []outgoing.Message{m}, reported[id])
		}
	})
}

func TestACancelIsReportedSoonAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		reported := runLive(t, gateway, []outgoing.Message{{ID: 1, StatusCode: outgoing.StatusScheduled}}, 0, func() {
			time.Sleep(10 * time.Second)
			_, err := gateway.Client().CancelScheduled(t.Context(), []int64{1})
			require.NoError(t, err)
			time.Sleep(time.Second)
		})
		require.Len(t, reported[1], 1)
		assert.Equal(t, "CANCELLED", reported[1][0].StatusCode)
	})
}

func TestAScheduledMessageSaysWhenItWillGoOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		reported := runLive(t, gateway, []outgoing.Message{{ID: 1, StatusCode: outgoing.StatusScheduled}}, 0, func() {
			synctest.Wait()
			m, _ := gateway.Message(1)
			if assert.NotNil(t, m.SentDate) {
				until := time.Until(*m.SentDate)
				assert.True(t, until > 18*time.Second && until < 2*time.Minute, until)
			}
			time.Sleep(3 * time.Minute)
		})
		assert.Len(t, reported[1], 3)
	})
}

func TestNewMessagesArriveAtTheRate(t *testing.T) {
	for _, perMinute := range []int{0, 1, 7, 60, 3000} {
		minutes := 10
		if perMinute > 60 {
			minutes = 1 // enough to tell
		}
		synctest.Test(t, func(t *testing.T) {
			gateway := outgoingtest.NewGateway()
			runLive(t, gateway, nil, perMinute, forAWhile(time.Duration(minutes)*time.Minute+time.Second))
			page, err := gateway.Client().List(t.Context(), outgoing.PageRequest{})
			require.NoError(t, err)
			assert.InDelta(t, minutes*perMinute, *page.TotalResults, 1+float64(perMinute)/60)
		})
	}
}

func TestTheHistoryOfArrivalsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := outgoingtest.NewGateway()
		old := []outgoing.Message{{ID: 1, StatusCode: "DELIVERED"}}
		runLive(t, gateway, old, 6000, forAWhile(time.Minute))
		page, err := gateway.Client().List(t.Context(), outgoing.PageRequest{})
		require.NoError(t, err)
		assert.LessOrEqual(t, *page.TotalResults, 1+kept+kept/100)
		assert.GreaterOrEqual(t, *page.TotalResults, 1+kept)
		_, isThere := gateway.Message(1)
		assert.True(t, isThere, "only those that arrived are removed")
	})
}
