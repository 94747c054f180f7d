// Command fleet follows the messages of an account, and cancels campaigns of them, with one process or any number.
//
// Take it if more than one process shall do the work, so that one may die or be replaced while the others go on; if campaigns
// are cancelled, and it must be known of each message whether it still went out; or if people want a page that shows what
// arrived. If one process and one table will do, examples/reminders is a quarter of the size.
//
// What is stored decides, and no process knows anything that is not: the table message is the schedule of looks (look.go),
// cancellations are jobs of River beside a row for each message (cancel.go), callbacks are hints (server.go), the history is read
// back to where it was read before (history.go), and all processes share one limiter (limiter.go). With DATABASE_URL set all of
// it is in PostgreSQL, and without it in SQLite, for one process.
//
// To try it, without an account, in two terminals:
//
//	echo any-token > /tmp/token && go -C ../.. run ./cmd/outgoing serve --live --callback http://127.0.0.1:8081/callbacks --callback-token-file /tmp/token
//	go run . -base-url http://127.0.0.1:8080/rest -token-file /tmp/token -callback-token-file /tmp/token
//
// and http://127.0.0.1:8082/ shows what arrives.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/riverqueue/river"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(ctx, os.Args[1:], logger); err != nil && !errors.Is(err, flag.ErrHelp) {
		logger.Error("fleet cannot go on", "error", err)
		os.Exit(1)
	}
}

type config struct {
	name, baseURL, tokenFile  string
	addr, callbackTokenFile   string
	adminAddr, adminTokenFile string
	databaseURL, file         string
	connections               int
	statuses                  statuses
	rate                      float64
	look                      lookConfig
	historyEvery, historyFor  time.Duration
	cancelTimeout             time.Duration
	callbackTokens            []string
	adminToken                string
}

func parseFlags(args []string) (config, error) {
	host, _ := os.Hostname()
	c := config{databaseURL: os.Getenv("DATABASE_URL")}
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	list := func(into *[]string, name, value, usage string) {
		*into = strings.Split(value, ",")
		flags.Func(name, usage+fmt.Sprintf(" (default %q)", value), func(text string) error {
			*into = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
			return nil
		})
	}
	flags.StringVar(&c.name, "name", fmt.Sprintf("%s-%d", host, os.Getpid()), "`name` of this process in logs, leases and requests")
	flags.StringVar(&c.baseURL, "base-url", outgoing.ProductionURL, "`URL` of the gateway")
	flags.StringVar(&c.tokenFile, "token-file", "", "`file` with the gateway's API token; read at every request, so that it can be replaced")
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8081", "`address` for callbacks, at /callbacks, and /healthz; TLS ends in a proxy before it")
	flags.StringVar(&c.callbackTokenFile, "callback-token-file", "", "`file` with the token of callbacks, or two while it is replaced; without it there are no callbacks")
	flags.StringVar(&c.adminAddr, "admin-addr", "127.0.0.1:8082", "`address` of the page, /jobs, /campaigns, /metrics and /healthz")
	flags.StringVar(&c.adminTokenFile, "admin-token-file", "", "`file` with the token of the page, /jobs and /campaigns: a bearer token, or the password in a browser; needed unless the address is a loopback one")
	flags.StringVar(&c.file, "database", "fleet.db", "`file` of the database; PostgreSQL is used instead if DATABASE_URL is set")
	flags.IntVar(&c.connections, "connections", 8, "most connections to PostgreSQL; times the processes it must stay below max_connections")
	list(&c.statuses.Arrived, "arrived", "DELIVERED", "comma-separated `statuses` of messages that arrived; no document lists them: \"outgoing doctor\" shows those of an account")
	list(&c.statuses.Failed, "failed", "UNDELIVERED,EXPIRED,REJECTED", "`statuses` of messages that did not and will not")
	list(&c.statuses.Cancelled, "cancelled", "CANCELLED", "`statuses` of messages that were cancelled")
	flags.Float64Var(&c.rate, "rate", 10, "most `requests` a second, of all processes together")
	flags.DurationVar(&c.look.least, "look-least", 10*time.Second, "shortest wait between two looks at a message")
	flags.DurationVar(&c.look.most, "look-most", time.Hour, "longest wait")
	flags.DurationVar(&c.look.followFor, "follow-for", 30*24*time.Hour, "how long a status may stay as it is until the message is looked up no more")
	flags.DurationVar(&c.historyEvery, "history-every", 24*time.Hour, "how often to read the history")
	flags.DurationVar(&c.historyFor, "history-for", 30*24*time.Hour, "how far back to read it the first time")
	flags.DurationVar(&c.cancelTimeout, "cancel-timeout", 30*time.Second, "how long a job of 200 cancels may take, and how long one whose process was killed is waited for")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	return c, c.check(flags.Args())
}

func (c *config) check(rest []string) (err error) {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case c.tokenFile == "":
		return errors.New("-token-file is missing; to try the service without an account, see \"go doc\"")
	case len(c.statuses.Arrived) == 0 || len(c.statuses.Failed) == 0 || len(c.statuses.Cancelled) == 0:
		return errors.New("-arrived, -failed and -cancelled must not be empty: without them no message would ever reach its end")
	case !(c.rate > 0) || c.rate > 10_000:
		return errors.New("-rate must be above 0, and at most 10000")
	case c.connections < 4:
		return errors.New("-connections must be at least 4")
	case min(c.look.least, c.look.followFor, c.historyEvery, c.historyFor) <= 0 || c.look.most < c.look.least:
		return errors.New("-look-least, -look-most, -follow-for, -history-every and -history-for must be above 0, and -look-most not below -look-least")
	case c.cancelTimeout < time.Second:
		return errors.New("-cancel-timeout must be at least 1s")
	}
	if c.callbackTokenFile != "" {
		tokens, err := readToken(c.callbackTokenFile)
		if err != nil {
			return err
		}
		c.callbackTokens = strings.Fields(tokens)
	}
	if c.adminTokenFile != "" {
		if c.adminToken, err = readToken(c.adminTokenFile); err != nil {
			return err
		}
	} else if !isLoopback(c.adminAddr) {
		return fmt.Errorf("-admin-addr %s can be reached from elsewhere: it needs -admin-token-file", c.adminAddr)
	}
	return nil
}

// run runs the service until ctx is done. Then it takes no new work, stores what is in work, and closes the database last.
func run(ctx context.Context, args []string, logger *slog.Logger) error {
	c, err := parseFlags(args)
	if err != nil {
		return err
	}
	logger = logger.With("process", c.name)
	s, err := openStore(ctx, c.databaseURL, c.file, c.connections, c.statuses, logger)
	if err != nil {
		return err
	}
	defer s.close()
	unlock, err := s.lockFile(ctx, c.file)
	if err != nil {
		return err
	}
	defer unlock()
	m := newMetrics(s)
	limits := newLimits(s, c.rate, m.limiterWait)
	g, err := newGateway(c, s, limits, m, logger)
	if err != nil {
		return err
	}
	jobs, err := newJobs(c, s, g, logger)
	if err != nil {
		return err
	}
	callbacks, err := newCallbacks(c, s, m, logger)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	admin, err := newAdmin(ctx, c, s, jobs, limits, m, logger)
	if err != nil {
		return err
	}
	public, err := listen(c.addr, callbacks, logger)
	if err != nil {
		return err
	}
	private, err := listen(c.adminAddr, admin, logger)
	if err != nil {
		return errors.Join(err, public.listener.Close())
	}
	logger.Info("ready", "callbacks", public.url(), "page", private.url(), "database", map[bool]string{true: "PostgreSQL", false: c.file}[s.postgres])

	if err := jobs.Start(context.WithoutCancel(ctx)); err != nil { // its work ends with Stop
		return err
	}
	var running sync.WaitGroup
	running.Go(func() { (&looker{g, s, logger, c.look}).run(ctx) })
	running.Go(func() { (&historian{g, s, logger, c.historyEvery, c.historyFor}).run(ctx) })
	for _, server := range []*listening{public, private} {
		running.Go(func() { cancel(server.serve()) })
	}
	<-ctx.Done()
	logger.Info("stopping")
	stopCtx, stop := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer stop()
	err = errors.Join(public.Shutdown(stopCtx), private.Shutdown(stopCtx), jobs.StopAndCancel(stopCtx))
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	return err
}

// newJobs returns River's client. It runs the cancels; everything else has its schedule in a table.
func newJobs(c config, s *store, g *gateway, logger *slog.Logger) (*river.Client[*sql.Tx], error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &canceller{gateway: g, store: s, logger: logger, limit: c.cancelTimeout}); err != nil {
		return nil, err
	}
	return river.NewClient(s.river, &river.Config{
		ID:                   c.name,
		Logger:               logger,
		Workers:              workers,
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: jobsAtOnce}},
		JobTimeout:           c.cancelTimeout,
		RescueStuckJobsAfter: c.cancelTimeout + time.Second,
	})
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
