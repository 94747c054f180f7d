package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// scenario is a life of messages and processes from beginning to end.
type scenario struct {
	messages, processes int
	rate                float64 // of all processes together
	randomKills         int
}

// setting returns the number that an environment variable sets: for measurements larger than a test.
func setting(name string, value float64) float64 {
	if n, err := strconv.ParseFloat(os.Getenv(name), 64); err == nil {
		return n
	}
	return value
}

func TestOneProcessThatIsKilled(t *testing.T) {
	t.Parallel()
	scenario{int(setting("FLEET_MESSAGES", 1000)), 1, setting("FLEET_RATE", 12), 1}.test(t, database{file: filepath.Join(t.TempDir(), "fleet.db")})
}

func TestManyProcessesThatAreKilled(t *testing.T) {
	t.Parallel()
	scenario{int(setting("FLEET_MESSAGES", 3000)), int(setting("FLEET_PROCESSES", 4)), setting("FLEET_RATE", 12), 1}.test(t, database{url: newPostgres(t)})
}

// fleet is the processes of a run.
type fleet struct {
	*testing.T
	scenario
	database database
	double   *double
	postman  *postman
	args     []string
	killed   chan struct{} // a process was killed; it is followed by another
	kills    int
	started  int

	mu    sync.Mutex
	alive map[string]*process
}

func (f *fleet) startOne() {
	f.started++
	p := start(f.T, fmt.Sprintf("p%d", f.started), f.database, f.args...)
	f.mu.Lock()
	f.alive[p.name] = p
	f.mu.Unlock()
	f.tellPostman()
}

func (f *fleet) tellPostman() {
	f.mu.Lock()
	defer f.mu.Unlock()
	var to []string
	for _, p := range f.alive {
		to = append(to, p.public)
	}
	f.postman.setAddresses(to...)
}

// kill kills a process, or any if name is "".
func (f *fleet) kill(name string) {
	f.mu.Lock()
	var victim *process
	for _, p := range f.alive {
		if name == "" || p.name == name {
			victim = p
		}
	}
	if victim != nil {
		delete(f.alive, victim.name)
		f.kills++
	}
	f.mu.Unlock()
	if victim != nil {
		victim.kill()
		f.killed <- struct{}{}
	}
}

// replaceKilled starts a process for each that was killed.
func (f *fleet) replaceKilled() {
	for len(f.killed) > 0 {
		<-f.killed
		f.startOne()
	}
}

// any returns one that is alive.
func (f *fleet) any() *process {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.alive {
		return p
	}
	return nil
}

// post asks any process until one has done it.
func (f *fleet) post(path, body string) {
	f.Helper()
	eventually(f.T, func() bool {
		f.replaceKilled()
		p := f.any()
		if p == nil {
			return false
		}
		status, _ := ask(http.MethodPost, p.private+path, "", body)
		return status == http.StatusAccepted
	}, "POST "+path)
}

func (r scenario) test(t *testing.T, d database) {
	seed := rand.Uint64()
	if given := os.Getenv("FLEET_SEED"); given != "" {
		seed, _ = strconv.ParseUint(given, 10, 64)
	}
	t.Log("FLEET_SEED =", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // of this goroutine
	r.messages -= r.messages % 9
	begin := time.Now()
	gateway := newDouble(t, 20)
	post := &postman{double: gateway, random: rand.New(rand.NewPCG(seed, 1)), places: make(chan struct{}, 8)}
	f := &fleet{T: t, scenario: r, database: d, double: gateway, postman: post, alive: map[string]*process{}, killed: make(chan struct{}, 100), args: []string{
		"-base-url", gateway.url, "-token-file", writeToken(t, "api-token"), "-callback-token-file", writeToken(t, callbackToken),
		"-rate", fmt.Sprint(r.rate), "-look-least", "2s", "-look-most", "5s", "-cancel-timeout", "5s",
	}}

	// A third of the messages goes out at once; of the others, which go out later, two campaigns are cancelled meanwhile.
	world := &life{double: gateway, random: random, report: post.report}
	world.add(r.messages/3, 0, 0)
	campaigns := map[string][]int64{}
	for _, name := range []string{"spring", "summer & sun", "autumn"} {
		campaigns[name] = world.add(r.messages*2/9, 5*time.Second, 20*time.Second)
	}
	for range r.processes {
		f.startOne()
	}
	for name, ids := range campaigns {
		body, err := json.Marshal(ids)
		require.NoError(t, err)
		f.post("/campaigns/"+url.PathEscape(name)+"/messages", string(body))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var living sync.WaitGroup
	defer living.Wait()
	defer cancel()
	lived := make(chan struct{})
	living.Go(func() {
		defer close(lived)
		world.run(ctx)
	})

	// Kills: between a DELETE and the commit of what it did, before and after its answer arrives; and at any time.
	delay := time.Duration(random.IntN(4000)) * time.Microsecond
	first, second := 2+random.IntN(2), 5+random.IntN(3)
	lost := 0 // cancels that took effect, and whose process died of it
	gateway.killOnDelete(func(process string, number int, ids []int64) (answer bool) {
		switch number {
		case first:
			for _, id := range ids {
				if m, _ := gateway.Message(id); m.StatusCode == "CANCELLED" {
					lost++
				}
			}
			f.kill(process)
			return false
		case second:
			living.Go(func() {
				pause(ctx, delay)
				f.kill(process)
			})
		}
		return true
	})
	for range r.randomKills {
		at := time.Duration(3000+random.IntN(9000)) * time.Millisecond
		living.Go(func() {
			pause(ctx, at)
			f.kill("")
		})
	}
	pause(ctx, 6*time.Second)
	f.post("/campaigns/spring/cancel", "")
	f.post("/campaigns/"+url.PathEscape("summer & sun")+"/cancel", "")

	table := d.open(t)
	left := func() (what string) {
		f.replaceKilled()
		var open, undecided, known int
		err := table.queryRow(ctx, table.db, `SELECT (SELECT COUNT(*) FROM message WHERE state = ''),
			(SELECT COUNT(*) FROM cancellation WHERE outcome = ''), (SELECT COUNT(*) FROM message)`).Scan(&open, &undecided, &known)
		select {
		case <-lived:
		default:
			return "not all has happened"
		}
		if err != nil || open > 0 || undecided > 0 || known < r.messages {
			return fmt.Sprintf("%d messages are open, %d cancellations undecided, %d of %d messages known, %v", open, undecided, known, r.messages, err)
		}
		return ""
	}
	for deadline := begin.Add(patience); left() != "" && time.Now().Before(deadline); {
		if os.Getenv("FLEET_PROGRESS") != "" {
			t.Log(time.Since(begin).Round(time.Second), left())
			pause(ctx, 2*time.Second)
		}
		pause(ctx, 100*time.Millisecond)
	}
	require.Empty(t, left())
	took := time.Since(begin)
	post.sent.Wait()

	// At the end the table is what the gateway says, and each outcome is true.
	stored := readTable(t, table)
	for id := int64(1); id <= int64(r.messages); id++ {
		m, ok := gateway.Message(id)
		require.True(t, ok)
		assert.Equal(t, statusOf(m), stored[id], "message %d", id)
	}
	wrong := 0
	for _, name := range []string{"spring", "summer & sun"} {
		outcomes, err := table.outcomes(ctx, name, 0, 1_000_000)
		require.NoError(t, err)
		require.Len(t, outcomes, len(campaigns[name]))
		for _, o := range outcomes {
			m, _ := gateway.Message(o.ID)
			want := notCancelled
			if m.StatusCode == "CANCELLED" {
				want = cancelled
			}
			if !assert.Equal(t, want, o.Outcome, "message %d is %s; %+v", o.ID, m.StatusCode, o) {
				wrong++
			}
		}
	}
	for _, id := range campaigns["autumn"] {
		assert.NotEqual(t, "CANCELLED", stored[id].status)
	}
	assert.NotZero(t, lost, "the kill came when no DELETE was under way")
	if r.rate <= 20 {
		assert.Zero(t, gateway.refused.Load(), "429s")
	}
	assert.NotZero(t, post.acknowledged.Load())
	kind := "SQLite"
	if d.url != "" {
		kind = "PostgreSQL"
	}
	t.Logf("| %d | %d, %s | %v/s | %v | %d | %d | %d | %d |  (%d callbacks acknowledged, %d not, %d cancels by a process that died of it)", r.messages, r.processes, kind, r.rate,
		took.Round(time.Second), gateway.requests.Load(), gateway.refused.Load(), f.kills, wrong, post.acknowledged.Load(), post.others.Load(), lost)
	for _, p := range f.alive {
		assert.Zero(t, p.stop(t))
	}
}

// status is what the table should have of a message.
type status struct {
	status string
	date   int64
}

func statusOf(m outgoing.Message) status { return status{m.StatusCode, m.StatusDate.UnixMicro()} }

func readTable(t *testing.T, s *store) map[int64]status {
	t.Helper()
	rows, err := s.query(t.Context(), s.db, `SELECT id, status_code, COALESCE(status_date, 0) FROM message`)
	require.NoError(t, err)
	defer rows.Close()
	found := map[int64]status{}
	for rows.Next() {
		var (
			id int64
			st status
		)
		require.NoError(t, rows.Scan(&id, &st.status, &st.date))
		found[id] = st
	}
	require.NoError(t, rows.Err())
	return found
}
