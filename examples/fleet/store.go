package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// store is the tables, in PostgreSQL or SQLite. Any number of goroutines may use it, and with PostgreSQL any number of
// processes. All times in it are microseconds since 1970 and of the database's clock, so that processes need not agree.
type store struct {
	db       *sql.DB
	river    riverdriver.Driver[*sql.Tx]
	postgres bool
	dialect  *strings.Replacer
	statuses statuses
}

// schema has one entry for each version of the tables. Entries are only ever added.
var schema = []string{`
	CREATE TABLE message (
		id          BIGINT NOT NULL PRIMARY KEY,
		cid         TEXT,
		campaign    TEXT   NOT NULL DEFAULT '',
		status_code TEXT   NOT NULL DEFAULT '',      -- '' until the gateway was heard
		status_date BIGINT,                          -- NULL if the gateway gave none
		state       TEXT   NOT NULL DEFAULT '',      -- '' while open, or arrived, failed, cancelled
		sent_date   BIGINT,
		price       TEXT   NOT NULL DEFAULT '0',     -- exact
		created     BIGINT NOT NULL DEFAULT ({now}),
		changed     BIGINT NOT NULL DEFAULT ({now}), -- when the status was first seen
		next_look   BIGINT DEFAULT ({now})           -- NULL: at its end; while it is looked up: when the lease ends
	);
	CREATE INDEX message_next_look ON message (next_look) WHERE next_look IS NOT NULL;
	CREATE INDEX message_campaign ON message (campaign) WHERE campaign <> '';
	CREATE INDEX message_day ON message (COALESCE(sent_date, created));
	CREATE TABLE campaign (name TEXT PRIMARY KEY, created BIGINT NOT NULL DEFAULT ({now}), cancelled BIGINT);
	CREATE TABLE cancellation (
		id       BIGINT NOT NULL PRIMARY KEY,
		campaign TEXT   NOT NULL,
		tries    BIGINT NOT NULL DEFAULT 0,  -- DELETEs that may have left; committed before each
		outcome  TEXT   NOT NULL DEFAULT '', -- '' while open, or cancelled, not cancelled, unknown to the gateway
		reason   TEXT   NOT NULL DEFAULT '',
		decided  BIGINT
	);
	CREATE INDEX cancellation_campaign ON cancellation (campaign, id);
	CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL);
	CREATE TABLE note (name TEXT PRIMARY KEY, at BIGINT NOT NULL DEFAULT ({now}), text TEXT NOT NULL DEFAULT '');
	{unlogged}TABLE limiter (name TEXT PRIMARY KEY, next BIGINT NOT NULL DEFAULT 0, held_until BIGINT NOT NULL DEFAULT 0);`,
}

// What the two databases spell differently. {ids} is the first argument, a JSON array of IDs; {rows} one of message rows.
var (
	postgres = strings.NewReplacer(
		"?", "$",
		"{now}", `(extract(epoch FROM statement_timestamp()) * 1000000)::bigint`,
		"{skip locked}", `FOR UPDATE SKIP LOCKED`,
		"{ids}", `SELECT value::bigint AS id FROM json_array_elements_text($1::json)`,
		"{rows}", `json_to_recordset($1::json) AS r (id bigint, cid text, status_code text, status_date bigint, state text,
			sent_date bigint, price text, tries bigint, outcome text, reason text)`,
		"{unlogged}", `CREATE UNLOGGED `,
	)
	sqlite = strings.NewReplacer(
		"{now}", `CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000`, // it counts in milliseconds
		"{skip locked}", ``,
		"{ids}", `SELECT value AS id FROM json_each(?1)`,
		"{rows}", `(SELECT value->>'id' AS id, value->>'cid' AS cid, value->>'status_code' AS status_code,
			value->>'status_date' AS status_date, value->>'state' AS state, value->>'sent_date' AS sent_date,
			value->>'price' AS price, value->>'tries' AS tries, value->>'outcome' AS outcome, value->>'reason' AS reason
			FROM json_each(?1)) AS r`,
		"{unlogged}", `CREATE `,
	)
)

// openStore opens PostgreSQL if databaseURL is set, else SQLite in a file, and brings the tables up to date.
func openStore(ctx context.Context, databaseURL, file string, connections int, known statuses, logger *slog.Logger) (*store, error) {
	s := &store{statuses: known, postgres: databaseURL != ""}
	var err error
	if s.postgres {
		s.db, err = sql.Open("pgx", databaseURL)
	} else {
		s.db, err = sql.Open("sqlite", "file:"+url.PathEscape(file)+"?_txlock=immediate"+
			"&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	}
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	if s.postgres {
		s.db.SetMaxOpenConns(connections)
		s.db.SetMaxIdleConns(connections)
		s.db.SetConnMaxLifetime(30 * time.Minute) // so that connections spread again after a failover
		s.dialect, s.river = postgres, riverdatabasesql.New(s.db)
	} else {
		s.db.SetMaxOpenConns(1) // SQLite has one writer at a time; the others wait here and not in SQLite
		s.dialect, s.river = sqlite, riversqlite.New(s.db)
	}
	if err := s.prepare(ctx, file, logger); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (s *store) prepare(ctx context.Context, file string, logger *slog.Logger) error {
	reach, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	switch err := s.db.PingContext(reach); {
	case err != nil && s.postgres:
		return fmt.Errorf("the database of DATABASE_URL cannot be reached: %w", err)
	case err != nil:
		return fmt.Errorf("open the database %s: %w", file, err)
	}
	unlock, err := s.lockSchema(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.migrateRiver(ctx, logger); err != nil {
		return err
	}
	return s.applyStatuses(ctx)
}

// lockSchema lets one process at a time change the tables. River's migrations cannot share one transaction, so the lock is the
// session's.
func (s *store) lockSchema(ctx context.Context) (unlock func(), err error) {
	if !s.postgres {
		return func() {}, nil
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	const key = 0x666c656574 // "fleet"
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, key); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, key)
		_ = conn.Close()
	}, nil
}

var errNewerDatabase = errors.New("the database belongs to a newer version of this program")

func (s *store) migrate(ctx context.Context) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var version int
		if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS fleet_schema (version INT NOT NULL)`); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM fleet_schema`).Scan(&version); err != nil {
			return err
		}
		if version > len(schema) {
			return fmt.Errorf("%w: its tables have version %d, and this one knows %d: start the newer one", errNewerDatabase, version, len(schema))
		}
		for ; version < len(schema); version++ {
			if _, err := tx.ExecContext(ctx, s.dialect.Replace(schema[version])); err != nil {
				return fmt.Errorf("bring the tables to version %d: %w", version+1, err)
			}
			if _, err := s.exec(ctx, tx, `INSERT INTO fleet_schema (version) VALUES (?1)`, version+1); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *store) migrateRiver(ctx context.Context, logger *slog.Logger) error {
	migrator, err := rivermigrate.New(s.river, &rivermigrate.Config{Logger: logger})
	if err != nil {
		return err
	}
	if _, err := migrator.ExistingVersions(ctx); err != nil { // one that this River does not know is an error
		return fmt.Errorf("%w, or its River: %w", errNewerDatabase, err)
	}
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// applyStatuses decides anew which messages have reached their end if the lists of statuses are not those of the last start.
func (s *store) applyStatuses(ctx context.Context) error {
	lists, err := json.Marshal(s.statuses)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		before, err := s.note(ctx, tx, "statuses")
		if err != nil || before.text == string(lists) {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT DISTINCT status_code FROM message`)
		if err != nil {
			return err
		}
		codes, err := collect[string](rows)
		if err != nil {
			return err
		}
		for _, code := range codes {
			if _, err := s.exec(ctx, tx, `UPDATE message SET state = ?2, next_look = CASE WHEN ?2 = '' THEN {now} END
				WHERE status_code = ?1 AND state <> ?2`, code, s.statuses.state(code)); err != nil {
				return err
			}
		}
		return s.setNote(ctx, tx, "statuses", string(lists))
	})
}

func (s *store) close() { _ = s.db.Close() }

// lockFile keeps a second process from a file of SQLite until this one ends, however it does. Others that only read may.
func (s *store) lockFile(ctx context.Context, file string) (unlock func(), err error) {
	if s.postgres {
		return func() {}, nil
	}
	lock, err := sql.Open("sqlite", "file:"+url.PathEscape(file+".lock")+"?_txlock=exclusive")
	if err != nil {
		return nil, err
	}
	if _, err := lock.BeginTx(ctx, nil); err != nil { //nolint:sqlclosecheck // it ends with lock
		return nil, errors.Join(fmt.Errorf("another process has %s, and more than one needs PostgreSQL (DATABASE_URL): %w", file, err), lock.Close())
	}
	return func() { _ = lock.Close() }, nil
}

// session is a *sql.DB or a *sql.Tx.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *store) exec(ctx context.Context, in session, query string, args ...any) (rows int64, err error) {
	run := func() error {
		result, err := in.ExecContext(ctx, s.dialect.Replace(query), args...)
		if err != nil {
			return err
		}
		rows, err = result.RowsAffected()
		return err
	}
	if in != s.db { // a transaction that has failed is repeated as a whole
		return rows, run()
	}
	err = repeatDeadlocked(run)
	return rows, err
}

// repeatDeadlocked repeats what PostgreSQL has ended because two transactions waited for each other. Rows are locked in the order
// of their IDs where a statement can say so, which UPDATE cannot.
func repeatDeadlocked(work func() error) (err error) {
	for range 5 {
		err = work()
		if failure, ok := errors.AsType[*pgconn.PgError](err); !ok || failure.Code != "40P01" { // deadlock_detected
			return err
		}
	}
	return err
}

func (s *store) query(ctx context.Context, in session, query string, args ...any) (*sql.Rows, error) {
	return in.QueryContext(ctx, s.dialect.Replace(query), args...)
}

func (s *store) queryRow(ctx context.Context, in session, query string, args ...any) *sql.Row {
	return in.QueryRowContext(ctx, s.dialect.Replace(query), args...)
}

// tx commits what work did, or nothing of it. In SQLite the one connection is taken meanwhile: work must use tx alone.
func (s *store) tx(ctx context.Context, work func(tx *sql.Tx) error) error {
	return repeatDeadlocked(func() error {
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // does nothing after Commit
		if err := work(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// collect returns the only column of all rows, and closes them.
func collect[T any](rows *sql.Rows) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		var value T
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	return all, rows.Err()
}

// jsonIDs is the first argument of a statement that has {ids}: each once, since PostgreSQL refuses the same ID twice in one. Their
// order is that in which rows are locked, everywhere, so that
// no two transactions wait for each other.
func jsonIDs(ids []int64) string {
	sorted := append([]int64{}, ids...) // never nil, which JSON would say is null
	slices.Sort(sorted)
	text, _ := json.Marshal(slices.Compact(sorted))
	return string(text)
}

// A note is one fact that all processes share: when the gateway was last heard, that it refuses the token, up to when the
// history was read.
type note struct {
	at   int64 // 0 if there is none
	text string
}

func (s *store) note(ctx context.Context, in session, name string) (note, error) {
	var n note
	err := s.queryRow(ctx, in, `SELECT at, text FROM note WHERE name = ?1`, name).Scan(&n.at, &n.text)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return n, err
}

func (s *store) setNote(ctx context.Context, in session, name, text string) error {
	_, err := s.exec(ctx, in, `INSERT INTO note (name, text) VALUES (?1, ?2)
		ON CONFLICT (name) DO UPDATE SET at = {now}, text = excluded.text`, name, text)
	return err
}

func (s *store) removeNote(ctx context.Context, name string) error {
	_, err := s.exec(ctx, s.db, `DELETE FROM note WHERE name = ?1`, name)
	return err
}

// now returns the database's time.
func (s *store) now(ctx context.Context) (now int64, err error) {
	err = s.queryRow(ctx, s.db, `SELECT {now}`).Scan(&now)
	return now, err
}

// acquire gives the lease of this name to holder for d, also if holder has it already, unless another one has it.
// A process that is killed keeps others out until its lease is over, and no longer.
func (s *store) acquire(ctx context.Context, name, holder string, d time.Duration) (bool, error) {
	n, err := s.exec(ctx, s.db, `INSERT INTO lease (name, holder, until) VALUES (?1, ?2, {now} + ?3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE lease.until <= {now} OR lease.holder = excluded.holder AND excluded.holder <> ''`, name, holder, d.Microseconds())
	return n > 0, err
}
