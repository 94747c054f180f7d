package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/riverqueue/river"
)

// A campaign is a name for messages that may be cancelled together. Each of its messages gets an outcome then: the cancellation
// stays open until there is proof of one.
var (
	errCampaignCancelled = errors.New("the campaign is being cancelled: nothing can be added to it")
	errOtherCampaign     = errors.New("belong to another campaign: nothing was added")
	errNoCampaign        = errors.New("there is no such campaign")
)

// addToCampaign stores the IDs that the gateway gave, and has them followed from now on. The callback can have been faster.
func (s *store) addToCampaign(ctx context.Context, name string, ids []int64) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var stopped sql.NullInt64 // the row stays locked, so that a cancel comes before or after, and misses none
		if err := s.queryRow(ctx, tx, `INSERT INTO campaign (name) VALUES (?1)
			ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING cancelled`, name).Scan(&stopped); err != nil {
			return err
		}
		if stopped.Valid {
			return errCampaignCancelled
		}
		if _, err := s.exec(ctx, tx, `INSERT INTO message (id, campaign) SELECT id, CAST(?2 AS TEXT) FROM ({ids}) AS added WHERE true ORDER BY 1
			ON CONFLICT (id) DO UPDATE SET campaign = excluded.campaign WHERE message.campaign = ''`, jsonIDs(ids), name); err != nil {
			return err
		}
		var others int
		if err := s.queryRow(ctx, tx, `SELECT COUNT(*) FROM message WHERE id IN ({ids}) AND campaign <> ?2`, jsonIDs(ids), name).Scan(&others); err != nil {
			return err
		}
		if others > 0 {
			return fmt.Errorf("%d of the messages %w", others, errOtherCampaign)
		}
		return nil
	})
}

// jobsAtOnce times idsInOneJob is how many messages one process has in work, and how many are stalled if it is killed, until
// River runs its jobs again.
const (
	idsInOneJob = 200
	jobsAtOnce  = 4
)

// cancelCampaign makes a cancellation of each message of a campaign, and jobs for those that are open, all or nothing. Asked
// again, it makes new jobs for what is still open.
func (s *store) cancelCampaign(ctx context.Context, jobs *river.Client[*sql.Tx], name string) (open int, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		found, err := s.exec(ctx, tx, `UPDATE campaign SET cancelled = COALESCE(cancelled, {now}) WHERE name = ?1`, name)
		if err != nil {
			return err
		}
		if found == 0 {
			return errNoCampaign
		}
		if _, err := s.exec(ctx, tx, `INSERT INTO cancellation (id, campaign) SELECT id, campaign FROM message WHERE campaign = ?1 ORDER BY 1
			ON CONFLICT (id) DO NOTHING`, name); err != nil {
			return err
		}
		ids, err := s.openCancellations(ctx, tx, name)
		if err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, decide, jsonIDs(ids)); err != nil {
			return err
		}
		if ids, err = s.openCancellations(ctx, tx, name); err != nil {
			return err
		}
		open = len(ids)
		var inserts []river.InsertManyParams
		for part := range slices.Chunk(ids, idsInOneJob) {
			inserts = append(inserts, river.InsertManyParams{Args: cancelArgs{name, part}})
		}
		if len(inserts) == 0 {
			return nil
		}
		_, err = jobs.InsertManyTx(ctx, tx, inserts)
		return err
	})
	return open, err
}

func (s *store) openCancellations(ctx context.Context, tx *sql.Tx, campaign string) ([]int64, error) {
	rows, err := s.query(ctx, tx, `SELECT id FROM cancellation WHERE campaign = ?1 AND outcome = '' ORDER BY id`, campaign)
	if err != nil {
		return nil, err
	}
	return collect[int64](rows)
}

// checkCampaign returns an error if there is no such campaign.
func (s *store) checkCampaign(ctx context.Context, name string) error {
	var found bool
	err := s.queryRow(ctx, s.db, `SELECT true FROM campaign WHERE name = ?1`, name).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoCampaign
	}
	return err
}

// outcome is what became of the cancellation of one message; Outcome is "" while it is open.
type outcome struct {
	ID              int64
	Tries           int
	Outcome, Reason string
	Status          string // of the message
}

// outcomes returns up to n of a campaign's, in ascending order of their IDs, from after on.
func (s *store) outcomes(ctx context.Context, campaign string, after int64, n int) ([]outcome, error) {
	rows, err := s.query(ctx, s.db, `SELECT c.id, c.tries, c.outcome, c.reason, m.status_code
		FROM cancellation c JOIN message m ON m.id = c.id WHERE c.campaign = ?1 AND c.id > ?2 ORDER BY c.id LIMIT ?3`, campaign, after, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []outcome
	for rows.Next() {
		var o outcome
		if err := rows.Scan(&o.ID, &o.Tries, &o.Outcome, &o.Reason, &o.Status); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, rows.Err()
}
