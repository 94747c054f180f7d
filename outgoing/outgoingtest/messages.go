package outgoingtest

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

const statusCancelled = "CANCELLED" // invented: no document says what the gateway calls it

// messages is the history. What it hands out are copies; they share what pointers in them point to, which is never
// written to.
type messages struct {
	mu      sync.RWMutex
	byID    map[int64]*outgoing.Message
	order   []*outgoing.Message // oldest first
	highest int64
}

func (m *messages) add(msgs []outgoing.Message) []int64 {
	ids := make([]int64, len(msgs))
	stored := slices.Clone(msgs)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.order = slices.Grow(m.order, len(stored))
	for i := range stored {
		msg := &stored[i]
		switch {
		case msg.ID < 0:
			panic(fmt.Sprintf("outgoingtest: Gateway.Add: message %d has the ID %d", i, msg.ID))
		case msg.ID == 0 && m.highest == math.MaxInt64:
			panic("outgoingtest: Gateway.Add: no ID is free above the highest")
		case msg.ID == 0:
			msg.ID = m.highest + 1
		}
		ids[i] = msg.ID
		if old, ok := m.byID[msg.ID]; ok {
			*old = *msg
			continue
		}
		m.highest = max(m.highest, msg.ID)
		m.byID[msg.ID] = msg
		m.order = append(m.order, msg)
	}
	return ids
}

func (m *messages) update(id int64, change func(*outgoing.Message)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	msg, ok := m.byID[id]
	if !ok {
		return false
	}
	changed := *msg
	change(&changed)
	changed.ID = id
	*msg = changed
	return true
}

func (m *messages) remove(ids []int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := make(map[*outgoing.Message]bool, len(ids))
	for _, id := range ids {
		if msg, ok := m.byID[id]; ok {
			gone[msg] = true
			delete(m.byID, id)
		}
	}
	if len(gone) > 0 {
		m.order = slices.DeleteFunc(m.order, func(msg *outgoing.Message) bool { return gone[msg] })
	}
}

// find returns the messages that exist, in the order of ids.
func (m *messages) find(ids []int64) []outgoing.Message {
	found := make([]outgoing.Message, 0, len(ids))
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, id := range ids {
		if msg, ok := m.byID[id]; ok {
			found = append(found, *msg)
		}
	}
	return found
}

// cancel returns a status for each ID: 204 for those that it cancelled.
func (m *messages) cancel(ids []int64, now time.Time) []int {
	statuses := make([]int, len(ids))
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, id := range ids {
		msg, ok := m.byID[id]
		switch {
		case !ok:
			statuses[i] = http.StatusNotFound
		case msg.StatusCode != outgoing.StatusScheduled:
			statuses[i] = http.StatusBadRequest
		default:
			statuses[i] = http.StatusNoContent
			msg.StatusCode = statusCancelled
			msg.StatusDescription = "The message was cancelled before it was sent"
			msg.StatusDate = &now
		}
	}
	return statuses
}

// page returns a page, newest first, and how many messages there are in all. Both arguments are at least 1.
func (m *messages) page(page, limit int) (rows []outgoing.Message, total int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	total = len(m.order)
	if page-1 > total/limit { // far past the end, where the product below could overflow
		return nil, total
	}
	end := max(total-(page-1)*limit, 0)
	start := max(end-limit, 0)
	rows = make([]outgoing.Message, 0, end-start)
	for _, msg := range slices.Backward(m.order[start:end]) {
		rows = append(rows, *msg)
	}
	return rows, total
}
