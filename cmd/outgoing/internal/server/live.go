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

// stages says what becomes of a message with a status, and when. At least a second each, since status_date counts in seconds.
var stages = map[string]struct {
	description, next string
	min, max          time.Duration
}{
	outgoing.StatusScheduled: {"The message waits for its time", statusQueued, 20 * time.Second, 2 * time.Minute},
	statusQueued:             {"The message has been accepted", statusSent, time.Second, 4 * time.Second},
	statusSent:               {"The message has been sent to the network", statusDelivered, 2 * time.Second, 15 * time.Second},
	statusDelivered:          {description: "The message has reached the phone"},
	statusUndelivered:        {description: "The message has not reached the phone"},
}

// enter gives a message a status.
func enter(m *outgoing.Message, status string) {
	m.StatusCode, m.StatusDescription = status, stages[status].description
	m.StatusDate = new(time.Now().UTC().Truncate(time.Second))
	if status == statusSent {
		m.SentDate = m.StatusDate
	}
}

// Live makes the messages of a gateway move on by themselves, and new ones arrive.
type Live struct {
	Gateway   *outgoingtest.Gateway
	Messages  []outgoing.Message // that the gateway has
	PerMinute int                // new ones
	Keep      int                // so many of those that arrived; older ones are removed
	Report    func(changed ...outgoing.Message)
}

// underway is a message that has a next status, and when that is due.
type underway struct {
	outgoing.Message

	due time.Time
}

// Run runs until ctx is done.
func (l Live) Run(ctx context.Context) {
	var open []*underway
	for _, m := range l.Messages {
		open = append(open, l.plan(&underway{Message: m}))
	}
	samples := outgoingtest.SampleMessages(1000)
	var arrived []int64 // oldest first
	var arrival <-chan time.Time
	if l.PerMinute > 0 {
		arrival = time.Tick(time.Minute / time.Duration(l.PerMinute))
	}
	look := time.Tick(time.Second) // often, to see a cancel soon
	for n := 1; ctx.Err() == nil; {
		select {
		case <-ctx.Done():
		case <-look:
			open = slices.DeleteFunc(open, l.moveOn)
		case <-arrival:
			m := samples[n%len(samples)]
			m.ID, m.CID = 0, nil
			enter(&m, statusQueued)
			if n++; n%8 == 0 {
				enter(&m, outgoing.StatusScheduled)
			}
			m.SentDate = m.StatusDate
			m.ID = l.Gateway.Add(m)[0]
			open, arrived = append(open, l.plan(&underway{Message: m})), append(arrived, m.ID)
			if old := len(arrived) - l.Keep; old > l.Keep/100 { // some at a time, since that takes long
				l.Gateway.Remove(arrived[:old]...)
				arrived = slices.Delete(arrived, 0, old)
			}
		}
	}
}

// plan says when a message gets its next status.
func (l Live) plan(u *underway) *underway {
	if stage := stages[u.StatusCode]; stage.next != "" {
		u.due = time.Now().Add(stage.min + rand.N(stage.max-stage.min))
	}
	if u.StatusCode == outgoing.StatusScheduled {
		l.Gateway.Update(u.ID, func(m *outgoing.Message) { m.SentDate = new(u.due.UTC().Truncate(time.Second)) })
	}
	return u
}

// moveOn gives a message its next status when that is due, and reports that, or that it was cancelled meanwhile. It returns
// whether the message has reached its end.
func (l Live) moveOn(u *underway) (ended bool) {
	before := u.StatusCode
	next := stages[before].next
	if next == statusDelivered && rand.N(10) == 0 {
		next = statusUndelivered
	}
	found := next != "" && l.Gateway.Update(u.ID, func(m *outgoing.Message) {
		if m.StatusCode == before && !time.Now().Before(u.due) {
			enter(m, next)
		}
		u.Message = *m
	})
	if found && u.StatusCode != before {
		l.Report(u.Message)
		l.plan(u)
	}
	return !found
}
