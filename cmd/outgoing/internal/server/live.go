package server

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// LiveHelp describes what Live does.
const LiveHelp = `With --live messages move on by themselves: a scheduled one is queued after 20s to 2m, a queued one sent after 1s to 4s,
and a sent one delivered, or 1 in 10 not, after 2s to 15s. --rate new ones arrive each minute, 1 in 8 of them scheduled;
of those that arrived, the last 100,000 are kept. QUEUED and SCHEDULED are statuses that the vendor documents; SENT,
DELIVERED and UNDELIVERED are only samples, and your code should not depend on them.`

// The statuses that messages move through. QUEUED and SCHEDULED are documented, the others are samples.
const (
	statusQueued      = "QUEUED"
	statusSent        = "SENT"
	statusDelivered   = "DELIVERED"
	statusUndelivered = "UNDELIVERED"
)

// stages says how long a message stays in a status that is not its last.
var stages = map[string]struct{ min, max time.Duration }{
	outgoing.StatusScheduled: {20 * time.Second, 2 * time.Minute},
	statusQueued:             {time.Second, 4 * time.Second}, // at least a second each, since status_date counts in seconds
	statusSent:               {2 * time.Second, 15 * time.Second},
}

// moveOn gives a message its next status.
func moveOn(m *outgoing.Message, now time.Time) {
	now = now.UTC().Truncate(time.Second)
	m.StatusDate = &now
	switch m.StatusCode {
	case outgoing.StatusScheduled:
		m.StatusCode, m.StatusDescription = statusQueued, "The message has been accepted"
	case statusQueued:
		m.StatusCode, m.StatusDescription = statusSent, "The message has been sent to the network"
		m.SentDate = &now
	case statusSent:
		m.StatusCode, m.StatusDescription = statusDelivered, "The message has reached the phone"
		if rand.N(10) == 0 {
			m.StatusCode, m.StatusDescription = statusUndelivered, "The message has not reached the phone"
		}
	}
}

// Live makes the messages of a gateway move on by themselves, and new ones arrive. It is made by [NewLive].
type Live struct {
	gateway *outgoingtest.Gateway
	every   time.Duration // between new messages; 0 without any
	report  func(changed []outgoing.Message)

	steps   steps
	samples []outgoing.Message
	arrived int       // how many did so far
	next    time.Time // when another one does
	kept    []int64   // those that arrived, oldest first
}

// Of the messages that arrived, so many are kept; the others are removed some at a time, since that takes long.
const (
	maxKept  = 100_000
	atATime  = 1000
	maxDelay = time.Second // new messages that are later than this, as after a suspend, do not arrive
)

// NewLive returns the life of a gateway that has msgs, with perMinute new ones. It calls report with messages whose status
// has changed, in the order of the changes. A cancel is not reported: the client knows.
func NewLive(gateway *outgoingtest.Gateway, msgs []outgoing.Message, perMinute int, report func(changed []outgoing.Message)) *Live {
	l := &Live{gateway: gateway, report: report}
	now := time.Now()
	if perMinute > 0 {
		l.every = time.Minute / time.Duration(perMinute)
		l.samples = outgoingtest.SampleMessages(1000)
		l.next = now.Add(l.every)
	}
	for _, m := range msgs {
		l.plan(m, now)
	}
	return l
}

// plan schedules the next status of a message, if it has one.
func (l *Live) plan(m outgoing.Message, now time.Time) {
	stage, ok := stages[m.StatusCode]
	if !ok {
		return
	}
	at := now.Add(stage.min + rand.N(stage.max-stage.min))
	if m.StatusCode == outgoing.StatusScheduled {
		l.gateway.Update(m.ID, func(m *outgoing.Message) { m.SentDate = new(at.UTC().Truncate(time.Second)) })
	}
	heap.Push(&l.steps, step{at, m.ID, m.StatusCode})
}

// Run runs until ctx is done.
func (l *Live) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		l.advance(time.Now())
		if at, ok := l.wake(); ok {
			timer.Reset(time.Until(at))
		}
	}
}

// wake returns when something happens next, and whether anything does.
func (l *Live) wake() (time.Time, bool) {
	switch {
	case len(l.steps) == 0:
		return l.next, l.every > 0
	case l.every == 0 || l.steps[0].at.Before(l.next):
		return l.steps[0].at, true
	}
	return l.next, true
}

// advance does what is due.
func (l *Live) advance(now time.Time) {
	var changed []outgoing.Message
	for len(l.steps) > 0 && !l.steps[0].at.After(now) {
		s := heap.Pop(&l.steps).(step)
		var moved outgoing.Message
		l.gateway.Update(s.id, func(m *outgoing.Message) {
			if m.StatusCode == s.status { // else it was cancelled meanwhile
				moveOn(m, now)
				moved = *m
			}
		})
		if moved.ID != 0 {
			changed = append(changed, moved)
			l.plan(moved, now)
		}
	}
	if l.every > 0 {
		if earliest := now.Add(-maxDelay); l.next.Before(earliest) {
			l.next = earliest
		}
		for ; !l.next.After(now); l.next = l.next.Add(l.every) {
			l.arrive(now)
		}
	}
	if len(changed) > 0 {
		l.report(changed)
	}
}

// arrive adds a message as new.
func (l *Live) arrive(now time.Time) {
	m := l.samples[l.arrived%len(l.samples)]
	l.arrived++
	m.ID, m.CID = 0, nil
	m.StatusCode, m.StatusDescription = statusQueued, "The message has been accepted"
	if l.arrived%8 == 0 {
		m.StatusCode, m.StatusDescription = outgoing.StatusScheduled, "The message waits for its time"
	}
	m.StatusDate = new(now.UTC().Truncate(time.Second))
	m.SentDate = m.StatusDate
	m.ID = l.gateway.Add(m)[0]
	l.plan(m, now)
	if l.kept = append(l.kept, m.ID); len(l.kept) >= maxKept+atATime {
		l.gateway.Remove(l.kept[:atATime]...)
		l.kept = append(l.kept[:0], l.kept[atATime:]...)
	}
}

// step is the next status of a message.
type step struct {
	at     time.Time
	id     int64
	status string // the one that it has until then
}

// steps is a heap, the earliest first.
type steps []step

func (s steps) Len() int           { return len(s) }
func (s steps) Less(i, j int) bool { return s[i].at.Before(s[j].at) }
func (s steps) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *steps) Push(x any)        { *s = append(*s, x.(step)) }
func (s *steps) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
