package main

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/govalues/decimal"
)

// filter is which messages the page is about: of one campaign, of one day, or all.
type filter struct {
	Campaign string
	Day      time.Time // zero: all
}

// where returns the condition and its arguments, which are the first ones.
func (f filter) where() (condition string, args []any) {
	parts := []string{"true"}
	if f.Campaign != "" {
		args = append(args, f.Campaign)
		parts = append(parts, "campaign = ?1")
	}
	if !f.Day.IsZero() {
		args = append(args, f.Day.UnixMicro(), f.Day.AddDate(0, 0, 1).UnixMicro())
		n := len(args)
		parts = append(parts, "COALESCE(sent_date, created) >= ?"+strconv.Itoa(n-1), "COALESCE(sent_date, created) < ?"+strconv.Itoa(n))
	}
	return strings.Join(parts, " AND "), args
}

// stats is what the page shows of the messages of a filter.
type stats struct {
	Total, Arrived, Failed, Cancelled, Open int
	Statuses                                []statusCount
	Cost                                    decimal.Decimal // PLN, exact; of all but the cancelled ones
	Curve                                   curve
	Median, Ninety                          time.Duration // from sent_date to arrival; 0 if unknown
}

type statusCount struct {
	Code, State string // both "" until the gateway was heard
	Count       int
}

// curve is how many messages had arrived at the end of each of equally long steps.
type curve struct {
	From, To time.Time
	Counts   []int
}

const curveSteps = 120

// stats reads all in one transaction, so that the numbers fit each other.
func (s *store) stats(ctx context.Context, f filter) (result stats, err error) {
	err = s.readTx(ctx, func(tx *sql.Tx) error {
		where, args := f.where()
		steps := []func(context.Context, *sql.Tx, string, []any, *stats) error{s.countStatuses, s.sumPrices, s.arrivals, s.durations}
		for _, step := range steps {
			if err := step(ctx, tx, where, args, &result); err != nil {
				return err
			}
		}
		return nil
	})
	return result, err
}

// readTx sees the tables as they are at one moment.
func (s *store) readTx(ctx context.Context, work func(tx *sql.Tx) error) error {
	options := &sql.TxOptions{}
	if s.postgres {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := s.db.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	return work(tx)
}

func (s *store) countStatuses(ctx context.Context, tx *sql.Tx, where string, args []any, result *stats) error {
	rows, err := s.query(ctx, tx, `SELECT status_code, state, COUNT(*) FROM message WHERE `+where+` GROUP BY 1, 2 ORDER BY 3 DESC, 1`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c statusCount
		if err := rows.Scan(&c.Code, &c.State, &c.Count); err != nil {
			return err
		}
		result.Statuses = append(result.Statuses, c)
		result.Total += c.Count
		switch c.State {
		case arrived:
			result.Arrived += c.Count
		case failed:
			result.Failed += c.Count
		case cancelled:
			result.Cancelled += c.Count
		default:
			result.Open += c.Count
		}
	}
	return rows.Err()
}

// sumPrices adds up in decimals what the database has only counted: there are few different prices.
func (s *store) sumPrices(ctx context.Context, tx *sql.Tx, where string, args []any, result *stats) error {
	rows, err := s.query(ctx, tx, `SELECT price, COUNT(*) FROM message WHERE `+where+` AND state <> 'cancelled' GROUP BY 1`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			text  string
			count int64
		)
		if err := rows.Scan(&text, &count); err != nil {
			return err
		}
		price, err := decimal.Parse(text)
		if err != nil {
			return err
		}
		n, err := decimal.New(count, 0)
		if err != nil {
			return err
		}
		if price, err = price.Mul(n); err != nil {
			return err
		}
		if result.Cost, err = result.Cost.Add(price); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *store) arrivals(ctx context.Context, tx *sql.Tx, where string, args []any, result *stats) error {
	where += ` AND state = 'arrived' AND status_date IS NOT NULL`
	var first, last sql.NullInt64
	if err := s.queryRow(ctx, tx, `SELECT MIN(status_date), MAX(status_date) FROM message WHERE `+where, args...).Scan(&first, &last); err != nil || !first.Valid {
		return err
	}
	width := (last.Int64-first.Int64)/curveSteps + 1
	n := len(args)
	rows, err := s.query(ctx, tx, `SELECT (status_date - ?`+strconv.Itoa(n+1)+`) / ?`+strconv.Itoa(n+2)+`, COUNT(*) FROM message WHERE `+where+` GROUP BY 1`,
		append(args[:n:n], first.Int64, width)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	counts := make([]int, curveSteps)
	for rows.Next() {
		var step, count int
		if err := rows.Scan(&step, &count); err != nil {
			return err
		}
		counts[step] = count
	}
	for i := range counts[1:] {
		counts[i+1] += counts[i]
	}
	result.Curve = curve{time.UnixMicro(first.Int64), time.UnixMicro(first.Int64 + width*curveSteps), counts}
	return rows.Err()
}

func (s *store) durations(ctx context.Context, tx *sql.Tx, where string, args []any, result *stats) error {
	where += ` AND state = 'arrived' AND status_date >= sent_date`
	var count int
	if err := s.queryRow(ctx, tx, `SELECT COUNT(*) FROM message WHERE `+where, args...).Scan(&count); err != nil || count == 0 {
		return err
	}
	for _, want := range []struct {
		into    *time.Duration
		percent int
	}{{&result.Median, 50}, {&result.Ninety, 90}} {
		var took int64
		if err := s.queryRow(ctx, tx, `SELECT status_date - sent_date FROM message WHERE `+where+` ORDER BY 1 LIMIT 1 OFFSET ?`+strconv.Itoa(len(args)+1),
			append(args[:len(args):len(args)], (count-1)*want.percent/100)...).Scan(&took); err != nil {
			return err
		}
		*want.into = time.Duration(took) * time.Microsecond
	}
	return nil
}

// campaignCount is a line of the table of campaigns.
type campaignCount struct {
	Name                                         string
	Messages, Arrived                            int
	Stopped                                      bool // it was asked to be cancelled
	Cancelled, NotCancelled, NotKnown, Undecided int
}

// campaigns returns the newest ones.
func (s *store) campaigns(ctx context.Context, most int) ([]campaignCount, error) {
	rows, err := s.query(ctx, s.db, `
		SELECT name, cancelled IS NOT NULL,
			(SELECT COUNT(*) FROM message WHERE campaign = name), (SELECT COUNT(*) FROM message WHERE campaign = name AND state = 'arrived'),
			(SELECT COUNT(*) FROM cancellation WHERE campaign = name AND outcome = 'cancelled'),
			(SELECT COUNT(*) FROM cancellation WHERE campaign = name AND outcome = 'not cancelled'),
			(SELECT COUNT(*) FROM cancellation WHERE campaign = name AND outcome = 'unknown to the gateway'),
			(SELECT COUNT(*) FROM cancellation WHERE campaign = name AND outcome = '')
		FROM campaign ORDER BY created DESC, name LIMIT ?1`, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []campaignCount
	for rows.Next() {
		var c campaignCount
		if err := rows.Scan(&c.Name, &c.Stopped, &c.Messages, &c.Arrived, &c.Cancelled, &c.NotCancelled, &c.NotKnown, &c.Undecided); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// service is what the page shows of the service itself.
type service struct {
	Now, Heard, History, RefusedSince time.Time // zero: never
	Refused                           string    // why the gateway refuses the token
	Due                               int       // messages whose look is due
	HeldFor                           time.Duration
}

func (s *store) service(ctx context.Context, limits limits) (result service, err error) {
	now, err := s.now(ctx)
	if err != nil {
		return result, err
	}
	result.Now = time.UnixMicro(now)
	at := func(name string) (time.Time, string) {
		n, failed := s.note(ctx, s.db, name)
		err = errors.Join(err, failed)
		if n.at == 0 {
			return time.Time{}, ""
		}
		return time.UnixMicro(n.at), n.text
	}
	result.Heard, _ = at("heard")
	result.History, _ = at("history")
	result.RefusedSince, result.Refused = at("refused")
	held, failed := limits.heldFor(ctx)
	result.HeldFor = held
	return result, errors.Join(err, failed, s.queryRow(ctx, s.db, `SELECT COUNT(*) FROM message WHERE next_look <= {now}`).Scan(&result.Due))
}
