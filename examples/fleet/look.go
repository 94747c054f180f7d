package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// The table is the schedule: a look claims what is due, whichever process does it, and so packs the stragglers of all campaigns
// into full requests. One process at a time claims, every lookEvery.
const (
	lookEvery = 2 * time.Second
	lookAt    = 1000             // messages in one claim: 20 requests
	lookLease = 30 * time.Second // after which the claim of a process that was killed is due again
	firstLook = 10 * time.Second // after a message was stored that something else than a look has found
)

// lookConfig says when an open message is looked up again: after as long as its status has been the same, within bounds.
type lookConfig struct {
	least, most time.Duration
	followFor   time.Duration // after which only a callback or the history says more
}

type looker struct {
	gateway *gateway
	store   *store
	logger  *slog.Logger
	config  lookConfig
}

func (l *looker) run(ctx context.Context) {
	for ctx.Err() == nil {
		claimed, err := l.lookIfDue(ctx)
		if err != nil && ctx.Err() == nil {
			l.logger.Warn("looking messages up", "error", err)
		}
		if claimed < lookAt {
			pause(ctx, lookEvery/2)
		}
	}
}

// lookIfDue returns how many messages it has looked up.
func (l *looker) lookIfDue(ctx context.Context) (claimed int, err error) {
	if !l.gateway.usable() {
		return 0, nil
	}
	if due, err := l.store.acquire(ctx, "looks", "", lookEvery); err != nil || !due {
		return 0, err
	}
	ids, lease, err := l.store.claim(ctx, lookAt, lookLease)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), l.look(ctx, ids, lease)
}

// look stores what the gateway says of messages. The next look is the retry, so a request is sent once: messages that were not
// answered are due again when the lease is over.
func (l *looker) look(ctx context.Context, ids []int64, lease int64) error {
	asked, cancel := context.WithTimeout(ctx, lookLease-10*time.Second)
	defer cancel()
	result, err := l.gateway.GetByIDs(asked, ids, append(l.gateway.bulk, outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))...)
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // what was answered is stored, also at a stop
	defer cancel()
	l.gateway.noteAnswers(ctx, result.Requests, err)
	if err := l.store.save(ctx, result.Messages); err != nil {
		return err
	}
	answered := slices.Clone(result.Missing) // a message can appear late, so what is missing is looked up again
	for _, m := range result.Messages {
		answered = append(answered, m.ID)
	}
	if err := l.store.reschedule(ctx, answered, lease, l.config); err != nil {
		return err
	}
	if !l.gateway.usable() {
		return l.store.release(ctx, ids, lease, lookEvery) // this says more than err, which is logged
	}
	return err
}

// pause returns after d, or when ctx is done.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
