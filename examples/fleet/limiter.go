package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// limits is what one account may send, whichever process does. Looks and the history ask bulk, which leaves room: else cancels
// would queue behind them, and messages go out meanwhile.
type limits struct {
	account, bulk outgoing.Limiter
	heldFor       func(ctx context.Context) (time.Duration, error) // what is left of a hold
}

const bulkShare = 0.7

// newLimits returns limiters of perSecond requests: in PostgreSQL they are shared by all processes, and with SQLite there is one.
func newLimits(s *store, perSecond float64, wait prometheus.Observer) limits {
	if s.postgres {
		account, bulk := newSharedLimiter(s, "account", perSecond), newSharedLimiter(s, "bulk", perSecond*bulkShare)
		return limits{timed{account, wait}, timed{both{bulk, account}, wait}, account.heldFor}
	}
	account, bulk := &localLimiter{Limiter: rate.NewLimiter(rate.Limit(perSecond), 1)}, rate.NewLimiter(rate.Limit(perSecond*bulkShare), 1)
	return limits{timed{account, wait}, timed{both{bulk, account}, wait}, account.heldFor}
}

// holder is a Limiter that learns of holds.
type holder interface {
	outgoing.Limiter
	outgoing.Holder
}

// both lets pass what two limiters let pass.
type both struct {
	first outgoing.Limiter
	holder
}

func (b both) Wait(ctx context.Context) error {
	if err := b.first.Wait(ctx); err != nil {
		return err
	}
	return b.holder.Wait(ctx)
}

// timed measures what waiting takes.
type timed struct {
	holder
	observer prometheus.Observer
}

func (t timed) Wait(ctx context.Context) error {
	start := time.Now()
	defer func() { t.observer.Observe(time.Since(start).Seconds()) }()
	return t.holder.Wait(ctx)
}

// localLimiter is the limiter of one process.
type localLimiter struct {
	*rate.Limiter
	mu    sync.Mutex
	until time.Time
}

// Wait takes another turn after a hold that began meanwhile, as that of sharedLimiter does.
func (l *localLimiter) Wait(ctx context.Context) error {
	for {
		if err := l.Limiter.Wait(ctx); err != nil {
			return err
		}
		held, _ := l.heldFor(ctx)
		if held == 0 {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && held > time.Until(deadline) {
			return errNoTurn
		}
		pause(ctx, held)
	}
}

func (l *localLimiter) Hold(_ context.Context, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.until) {
		l.until = until
	}
}

func (l *localLimiter) heldFor(context.Context) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, time.Until(l.until)), nil
}

// sharedLimiter is a row of PostgreSQL: when the next request may leave, by the database's clock. Each request takes its turn
// with one statement, waits for it here, and takes another one if a hold that began meanwhile covers it. The Client would keep
// such a turn until the hold's end, where all of them would leave at once. The table is not logged: after a crash of the
// database it is empty, which is fine.
type sharedLimiter struct {
	store *store
	name  string
	gap   time.Duration
}

func newSharedLimiter(s *store, name string, perSecond float64) *sharedLimiter {
	return &sharedLimiter{s, name, time.Duration(float64(time.Second) / perSecond)}
}

const (
	clock = `(extract(epoch FROM clock_timestamp()) * 1000000)::bigint` // unlike {now}, not that before the wait for the row

	takeTurn = `
		INSERT INTO limiter AS l (name, next) VALUES ($1, ` + clock + ` + $2)
		ON CONFLICT (name) DO UPDATE SET next = GREATEST(l.next, l.held_until, ` + clock + `) + $2
		WHERE GREATEST(l.next, l.held_until) <= ` + clock + ` + $3
		RETURNING next - $2, next - $2 - ` + clock

	covered = `SELECT EXISTS (SELECT 1 FROM limiter WHERE name = $1 AND held_until > $2)`

	hold = `
		INSERT INTO limiter AS l (name, held_until) VALUES ($1, ` + clock + ` + $2)
		ON CONFLICT (name) DO UPDATE SET held_until = GREATEST(l.held_until, excluded.held_until)`
)

// longestWait bounds a wait whose context has no deadline.
const longestWait = 5 * time.Minute

var errNoTurn = errors.New("the account's limiter has no turn before the deadline")

// Wait returns when it is this request's turn. A turn that would come after the deadline is not taken.
func (l *sharedLimiter) Wait(ctx context.Context) error {
	for {
		turn, wait, err := l.take(ctx)
		if err != nil || wait <= 0 {
			return err
		}
		if pause(ctx, wait); ctx.Err() != nil {
			return ctx.Err()
		}
		var held bool
		if err := l.store.db.QueryRowContext(ctx, covered, l.name, turn).Scan(&held); err != nil {
			return fmt.Errorf("ask the account's limiter: %w", err)
		}
		if !held {
			return nil
		}
	}
}

// take returns a turn, and how long it is until then.
func (l *sharedLimiter) take(ctx context.Context) (turn int64, wait time.Duration, err error) {
	longest := longestWait
	if deadline, ok := ctx.Deadline(); ok {
		longest = min(longest, time.Until(deadline))
	}
	var left int64
	err = l.store.db.QueryRowContext(ctx, takeTurn, l.name, l.gap.Microseconds(), longest.Microseconds()).Scan(&turn, &left)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, 0, errNoTurn
	case err != nil:
		return 0, 0, fmt.Errorf("ask the account's limiter: %w", err)
	}
	return turn, time.Duration(left) * time.Microsecond, nil
}

// Hold keeps all processes from taking turns for d, since the gateway has asked one of them for that.
func (l *sharedLimiter) Hold(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, _ = l.store.db.ExecContext(ctx, hold, l.name, d.Microseconds()) // this process holds back itself, in any case
}

func (l *sharedLimiter) heldFor(ctx context.Context) (time.Duration, error) {
	rows, err := l.store.db.QueryContext(ctx, `SELECT GREATEST(0, held_until - `+clock+`) FROM limiter WHERE name = $1`, l.name)
	if err != nil {
		return 0, err
	}
	left, err := collect[int64](rows)
	if err != nil || len(left) == 0 {
		return 0, err
	}
	return time.Duration(left[0]) * time.Microsecond, nil
}
