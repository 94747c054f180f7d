package server

import (
	"slices"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

const (
	maxRows    = outgoing.MaxIDs // in one callback
	gathering  = time.Second     // how long changes are gathered for one callback
	maxFresh   = 50_000          // changes that wait for their first callback
	maxWaiting = 1000            // callbacks that wait to be repeated
	firstWait  = 10 * time.Second
	maxWait    = 5 * time.Minute
)

// delivery is one callback, with the states that the messages had when they changed.
type delivery struct {
	msgs     []outgoing.Message
	attempts int // made so far
	due      time.Time
}

// queue is what is to be sent. It takes the time as an argument, and is not for several goroutines.
type queue struct {
	fresh   []outgoing.Message // changed, in no callback yet
	since   time.Time          // of the first of them
	waiting []delivery         // not acknowledged, by when they are due
}

// add takes status changes in, and returns how many it dropped for want of room.
func (q *queue) add(changed []outgoing.Message, now time.Time) (dropped int) {
	if len(q.fresh) == 0 {
		q.since = now
	}
	room := min(maxFresh-len(q.fresh), len(changed))
	q.fresh = append(q.fresh, changed[:room]...)
	return len(changed) - room
}

// repeat takes a callback in that was not acknowledged. It returns how long it waits, and false if it was dropped for want of
// room.
func (q *queue) repeat(d delivery, now time.Time) (time.Duration, bool) {
	if len(q.waiting) >= maxWaiting {
		return 0, false
	}
	wait := maxWait
	if d.attempts < 10 { // else the shift would overflow
		wait = min(maxWait, firstWait<<(d.attempts-1))
	}
	d.due = now.Add(wait)
	at, _ := slices.BinarySearchFunc(q.waiting, d, func(a, b delivery) int { return a.due.Compare(b.due) })
	q.waiting = slices.Insert(q.waiting, at, d)
	return wait, true
}

// take removes a callback that is due. If there is none, it returns how long until there is one: negative if that is not
// known.
func (q *queue) take(now time.Time) (d delivery, wait time.Duration, ok bool) {
	switch gathered := now.Sub(q.since); {
	case len(q.fresh) >= maxRows || len(q.fresh) > 0 && gathered >= gathering:
		n := min(len(q.fresh), maxRows)
		d.msgs = slices.Clone(q.fresh[:n])
		q.fresh = append(q.fresh[:0], q.fresh[n:]...)
		return d, 0, true
	case len(q.waiting) > 0 && !q.waiting[0].due.After(now):
		d = q.waiting[0]
		q.waiting = slices.Delete(q.waiting, 0, 1)
		return d, 0, true
	case len(q.fresh) > 0:
		wait = gathering - gathered
		if len(q.waiting) > 0 {
			wait = min(wait, q.waiting[0].due.Sub(now))
		}
		return d, wait, false
	case len(q.waiting) > 0:
		return d, q.waiting[0].due.Sub(now), false
	}
	return d, -1, false
}

// left returns how many status changes are in the queue.
func (q *queue) left() int {
	n := len(q.fresh)
	for _, d := range q.waiting {
		n += len(d.msgs)
	}
	return n
}
