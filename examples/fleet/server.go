package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/riverqueue/river"
	"riverqueue.com/riverui"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/callback"
)

// listening is a server with its port.
type listening struct {
	*http.Server
	listener net.Listener
}

func listen(addr string, handler http.Handler, logger *slog.Logger) (*listening, error) {
	listener, err := net.Listen("tcp", addr) //nolint:noctx // it returns at once
	if err != nil {
		return nil, err
	}
	return &listening{&http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // callbacks are small; a slow body ends here
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}, listener}, nil
}

func (l *listening) url() string { return "http://" + l.listener.Addr().String() }

func (l *listening) serve() error {
	if err := l.Serve(l.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newCallbacks returns the handler of what the gateway calls. A callback is only a hint which messages to look up, so that a
// forged one does no harm and none is confirmed by a request of its own; it is acknowledged when the hint is committed.
func newCallbacks(c config, s *store, m *metrics, logger *slog.Logger) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", health(s))
	if len(c.callbackTokens) == 0 {
		return mux, nil
	}
	sink := func(ctx context.Context, changed []outgoing.Message) error {
		ids := make([]int64, 0, len(changed))
		for _, message := range changed {
			ids = append(ids, message.ID)
		}
		m.callbacks.Add(float64(len(ids)))
		return s.hint(ctx, ids)
	}
	handler, err := callback.New(sink, callback.WithTokens(c.callbackTokens...), callback.WithLogger(logger),
		callback.WithLimit(256)) // after a restart they come in a burst, and a hint takes a millisecond
	if err != nil {
		return nil, err
	}
	mux.Handle("/callbacks", handler)
	return mux, nil
}

// health is ready only if the database is there.
func health(s *store) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		if _, err := s.now(ctx); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	}
}

// newAdmin returns the handler of what people and their tools see.
func newAdmin(ctx context.Context, c config, s *store, jobs *river.Client[*sql.Tx], limits limits, m *metrics, logger *slog.Logger) (http.Handler, error) {
	// River's page ends with ctx.
	ui, err := riverui.NewHandler(&riverui.HandlerOpts{Endpoints: riverui.NewEndpoints(jobs, nil), Logger: logger, Prefix: "/jobs"})
	if err != nil {
		return nil, err
	}
	if err := ui.Start(ctx); err != nil {
		return nil, err
	}
	page, err := newPage(s, limits, logger)
	if err != nil {
		return nil, err
	}
	private := http.NewServeMux()
	private.Handle("GET /{$}", page)
	private.Handle("GET /style.css", http.FileServerFS(pageFiles))
	private.Handle("/jobs/", ui)
	private.Handle("GET /jobs", http.RedirectHandler("/jobs/", http.StatusMovedPermanently))
	a := api{s, jobs, logger}
	private.HandleFunc("POST /campaigns/{name}/messages", a.add)
	private.HandleFunc("POST /campaigns/{name}/cancel", a.cancel)
	private.HandleFunc("GET /campaigns/{name}/outcomes", a.outcomes)

	mux := http.NewServeMux()
	mux.Handle("GET /healthz", health(s))
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.Handle("/", letIn(c.adminToken, http.NewCrossOriginProtection().Handler(private)))
	return mux, nil
}

// letIn lets in who has the token, as a bearer token or a browser's password. Without one anybody on this machine is let in,
// but no page of another site whose name was pointed at this address (DNS rebinding).
func letIn(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token == "" {
			if !isLoopback(r.Host) && !isLoopback(r.Host+":80") {
				http.Error(w, "without -admin-token-file this is served under loopback names alone", http.StatusMisdirectedRequest)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			_, given, _ = r.BasicAuth()
		}
		want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(given))
		if subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="fleet", charset="UTF-8"`)
			http.Error(w, "the token of -admin-token-file is needed: as the password, or a bearer token", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// api is how campaigns are made and cancelled.
type api struct {
	store  *store
	jobs   *river.Client[*sql.Tx]
	logger *slog.Logger
}

// add takes a JSON array of IDs.
func (a api) add(w http.ResponseWriter, r *http.Request) {
	var ids []int64
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
	if err == nil {
		err = json.Unmarshal(body, &ids)
	}
	if err != nil {
		http.Error(w, "the body must be a JSON array of message IDs: "+err.Error(), http.StatusBadRequest)
		return
	}
	for _, id := range ids {
		if id < 1 {
			http.Error(w, fmt.Sprintf("%d is not a message ID; nothing was added", id), http.StatusBadRequest)
			return
		}
	}
	a.answer(w, a.store.addToCampaign(r.Context(), r.PathValue("name"), ids), fmt.Sprintf("%d messages are followed\n", len(ids)))
}

func (a api) cancel(w http.ResponseWriter, r *http.Request) {
	open, err := a.store.cancelCampaign(r.Context(), a.jobs, r.PathValue("name"))
	a.answer(w, err, fmt.Sprintf("%d messages are being cancelled\n", open))
}

func (a api) answer(w http.ResponseWriter, err error, done string) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusAccepted)
		_, _ = fmt.Fprint(w, done)
	case errors.Is(err, errNoCampaign):
		http.Error(w, err.Error(), http.StatusNotFound)
	case errors.Is(err, errCampaignCancelled), errors.Is(err, errOtherCampaign):
		http.Error(w, err.Error(), http.StatusConflict)
	default:
		a.logger.Error("a campaign", "error", err)
		http.Error(w, "the database does not do it; the log says why", http.StatusServiceUnavailable)
	}
}

// outcomes writes the outcome of each message as a CSV. It reads in parts: SQLite has one connection, which a slow reader must
// not keep.
func (a api) outcomes(w http.ResponseWriter, r *http.Request) {
	if err := a.store.checkCampaign(r.Context(), r.PathValue("name")); err != nil {
		a.answer(w, err, "")
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	out := csv.NewWriter(w)
	_ = out.Write([]string{"id", "outcome", "reason", "tries", "status"})
	for after := int64(0); ; {
		part, err := a.store.outcomes(r.Context(), r.PathValue("name"), after, 1000)
		if err != nil {
			a.logger.Error("outcomes of a campaign", "error", err)
			panic(http.ErrAbortHandler) // so that nobody takes the part for all
		}
		for _, o := range part {
			_ = out.Write([]string{strconv.FormatInt(o.ID, 10), o.Outcome, o.Reason, strconv.Itoa(o.Tries), o.Status})
			after = o.ID
		}
		if len(part) == 0 {
			out.Flush()
			return
		}
	}
}
