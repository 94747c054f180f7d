package main

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// The states of a message that has reached its end.
const (
	arrived   = "arrived"
	failed    = "failed"
	cancelled = "cancelled"
)

// statuses says which status codes a message does not leave, by what they mean. No document lists them.
type statuses struct{ Arrived, Failed, Cancelled []string }

// state returns what a status code means; "" while the message is open.
func (s statuses) state(code string) string {
	is := func(known string) bool { return strings.EqualFold(known, code) }
	switch {
	case slices.ContainsFunc(s.Arrived, is):
		return arrived
	case slices.ContainsFunc(s.Failed, is):
		return failed
	case slices.ContainsFunc(s.Cancelled, is):
		return cancelled
	}
	return ""
}

// row is a row of the table message, as a statement that has {rows} takes it.
type row struct {
	ID         int64   `json:"id"`
	CID        *string `json:"cid"`
	StatusCode string  `json:"status_code"`
	StatusDate *int64  `json:"status_date"`
	State      string  `json:"state"`
	SentDate   *int64  `json:"sent_date"`
	Price      string  `json:"price"`
}

func micros(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	return new(t.UnixMicro())
}

// rowsOf returns the rows of messages, in the order of their IDs, each once: PostgreSQL refuses the same ID twice in one
// statement, and two statements in different orders wait for each other.
func (s *store) rowsOf(messages []outgoing.Message) []row {
	rows := make([]row, 0, len(messages))
	for _, m := range messages {
		rows = append(rows, row{m.ID, m.CID, m.StatusCode, micros(m.StatusDate), s.statuses.state(m.StatusCode), micros(m.SentDate), m.Price.String()})
	}
	date := func(r row) int64 {
		if r.StatusDate == nil {
			return 0
		}
		return *r.StatusDate
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(date(b), date(a))) })
	return slices.CompactFunc(rows, func(a, b row) bool { return a.ID == b.ID })
}

// upsert stores statuses unless the one in the table is newer: a newer date wins, and an older one never does. Where dates do
// not decide, since they are equal (they count in seconds) or one is missing, a last status stays, and replaces an open one.
// Of two open ones the last to come is kept, or the one that has a date: it may be the older one until the next look.
//
// It leaves next_look alone while a message is open: that is the lease of the look, or a hint that came meanwhile.
const upsert = `
	INSERT INTO message (id, cid, status_code, status_date, state, sent_date, price, next_look)
	SELECT r.id, r.cid, r.status_code, r.status_date, r.state, r.sent_date, r.price, CASE WHEN r.state = '' THEN {now} + ?2 END
	FROM {rows} WHERE true ORDER BY r.id
	ON CONFLICT (id) DO UPDATE SET
		cid = excluded.cid, status_code = excluded.status_code, status_date = excluded.status_date, state = excluded.state,
		sent_date = COALESCE(excluded.sent_date, message.sent_date), price = excluded.price,
		changed = CASE WHEN excluded.status_code = message.status_code AND excluded.status_date IS NOT DISTINCT FROM message.status_date
			THEN message.changed ELSE {now} END,
		next_look = CASE WHEN excluded.state = '' THEN COALESCE(message.next_look, excluded.next_look) END
	WHERE (excluded.status_code <> message.status_code OR excluded.status_date IS DISTINCT FROM message.status_date
			OR excluded.cid IS DISTINCT FROM message.cid OR excluded.sent_date IS DISTINCT FROM message.sent_date
			OR excluded.price <> message.price) -- else nothing is written
		AND (excluded.status_date > message.status_date
			OR excluded.status_date IS NOT DISTINCT FROM message.status_date AND (excluded.state <> '') >= (message.state <> '')
			OR message.status_date IS NULL AND (excluded.state <> '') >= (message.state <> '')
			OR excluded.status_date IS NULL AND (excluded.state <> '') > (message.state <> ''))`

// decide gives an outcome to the cancellations of messages that have reached their end, however many DELETEs have left. The
// gateway's words about a refusal stay as the reason, unless the message was cancelled nevertheless.
const decide = `
	UPDATE cancellation SET decided = {now},
		reason = CASE WHEN cancellation.reason <> '' AND message.state <> 'cancelled' THEN cancellation.reason ELSE message.status_code END,
		outcome = CASE message.state WHEN 'cancelled' THEN 'cancelled' ELSE 'not cancelled' END
	FROM message WHERE message.id = cancellation.id AND message.state <> '' AND cancellation.outcome = ''
		AND cancellation.id IN ({ids})`

// save stores what the gateway said of messages, and what follows from it for campaigns that are being cancelled.
func (s *store) save(ctx context.Context, messages []outgoing.Message) error {
	if len(messages) == 0 {
		return nil
	}
	rows := s.rowsOf(messages)
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	var ended []int64
	for _, r := range rows {
		if r.State != "" {
			ended = append(ended, r.ID)
		}
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if _, err := s.exec(ctx, tx, upsert, string(text), firstLook.Microseconds()); err != nil {
			return fmt.Errorf("store messages: %w", err)
		}
		if len(ended) == 0 {
			return nil
		}
		_, err := s.exec(ctx, tx, decide, jsonIDs(ended))
		return err
	})
}

// hint makes messages due soon that the gateway has called back about, also those that the table does not have yet. It is not
// at once: callbacks come by the thousand, and what is due together goes into one request.
func (s *store) hint(ctx context.Context, ids []int64) error {
	_, err := s.exec(ctx, s.db, `
		INSERT INTO message (id, next_look) SELECT id, {now} + 1000000 FROM ({ids}) AS hinted WHERE true ORDER BY 1
		ON CONFLICT (id) DO UPDATE SET next_look = excluded.next_look
		WHERE message.state = '' AND (message.next_look IS NULL OR message.next_look > excluded.next_look)`, jsonIDs(ids))
	return err
}

// claim returns messages that are due, and keeps them from other claims until the lease is over. The lease is also the token of
// what was claimed: a row whose next_look is another one was hinted at meanwhile.
func (s *store) claim(ctx context.Context, n int, length time.Duration) (ids []int64, lease int64, err error) {
	materialized := ""
	if s.postgres {
		materialized = "MATERIALIZED" // else the planner may evaluate it twice
	}
	rows, err := s.query(ctx, s.db, `
		WITH due AS `+materialized+` (SELECT id FROM message WHERE next_look <= {now} ORDER BY next_look LIMIT ?1 {skip locked})
		UPDATE message SET next_look = {now} + ?2 WHERE id IN (SELECT id FROM due) RETURNING id, next_look`, n, length.Microseconds())
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id, &lease); err != nil {
			return nil, 0, err
		}
		ids = append(ids, id)
	}
	return ids, lease, rows.Err()
}

// reschedule sets the next look at messages that were looked up: after as long as the status has been the same, within bounds.
func (s *store) reschedule(ctx context.Context, ids []int64, lease int64, l lookConfig) error {
	_, err := s.exec(ctx, s.db, `
		UPDATE message SET next_look = CASE WHEN {now} - changed > ?5 THEN NULL WHEN {now} - changed < ?3 THEN {now} + ?3
			WHEN {now} - changed > ?4 THEN {now} + ?4 ELSE {now} + {now} - changed END
		WHERE next_look = ?2 AND id IN ({ids})`,
		jsonIDs(ids), lease, l.least.Microseconds(), l.most.Microseconds(), l.followFor.Microseconds())
	return err
}

// release gives up a claim: the messages are due again after d.
func (s *store) release(ctx context.Context, ids []int64, lease int64, d time.Duration) error {
	_, err := s.exec(ctx, s.db, `UPDATE message SET next_look = {now} + ?3 WHERE next_look = ?2 AND id IN ({ids})`,
		jsonIDs(ids), lease, d.Microseconds())
	return err
}
