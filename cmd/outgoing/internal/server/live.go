package server

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// The statuses that messages move through. QUEUED and SCHEDULED are documented, the others are samples; so is REJECTED, which
// some of the first messages have, and keep.
const (
	statusQueued      = "QUEUED"
	statusSent        = "SENT"
	statusDelivered   = "DELIVERED"
	statusUndelivered = "UNDELIVERED"
)

// stages says what becomes of a message that is not at its end, and when. At least a second each, since status_date counts in
// seconds.
var stages = map[string]struct {
	min, max          time.Duration
	next, description string
}{
	outgoing.StatusScheduled: {20 * time.Second, 2 * time.Minute, statusQueued, accepted},
	statusQueued:             {time.Second, 4 * time.Second, statusSent, "The message has been sent to the network"},
	statusSent:               {2 * time.Second, 15 * time.Second, statusDelivered, "The message has reached the phone"},
}

const accepted = "The message has been accepted"

// moveOn gives a message its next status.
func moveOn(m *outgoing.Message) {
	now := time.Now().UTC().Truncate(time.Second)
	stage := stages[m.StatusCode]
	m.StatusCode, m.StatusDescription, m.StatusDate = stage.next, stage.description, &now
	switch {
	case stage.next == statusSent:
		m.SentDate = &now
	case stage.next == statusDelivered && rand.N(10) == 0:
		m.StatusCode, m.StatusDescription = statusUndelivered, "The message has not reached the phone"
	}
}

// Live makes the messages of a gateway move on by themselves, and new ones arrive.
type Live struct {
	Gateway   *outgoingtest.Gateway
	Messages  []outgoing.Message                // that the gateway has
	PerMinute int                               // new ones
	Report    func(changed ...outgoing.Message) // for several goroutines
}

// Of the messages that arrived, so many are kept; the others are removed some at a time, since that takes long.
const (
	maxKept = 100_000
	atATime = 1000
)

// Run runs until ctx is done.
func (l Live) Run(ctx context.Context) {
	for _, m := range l.Messages {
		l.plan(ctx, m)
	}
	samples := outgoingtest.SampleMessages(1000)
	var kept []int64 // oldest first
	var next <-chan time.Time
	if l.PerMinute > 0 {
		next = time.Tick(time.Minute / time.Duration(l.PerMinute))
	}
	for n := 1; ctx.Err() == nil; n++ {
		select {
		case <-ctx.Done():
		case <-next:
			kept = append(kept, l.arrive(ctx, samples[n%len(samples)], n%8 == 0))
		}
		if len(kept) >= maxKept+atATime {
			l.Gateway.Remove(kept[:atATime]...)
			kept = slices.Delete(kept, 0, atATime)
		}
	}
}

// arrive adds a message as new, and returns its ID.
func (l Live) arrive(ctx context.Context, m outgoing.Message, scheduled bool) int64 {
	m.ID, m.CID = 0, nil
	m.StatusCode, m.StatusDescription = statusQueued, accepted
	if scheduled {
		m.StatusCode, m.StatusDescription = outgoing.StatusScheduled, "The message waits for its time"
	}
	m.StatusDate = new(time.Now().UTC().Truncate(time.Second))
	m.SentDate = m.StatusDate
	m.ID = l.Gateway.Add(m)[0]
	l.plan(ctx, m)
	return m.ID
}

// plan gives a message its next status after a while, if it has one, and so on.
func (l Live) plan(ctx context.Context, m outgoing.Message) {
	stage, ok := stages[m.StatusCode]
	if !ok {
		return
	}
	due := time.Now().Add(stage.min + rand.N(stage.max-stage.min))
	if m.StatusCode == outgoing.StatusScheduled {
		at := due.UTC().Truncate(time.Second)
		l.Gateway.Update(m.ID, func(m *outgoing.Message) { m.SentDate = &at })
	}
	l.await(ctx, m, due)
}

// await moves a message on when it is due, and reports that, or that it was cancelled meanwhile.
func (l Live) await(ctx context.Context, m outgoing.Message, due time.Time) {
	wait := time.Until(due)
	if m.StatusCode == outgoing.StatusScheduled {
		wait = min(wait, time.Second) // to see a cancel soon
	}
	time.AfterFunc(wait, func() {
		if ctx.Err() != nil {
			return
		}
		status := m.StatusCode
		found := l.Gateway.Update(m.ID, func(now *outgoing.Message) {
			if now.StatusCode == status && !time.Now().Before(due) {
				moveOn(now)
			}
			m = *now
		})
		switch {
		case found && m.StatusCode == status:
			l.await(ctx, m, due)
		case found:
			l.Report(m)
			l.plan(ctx, m)
		}
	})
}
