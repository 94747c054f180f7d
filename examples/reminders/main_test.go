package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// lives returns what the messages 1 to n become, in an order that keeps each message's own: from accepted to delivered, or to
// not delivered, or on its way still. Some dates are missing, and some are equal, as they count in seconds.
func lives(random *rand.Rand, n int) []outgoing.Message {
	accepted := time.Now().Add(-time.Hour).Truncate(time.Second)
	var all [][]outgoing.Message
	for i := range n {
		id, at := int64(i+1), accepted.Add(time.Duration(i)*time.Second)
		life := []outgoing.Message{{StatusCode: "QUEUED"}, {StatusCode: "SENT"}, {StatusCode: final[random.IntN(2)]}}
		for j := range life {
			m := &life[j]
			m.ID, m.CID, m.SentDate = id, new(fmt.Sprintf("visit-%d", id)), new(accepted)
			at = at.Add(time.Duration(random.IntN(2)) * time.Second)
			if j > 0 || random.IntN(4) > 0 {
				m.StatusDate = new(at.In(time.FixedZone("", random.IntN(3)*3600)))
			}
		}
		all = append(all, life[:1+random.IntN(3)])
	}
	var changes []outgoing.Message
	for len(all) > 0 {
		i := random.IntN(len(all))
		changes, all[i] = append(changes, all[i][0]), all[i][1:]
		if len(all[i]) == 0 {
			all = slices.Delete(all, i, i+1)
		}
	}
	return changes
}

// postman delivers callbacks badly: it loses some, repeats some, and brings some late; several at once.
type postman struct {
	random *rand.Rand
	bodies [][]byte // of all callbacks, also those that were lost
	late   [][]byte
	places chan struct{}
	sent   sync.WaitGroup

	unanswered   atomic.Int64
	mu           sync.Mutex
	acknowledged [][]byte
}

// take gets a new callback to deliver.
func (p *postman) take(s *service, body []byte) {
	p.bodies = append(p.bodies, body)
	switch p.random.IntN(6) {
	case 0: // lost
	case 1:
		p.late = append(p.late, body)
	case 2:
		p.deliver(s, body)
		p.deliver(s, body)
	default:
		p.deliver(s, body)
	}
	if len(p.late) > 20 {
		i := p.random.IntN(len(p.late))
		p.deliver(s, p.late[i])
		p.late = slices.Delete(p.late, i, i+1)
	}
}

func (p *postman) deliver(s *service, body []byte) {
	p.places <- struct{}{}
	p.sent.Go(func() {
		defer func() { <-p.places }()
		switch s.post(callbackToken, body) {
		case 0:
			p.unanswered.Add(1)
		case http.StatusNoContent:
			p.mu.Lock()
			defer p.mu.Unlock()
			p.acknowledged = append(p.acknowledged, body)
		}
	})
}

func (p *postman) acknowledgements() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.acknowledged)
}

func TestTheTableIsTheGatewaysAfterBadCallbacksAndAKill(t *testing.T) {
	const messages = 150
	seed := rand.Uint64()
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	gateway, gatewayURL := newGateway(t)
	database := filepath.Join(t.TempDir(), "a table?.db")
	run := func() *service {
		return start(t, gatewayURL, database, "-watch-round", "200ms", "-history-every", "1ms")
	}
	faults := []outgoingtest.Fault{{Status: http.StatusServiceUnavailable}, {Drop: true}, {Truncate: 40}}
	post := &postman{random: random, places: make(chan struct{}, 8)}
	happen := func(changes []outgoing.Message, s *service) {
		for _, m := range changes {
			if random.IntN(10) == 0 {
				gateway.Inject(faults[random.IntN(len(faults))])
			}
			gateway.Add(m)
			post.take(s, callbackOf(t, gateway, m.ID))
		}
	}
	changes := lives(random, messages)
	third := len(changes) / 3

	s := run()
	happen(changes[:third], s)
	eventually(t, func() bool { return len(post.acknowledgements()) > third/4 }, "a quarter of the callbacks to be acknowledged")
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		s.kill() // while callbacks arrive
	}()
	happen(changes[third:2*third], s)
	<-killed
	post.sent.Wait()
	stored := table(t, database)
	for _, body := range post.acknowledgements() {
		for _, m := range messagesOf(t, body) {
			has, reported := stored[m.ID], rowOf(m)
			assert.NotEmpty(t, has.status, "message %d was acknowledged, and is lost", m.ID)
			assert.GreaterOrEqual(t, has.date.V, reported.date.V, "message %d: %v was acknowledged, but there is %v", m.ID, reported, has)
			assert.True(t, has.final || !reported.final, "message %d: %v was acknowledged, but there is %v", m.ID, reported, has)
		}
	}

	s = run()
	happen(changes[2*third:], s)
	post.sent.Wait()
	want := gatewayTable(t, gateway, messages)
	eventually(t, func() bool { return maps.Equal(want, table(t, database)) }, "the table to be what the gateway says")

	// All callbacks come once more, and forged ones.
	for _, body := range post.bodies {
		post.deliver(s, body)
		post.deliver(s, bytes.ReplaceAll(body, []byte("QUEUED"), []byte("DELIVERED")))
	}
	post.sent.Wait()
	assert.Equal(t, http.StatusUnauthorized, s.post("another-token", post.bodies[0]))
	assert.Equal(t, want, table(t, database))
	assert.Zero(t, s.stop(t))
	assert.Equal(t, want, table(t, database))
	t.Logf("%d messages, %d changes, %d callbacks acknowledged, %d not", messages, len(changes), len(post.acknowledgements()), post.unanswered.Load())
	assert.NotZero(t, post.unanswered.Load(), "the kill came when no callback was under way")
}

// A message of which no callback ever tells is found by the watch: here the history is not due. One that the sending code has
// just stored is in the table already.
func TestWatchFindsWhatNoCallbackTells(t *testing.T) {
	const messages = 120
	random := rand.New(rand.NewPCG(1, 2))
	gateway, gatewayURL := newGateway(t)
	database := filepath.Join(t.TempDir(), "reminders.db")
	db, err := openStore(t.Context(), database, final)
	require.NoError(t, err)
	require.NoError(t, db.setHistoryRead(t.Context(), time.Now()))
	for id := range messages + 1 { // the last is not at the gateway
		_, err := db.db.ExecContext(t.Context(), `INSERT INTO message (id) VALUES (?)`, id+1)
		require.NoError(t, err)
	}
	db.close()
	changes := lives(random, messages)
	half := len(changes) / 2
	matches := func() bool {
		found := table(t, database)
		delete(found, messages+1)
		for id, r := range found {
			if m, ok := gateway.Message(id); ok && rowOf(m) != r {
				return false
			}
		}
		return true
	}

	gateway.Add(changes[:half]...)
	s := start(t, gatewayURL, database, "-watch-round", "200ms")
	eventually(t, matches, "the watch to find what happened before the start")
	s.kill()
	gateway.Add(changes[half:]...)
	s = start(t, gatewayURL, database, "-watch-round", "200ms")
	eventually(t, matches, "the watch to find what happened while the service was down")
	assert.Equal(t, row{}, table(t, database)[messages+1], "an ID that the gateway does not know stays open")
	assert.Zero(t, s.stop(t))
	for _, request := range gateway.Requests() {
		assert.NotEmpty(t, request.IDs, "the history was not due")
	}
}

// The history finds messages that the table does not have, and is read once a day, whatever happens to the process.
func TestTheHistoryIsReadOnceADay(t *testing.T) {
	const messages = 120
	gateway, gatewayURL := newGateway(t)
	old := outgoing.Message{ID: messages + 1, StatusCode: "DELIVERED", SentDate: new(time.Now().AddDate(-1, 0, 0))}
	gateway.Add(old)
	gateway.Add(lives(rand.New(rand.NewPCG(3, 4)), messages)...)
	database := filepath.Join(t.TempDir(), "reminders.db")
	historyRequests := func() int {
		return len(slices.DeleteFunc(gateway.Requests(), func(r outgoingtest.Request) bool { return r.IDs != nil }))
	}

	s := start(t, gatewayURL, database)
	want := gatewayTable(t, gateway, messages)
	eventually(t, func() bool { return maps.Equal(want, table(t, database)) }, "the history to be stored, without what is older than 30 days")
	eventually(t, func() bool { return s.logged("msg=watching") }, "the watch to begin")
	assert.Zero(t, s.stop(t))
	read := historyRequests()
	s = start(t, gatewayURL, database)
	eventually(t, func() bool { return s.logged("msg=watching") }, "the watch to begin")
	assert.Zero(t, s.stop(t))
	assert.Equal(t, read, historyRequests(), "a restart does not read the history again on the same day")
}

// A clock that was wrong once: the history is read all the same.
func TestAHistoryThatWasReadInTheFutureIsReadAgain(t *testing.T) {
	gateway, gatewayURL := newGateway(t)
	gateway.Add(lives(rand.New(rand.NewPCG(5, 6)), 20)...)
	database := filepath.Join(t.TempDir(), "reminders.db")
	db, err := openStore(t.Context(), database, final)
	require.NoError(t, err)
	require.NoError(t, db.setHistoryRead(t.Context(), time.Now().AddDate(10, 0, 0)))
	db.close()
	s := start(t, gatewayURL, database)
	want := gatewayTable(t, gateway, 20)
	eventually(t, func() bool { return maps.Equal(want, table(t, database)) }, "the history to be stored")
	assert.True(t, s.logged("in the future"))
	assert.Zero(t, s.stop(t))
	db, err = openStore(t.Context(), database, final)
	require.NoError(t, err)
	defer db.close()
	read, err := db.historyRead(t.Context())
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), read, time.Minute)
}

// K7: a limit that the confirmations of callbacks meet holds back no look.
func TestK7_CallbacksThatMeetALimitDoNotHoldBackTheWatch(t *testing.T) {
	gateway, gatewayURL := newGateway(t)
	gateway.Add(outgoing.Message{ID: 1, StatusCode: "SENT"}, outgoing.Message{ID: 2, StatusCode: "SENT"})
	database := filepath.Join(t.TempDir(), "reminders.db")
	s := start(t, gatewayURL, database, "-watch-round", "200ms")
	eventually(t, func() bool { return len(table(t, database)) == 2 }, "the history to be stored")
	gateway.Inject(outgoingtest.Fault{Match: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/3") }, Status: http.StatusTooManyRequests, RetryAfter: "300"})
	assert.Equal(t, http.StatusServiceUnavailable, s.post(callbackToken, []byte(`[{"id":3,"status_code":"SENT"}]`)))
	gateway.Add(outgoing.Message{ID: 1, StatusCode: "DELIVERED"})
	eventually(t, func() bool { return table(t, database)[1].final }, "the watch to go on")
	assert.Zero(t, s.stop(t))
}

func TestHealthIsThatOfTheDatabase(t *testing.T) {
	_, gatewayURL := newGateway(t)
	s := start(t, gatewayURL, filepath.Join(t.TempDir(), "reminders.db"))
	response, err := http.Get(strings.TrimSuffix(s.url, "/callbacks") + "/healthz")
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

func TestACallbackInWorkIsStoredBeforeTheServiceStops(t *testing.T) {
	gateway, gatewayURL := newGateway(t)
	database := filepath.Join(t.TempDir(), "reminders.db")
	s := start(t, gatewayURL, database)
	eventually(t, func() bool { return s.logged("msg=watching") }, "the first history to be read")
	delivered := outgoing.Message{ID: 7, StatusCode: "DELIVERED", StatusDate: new(time.Now())}
	gateway.Add(delivered)
	arrived, release := make(chan struct{}), make(chan struct{})
	gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(7), Before: func(*outgoingtest.Gateway) {
		close(arrived)
		<-release
	}})
	answered := make(chan int, 1)
	body := callbackOf(t, gateway, 7)
	go func() { answered <- s.post(callbackToken, body) }()
	<-arrived
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	eventually(t, func() bool { return s.logged("msg=stopping") }, "the service to be stopping")
	close(release)
	assert.Equal(t, http.StatusNoContent, <-answered)
	<-s.exited
	assert.Zero(t, s.cmd.ProcessState.ExitCode())
	assert.Equal(t, map[int64]row{7: rowOf(delivered)}, table(t, database))
}

func TestWhatCannotWorkIsSaidAtTheStart(t *testing.T) {
	token := writeToken(t, "api-token")
	database := filepath.Join(t.TempDir(), "reminders.db")
	for name, test := range map[string]struct {
		args string
		want string
	}{
		"no token":             {"-final DELIVERED", "-token-file is missing"},
		"no file of the token": {"-final DELIVERED -token-file " + token + ".not", "no such file"},
		"an empty token file":  {"-final DELIVERED -token-file " + os.DevNull, "has no token"},
		"no last status":       {"-token-file " + token, "-final is missing"},
		"a base URL in clear":  {"-final DELIVERED -base-url http://example.com -token-file " + token, "http"},
		"no such directory":    {"-final DELIVERED -database " + token + "/x.db -token-file " + token, "open the database"},
		"no callback token":    {"-final DELIVERED -callback-token-file " + os.DevNull + " -token-file " + token, "has no token"},
		"an argument":          {"-final DELIVERED -token-file " + token + " 43456", "unexpected argument"},
		"no interval":          {"-final DELIVERED -watch-round 0s -token-file " + token, "must be above 0"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"-database", database, "-addr", "127.0.0.1:0"}, strings.Fields(test.args)...)
			require.ErrorContains(t, run(t.Context(), args, slog.New(slog.DiscardHandler)), test.want)
		})
	}
}
