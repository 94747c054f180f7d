// Command reminders keeps a table of what became of each message that an account sent: with one process, one file of SQLite and
// Client.Watch. Take it if that will do; examples/fleet is for more than one process, for campaigns that are cancelled, and for
// people who want a page.
//
// It learns of changes in three ways, since each one by itself can miss some:
//
//   - The gateway calls back. A callback is only a hint which messages to look up, and acknowledged when the answer is stored.
//   - What is still open is watched, from the start on: callbacks are lost, too, while the service is down.
//   - Once a day the history of the last 30 days is read, also for messages that the table does not have yet.
//
// The three write in any order, and repeat each other. One statement, upsert, decides which status is the newest.
//
// Code that sends messages should store each ID that the gateway gave it, so that it is watched from the next round on:
// INSERT INTO message (id) VALUES (?) ON CONFLICT DO NOTHING, since the callback can be faster.
//
// To try it, without an account, in two terminals:
//
//	go -C ../.. run ./cmd/outgoing serve --live --callback http://127.0.0.1:8081/callbacks
//	echo any-token > token && go run . -base-url http://127.0.0.1:8080/rest -token-file token -final DELIVERED,UNDELIVERED
//
// And what became of the messages, in a third:
//
//	sqlite3 reminders.db 'SELECT status_code, final, count(*) FROM message GROUP BY 1'
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(ctx, os.Args[1:], logger); err != nil && !errors.Is(err, flag.ErrHelp) {
		logger.Error("reminders cannot go on", "error", err)
		os.Exit(1)
	}
}

type config struct {
	baseURL, tokenFile       string
	addr, callbackTokenFile  string
	database                 string
	final                    []string
	watchRound, historyEvery time.Duration
}

func parseFlags(args []string) (config, error) {
	var (
		c     config
		final string
		flags = flag.NewFlagSet("reminders", flag.ContinueOnError)
	)
	flags.StringVar(&c.baseURL, "base-url", outgoing.ProductionURL, "`URL` of the gateway")
	flags.StringVar(&c.tokenFile, "token-file", "", "`file` with the gateway's API token; read at every request, so that it can be replaced")
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8081", "`address` for callbacks, at /callbacks; TLS ends in a proxy before it")
	flags.StringVar(&c.callbackTokenFile, "callback-token-file", "",
		"`file` with the token of callbacks, or two while it is replaced; without it anyone is let in")
	flags.StringVar(&c.database, "database", "reminders.db", "`file` of the database")
	flags.StringVar(&final, "final", "",
		"comma-separated `statuses` that a message does not leave, good and bad; no document lists them: \"outgoing doctor\" shows those of an account")
	flags.DurationVar(&c.watchRound, "watch-round", time.Hour, "how often to begin a watch of what is open, with what was added since")
	flags.DurationVar(&c.historyEvery, "history-every", 24*time.Hour, "how often to read the history")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	c.final = strings.FieldsFunc(final, func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case flags.NArg() > 0:
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case c.tokenFile == "":
		return c, errors.New("-token-file is missing")
	case len(c.final) == 0:
		return c, errors.New("-final is missing: without it no message would ever reach its end")
	case c.watchRound <= 0 || c.historyEvery <= 0:
		return c, errors.New("-watch-round and -history-every must be above 0")
	}
	return c, nil
}

// run runs the service until ctx is done. Then it takes no new callbacks, stores and acknowledges those in work, and closes the
// database last.
func run(ctx context.Context, args []string, logger *slog.Logger) error {
	c, err := parseFlags(args)
	if err != nil {
		return err
	}
	if _, err := readToken(c.tokenFile); err != nil {
		return err
	}
	newClient := func() (*outgoing.Client, error) {
		return outgoing.New("", outgoing.WithBaseURL(c.baseURL), outgoing.WithLogger(logger),
			outgoing.WithTokenSource(func(context.Context) (string, error) { return readToken(c.tokenFile) }))
	}
	client, err := newClient()
	if err != nil {
		return err
	}
	confirming, err := newClient() // its own, so that a flood of callbacks does not hold back the watch
	if err != nil {
		return err
	}
	db, err := openStore(ctx, c.database, c.final)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer db.close()

	letIn := callback.WithoutToken()
	if c.callbackTokenFile != "" {
		tokens, err := readToken(c.callbackTokenFile)
		if err != nil {
			return err
		}
		letIn = callback.WithTokens(strings.Fields(tokens)...)
	}
	callbacks, err := callback.New(db.save, letIn, callback.WithConfirmation(confirming), callback.WithLogger(logger))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/callbacks", callbacks)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := db.db.PingContext(r.Context()); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // callbacks are small; a slow body ends here
		WriteTimeout:      60 * time.Second, // reading, the look-up of at most 10 s, and storing
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	listener, err := net.Listen("tcp", c.addr) //nolint:noctx // it returns at once
	if err != nil {
		return err
	}
	logger.Info("ready for callbacks", "addr", listener.Addr().String())

	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { (&follower{client, db, logger, c}).run(ctx) })
	served := make(chan error, 1)
	running.Go(func() {
		defer cancel()
		served <- server.Serve(listener)
	})
	<-ctx.Done()
	logger.Info("stopping")
	stopCtx, stop := context.WithTimeout(context.WithoutCancel(ctx), server.WriteTimeout)
	defer stop()
	if err := server.Shutdown(stopCtx); err != nil {
		return fmt.Errorf("callbacks in work were not finished: %w", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// readToken returns what is in a file, without the space around it.
func readToken(file string) (string, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("%s has no token in it", file)
	}
	return token, nil
}

// store is the table. Any number of goroutines may use it.
type store struct {
	db    *sql.DB
	final []string
}

// A status_date is in microseconds since 1970, so that dates compare as numbers, whatever time zone they came in.
const schema = `
	CREATE TABLE IF NOT EXISTS message (
		id          INTEGER PRIMARY KEY,
		cid         TEXT,
		status_code TEXT NOT NULL DEFAULT '', -- '' until the gateway was heard
		status_date INTEGER,                  -- NULL if the gateway gave none
		final       INTEGER NOT NULL DEFAULT 0
	) STRICT;
	CREATE INDEX IF NOT EXISTS message_open ON message (id) WHERE NOT final;
	CREATE TABLE IF NOT EXISTS job (name TEXT PRIMARY KEY, done INTEGER NOT NULL) STRICT;`

// upsert stores a status unless the one in the table is newer: a newer date wins, and an older one never does. Where dates do
// not decide, since they are equal (they count in seconds) or one is missing, a final status stays, and replaces an open one.
// Of two open ones the last to come is kept, or the one that has a date: it may be the older one until the next round of the
// watch, and no longer.
const upsert = `
	INSERT INTO message (id, cid, status_code, status_date, final) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT (id) DO UPDATE SET
		cid = excluded.cid, status_code = excluded.status_code, status_date = excluded.status_date, final = excluded.final
	WHERE (excluded.status_code, excluded.status_date) IS NOT (message.status_code, message.status_date) -- else nothing is written
		AND (excluded.status_date > message.status_date
			OR excluded.status_date IS message.status_date AND excluded.final >= message.final
			OR message.status_date IS NULL AND excluded.final >= message.final
			OR excluded.status_date IS NULL AND excluded.final > message.final)`

// openStore opens the database, and creates it if there is none.
func openStore(ctx context.Context, file string, final []string) (*store, error) {
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(file)+"?_txlock=immediate"+
		"&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)") // FULL: what is acknowledged is on the disk
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // SQLite has one writer at a time; the others wait here and not in SQLite
	statuses, err := json.Marshal(final)
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, schema)
	if err == nil { // -final may have changed since the last start
		_, err = db.ExecContext(ctx, `UPDATE message SET final = NOT final
			WHERE final <> (status_code COLLATE NOCASE IN (SELECT value FROM json_each(?)))`, string(statuses))
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &store{db, final}, nil
}

func (s *store) close() { _ = s.db.Close() }

func (s *store) isFinal(m outgoing.Message) bool {
	return slices.ContainsFunc(s.final, func(status string) bool { return strings.EqualFold(status, m.StatusCode) })
}

// save is the callbacks' sink: it returns when all is on the disk, or nothing is.
func (s *store) save(ctx context.Context, changed []outgoing.Message) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	for _, m := range changed {
		var date *int64
		if m.StatusDate != nil {
			date = new(m.StatusDate.UnixMicro())
		}
		if _, err := tx.ExecContext(ctx, upsert, m.ID, m.CID, m.StatusCode, date, s.isFinal(m)); err != nil {
			return fmt.Errorf("store message %d: %w", m.ID, err)
		}
	}
	return tx.Commit()
}

// open returns the IDs of the messages that have not reached their end, in ascending order.
func (s *store) open(ctx context.Context) ([]int64, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id FROM message WHERE NOT final ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// historyRead returns when the history was last read to its end.
func (s *store) historyRead(ctx context.Context) (time.Time, error) {
	var seconds int64
	err := s.db.QueryRowContext(ctx, `SELECT done FROM job WHERE name = 'history'`).Scan(&seconds)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return time.Unix(seconds, 0), err
}

func (s *store) setHistoryRead(ctx context.Context, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO job (name, done) VALUES ('history', ?)
		ON CONFLICT (name) DO UPDATE SET done = excluded.done`, at.Unix())
	return err
}

// follower asks the gateway, and so finds what no callback said.
type follower struct {
	client *outgoing.Client
	store  *store
	logger *slog.Logger
	config
}

// retryPause is the wait after something failed that concerns all messages: the token, the database.
const retryPause = time.Minute

// historyOf is how far back the history is read.
const historyOf = 30 * 24 * time.Hour

func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := f.readHistoryIfDue(ctx); err != nil && ctx.Err() == nil {
			f.logger.Warn("the history was not read to its end: the next round tries again", "error", err)
		}
		f.watchOneRound(ctx)
	}
}

// watchOneRound watches until the round is over, also if all reach their end before: the next begins with what is open then.
func (f *follower) watchOneRound(ctx context.Context) {
	round, cancel := context.WithTimeout(ctx, f.watchRound)
	defer cancel()
	if err := f.watch(round); err != nil && round.Err() == nil {
		f.logger.Error("the watch stopped", "error", err, "pause", retryPause)
		var stop context.CancelFunc
		round, stop = context.WithTimeout(round, retryPause)
		defer stop()
	}
	<-round.Done()
}

// watch returns an error if it must not go on: the gateway refuses the token, or the database does not work. What it did not
// store then is still open, and seen by the next watch.
func (f *follower) watch(ctx context.Context) error {
	ids, err := f.store.open(ctx)
	if err != nil {
		return err
	}
	f.logger.Info("watching", "open", len(ids))
	for m, err := range f.client.Watch(ctx, outgoing.WatchRequest{IDs: ids, Until: f.store.isFinal}) {
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, outgoing.ErrUnauthorized), errors.Is(err, outgoing.ErrForbidden):
			return err
		case err != nil: // the watch goes on: without this ID, or, if it is 0, with a request that it repeats
			f.logger.Warn("watching", "id", m.ID, "error", err)
		default:
			if err := f.store.save(ctx, []outgoing.Message{m}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *follower) readHistoryIfDue(ctx context.Context) error {
	now := time.Now()
	last, err := f.store.historyRead(ctx)
	if err != nil {
		return err
	}
	if last.After(now) { // a clock was wrong: if that counted, the history would not be read again before this date
		f.logger.Warn("the history was last read in the future: it is read now", "date", last)
	} else if now.Sub(last) < f.historyEvery {
		return nil
	}
	if err := f.readHistory(ctx, now.Add(-historyOf)); err != nil {
		return err
	}
	return f.store.setHistoryRead(ctx, now)
}

// readHistory stores what the history says, back to since. It is newest first, by sent_date or by ID, no document says which.
// By either, what follows a message that was sent before since was accepted before since, too; and if it was scheduled for a
// later time, the table has it as open.
func (f *follower) readHistory(ctx context.Context, since time.Time) error {
	var (
		batch []outgoing.Message
		ended error
	)
	for m, err := range f.client.All(ctx) {
		if unreadable, ok := errors.AsType[*outgoing.BatchError](err); ok {
			f.logger.Warn("a row of the history cannot be read", "id", m.ID, "error", unreadable)
			continue
		}
		if err != nil || m.SentDate != nil && m.SentDate.Before(since) {
			ended = err
			break
		}
		batch = append(batch, m)
		if len(batch) == 500 {
			if err := f.store.save(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if err := f.store.save(ctx, batch); err != nil {
		return err
	}
	if errors.Is(ended, outgoing.ErrIncomplete) { // all that it showed is stored, and tomorrow it is asked again
		f.logger.Warn("the gateway counts more messages than it shows", "error", ended)
		return nil
	}
	return ended
}
