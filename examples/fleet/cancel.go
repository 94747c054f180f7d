package main

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/riverqueue/river"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// The outcomes of a cancellation.
const (
	notCancelled = "not cancelled"
	notKnown     = "unknown to the gateway"
)

// cancelArgs is a job: cancel these messages.
type cancelArgs struct {
	Campaign string  `json:"campaign"`
	IDs      []int64 `json:"ids"`
}

func (cancelArgs) Kind() string { return "cancel" }

func (cancelArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 30_000} // it ends when all is decided, and not before
}

// canceller runs the jobs. It may die at any point, and two may have the same messages in work: the table says then which try
// is whose.
//
//  1. A try is counted, and committed, before the DELETE leaves: from then on, whatever happens, it may have taken effect.
//  2. A 204 is proof, whosever try it was.
//  3. A refusal is proof only of the first try, and only while it is the only one: else the refusal may be due to another DELETE,
//     which did cancel the message. Then the last status of the message decides, which looks and callbacks bring.
//  4. What was not sent takes its try back.
type canceller struct {
	river.WorkerDefaults[cancelArgs]
	gateway *gateway
	store   *store
	logger  *slog.Logger
	limit   time.Duration
}

// Timeout bounds a run. A job whose process was killed is run again after this time, and up to 45 seconds: River looks for such
// jobs every 30, and every 5 for those that are to be run again.
func (c *canceller) Timeout(*river.Job[cancelArgs]) time.Duration { return c.limit }

// NextRetry is soon, since messages go out meanwhile.
func (c *canceller) NextRetry(*river.Job[cancelArgs]) time.Time { return time.Now().Add(time.Second) }

const cancelPause = 5 * time.Second // before what is still to be cancelled is tried again

func (c *canceller) Work(ctx context.Context, job *river.Job[cancelArgs]) error {
	if !c.gateway.usable() {
		return river.JobSnooze(cancelPause)
	}
	tries, err := c.store.countTries(ctx, job.Args.IDs)
	if err != nil || len(tries) == 0 {
		return err
	}
	asked := slices.DeleteFunc(slices.Clone(job.Args.IDs), func(id int64) bool { _, ok := tries[id]; return !ok })
	result, failure := c.gateway.CancelScheduled(ctx, asked)
	if failure != nil {
		c.logger.Warn("cancelling", "campaign", job.Args.Campaign, "error", failure)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // what is known now is stored, also at a stop
	defer stop()
	c.gateway.noteAnswers(ctx, result.Requests, failure)
	if err := c.store.recordOutcomes(ctx, result.Outcomes, tries); err != nil {
		return err
	}
	left, err := c.store.toCancel(ctx, job.Args.IDs)
	if err != nil || left == 0 { // what is open nevertheless has been sent to its phone, and is decided when its last status is known
		return err
	}
	again, _ := outgoing.RetryAfter(failure)
	return river.JobSnooze(max(cancelPause, min(again, time.Minute)))
}

// cancellable is true of cancellations that a DELETE may decide: the first, and others while the message is not known to have
// been sent.
const cancellable = `cancellation.outcome = '' AND cancellation.id IN ({ids}) AND (cancellation.tries = 0
	OR EXISTS (SELECT 1 FROM message WHERE message.id = cancellation.id AND message.status_code IN ('', 'SCHEDULED')))`

// countTries counts a try of each message that is to be cancelled, and returns how many there are now.
func (s *store) countTries(ctx context.Context, ids []int64) (map[int64]int64, error) {
	rows, err := s.query(ctx, s.db, `UPDATE cancellation SET tries = tries + 1 WHERE `+cancellable+` RETURNING id, tries`, jsonIDs(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	tries := map[int64]int64{}
	for rows.Next() {
		var id, n int64
		if err := rows.Scan(&id, &n); err != nil {
			return nil, err
		}
		tries[id] = n
	}
	return tries, rows.Err()
}

func (s *store) toCancel(ctx context.Context, ids []int64) (left int, err error) {
	err = s.queryRow(ctx, s.db, `SELECT COUNT(*) FROM cancellation WHERE `+cancellable, jsonIDs(ids)).Scan(&left)
	return left, err
}

// verdict is what one DELETE says of one message.
type verdict struct {
	ID      int64  `json:"id"`
	Tries   int64  `json:"tries"` // with this one
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
}

// recordOutcomes stores what is proven, and has the rest looked up.
func (s *store) recordOutcomes(ctx context.Context, outcomes []outgoing.Outcome, tries map[int64]int64) error {
	var (
		decided, refused, untouched []verdict
		seen                        []outgoing.Message
		lookUp                      []int64
	)
	for _, o := range outcomes {
		if o.Message != nil {
			seen = append(seen, *o.Message)
		}
		v := verdict{ID: o.ID, Tries: tries[o.ID], Reason: words(o)}
		if v.Reason != "" {
			refused = append(refused, v)
		} else if o.Status != 0 {
			v.Reason = strconv.Itoa(o.Status)
		}
		switch {
		case o.State == outgoing.Cancelled:
			v.Outcome = cancelled
		case o.State == outgoing.NotSent:
			untouched = append(untouched, v)
			continue
		case o.State == outgoing.Rejected && o.Status == 404:
			v.Outcome = notKnown
		case o.State == outgoing.Rejected && v.Tries == 1 && o.Message != nil:
			v.Outcome = notCancelled // unless the message, which is stored before, says that someone else has cancelled it
		}
		if v.Outcome != "" {
			decided = append(decided, v)
		}
		lookUp = append(lookUp, o.ID)
	}
	if err := s.execVerdicts(ctx, s.db, `UPDATE cancellation SET reason = r.reason FROM {rows}
		WHERE cancellation.id = r.id AND cancellation.outcome = ''`, refused); err != nil { // kept by save, where the status decides
		return err
	}
	if err := s.save(ctx, seen); err != nil {
		return err
	}
	if err := s.hint(ctx, lookUp); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if err := s.execVerdicts(ctx, tx, `UPDATE cancellation SET outcome = r.outcome, reason = r.reason, decided = {now} FROM {rows}
			WHERE cancellation.id = r.id AND cancellation.outcome = '' AND (cancellation.tries = r.tries OR r.outcome = 'cancelled')`, decided); err != nil {
			return err
		}
		return s.execVerdicts(ctx, tx, `UPDATE cancellation SET tries = cancellation.tries - 1 FROM {rows}
			WHERE cancellation.id = r.id AND cancellation.outcome = '' AND cancellation.tries = r.tries`, untouched)
	})
}

func (s *store) execVerdicts(ctx context.Context, in session, statement string, verdicts []verdict) error {
	if len(verdicts) == 0 {
		return nil
	}
	text, err := json.Marshal(verdicts)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, in, statement, string(text))
	return err
}

// words returns what the gateway said about a refusal; "" if it said nothing.
func words(o outgoing.Outcome) string {
	if o.Problem == nil {
		return ""
	}
	return cmp.Or(o.Problem.Detail, o.Problem.Title)
}
