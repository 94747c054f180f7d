package main

import (
	"cmp"
	"database/sql"
	"fmt"
	"iter"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// permutations yields every order of n things.
func permutations(n int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		var extend func(order []int) bool
		extend = func(order []int) bool {
			if len(order) == n {
				return yield(slices.Clone(order))
			}
			for i := range n {
				if !slices.Contains(order, i) && !extend(append(slices.Clone(order), i)) {
					return false
				}
			}
			return true
		}
		extend(nil)
	}
}

func date(t *testing.T, text string) *time.Time {
	t.Helper()
	if text == "" {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return &at
}

func TestTheNewestStatusStaysInWhateverOrderTheyCome(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		id := int64(0)
		for name, states := range map[string][][2]string{ // status and date, as they happened
			"one after the other":            {{"QUEUED", "2026-03-01T10:00:00Z"}, {"SENT", "2026-03-01T10:00:02Z"}, {"DELIVERED", "2026-03-01T10:00:09Z"}},
			"back to an open status":         {{"SENT", "2026-03-01T10:00:00Z"}, {"UNDELIVERED", "2026-03-01T10:00:02Z"}, {"SENT", "2026-03-01T10:00:09Z"}},
			"the last in the same second":    {{"QUEUED", "2026-03-01T10:00:00Z"}, {"SENT", "2026-03-01T10:00:02Z"}, {"DELIVERED", "2026-03-01T10:00:02Z"}},
			"the first without a date":       {{"QUEUED", ""}, {"SENT", "2026-03-01T10:00:02Z"}, {"DELIVERED", "2026-03-01T10:00:09Z"}},
			"the last without a date":        {{"QUEUED", "2026-03-01T10:00:00Z"}, {"SENT", "2026-03-01T10:00:02Z"}, {"DELIVERED", ""}},
			"no dates":                       {{"QUEUED", ""}, {"DELIVERED", ""}},
			"time zones":                     {{"QUEUED", "2026-03-01T12:00:00+02:00"}, {"SENT", "2026-03-01T11:00:01+01:00"}, {"DELIVERED", "2026-03-01T10:00:02Z"}},
			"dates beyond what UnixNano has": {{"QUEUED", "0001-01-01T00:00:00Z"}, {"SENT", "2026-03-01T10:00:00Z"}, {"DELIVERED", "9999-12-31T23:59:59Z"}},
		} {
			last := states[len(states)-1]
			want := status{status: last[0]}
			if at := date(t, last[1]); at != nil {
				want.date = at.UnixMicro()
			}
			for order := range permutations(len(states)) {
				id++
				for _, i := range append(order, order...) { // each comes twice
					require.NoError(t, s.save(t.Context(), []outgoing.Message{{ID: id, StatusCode: states[i][0], StatusDate: date(t, states[i][1])}}))
				}
				assert.Equal(t, want, readTable(t, s)[id], "%s, in the order %v", name, order)
			}
		}
	})
}

func TestTheSameMessageTwiceInOneBatch(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		sent := outgoing.Message{ID: 1, StatusCode: "SENT", StatusDate: date(t, "2026-03-01T10:00:00Z")}
		delivered := outgoing.Message{ID: 1, StatusCode: "DELIVERED", StatusDate: date(t, "2026-03-01T10:00:01Z")}
		require.NoError(t, s.save(t.Context(), []outgoing.Message{sent, delivered, sent}))
		assert.Equal(t, "DELIVERED", readTable(t, s)[1].status)
		require.NoError(t, s.hint(t.Context(), []int64{2, 1, 2}))
	})
}

// Batches that overlap, in different orders, from several goroutines: none waits for another for ever.
func TestBatchesInAnyOrderDoNotBlockEachOther(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		var work sync.WaitGroup
		for g := range 4 {
			work.Go(func() {
				for round := range 6 {
					var batch []outgoing.Message
					var ids []int64
					for i := range 200 {
						id := int64(1 + (i*(g*2+1)*7+round)%200)
						batch = append(batch, outgoing.Message{ID: id, StatusCode: fmt.Sprint(g, round)})
						ids = append(ids, id)
					}
					assert.NoError(t, s.save(t.Context(), batch))
					assert.NoError(t, s.hint(t.Context(), ids))
					assert.NoError(t, s.reschedule(t.Context(), ids, 7, looks))
				}
			})
		}
		work.Wait()
		assert.Len(t, readTable(t, s), 200)
	})
}

func (s *store) nextLooks(t *testing.T) map[int64]sql.NullInt64 {
	t.Helper()
	rows, err := s.query(t.Context(), s.db, `SELECT id, next_look - {now} FROM message`)
	require.NoError(t, err)
	defer rows.Close()
	all := map[int64]sql.NullInt64{}
	for rows.Next() {
		var id int64
		var next sql.NullInt64
		require.NoError(t, rows.Scan(&id, &next))
		all[id] = next
	}
	require.NoError(t, rows.Err())
	return all
}

var looks = lookConfig{least: 10 * time.Second, most: time.Hour, followFor: 24 * time.Hour}

func TestAHintThatComesDuringALookSurvivesIt(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		require.NoError(t, s.addToCampaign(t.Context(), "spring", []int64{1, 2, 3}))
		ids, lease, err := s.claim(t.Context(), 10, time.Minute)
		require.NoError(t, err)
		assert.ElementsMatch(t, []int64{1, 2, 3}, ids)
		again, _, err := s.claim(t.Context(), 10, time.Minute)
		require.NoError(t, err)
		assert.Empty(t, again, "what is claimed is nobody else's")

		require.NoError(t, s.hint(t.Context(), []int64{2}))
		require.NoError(t, s.save(t.Context(), []outgoing.Message{{ID: 1, StatusCode: "SENT"}, {ID: 2, StatusCode: "SENT"}, {ID: 3, StatusCode: "DELIVERED"}}))
		require.NoError(t, s.reschedule(t.Context(), ids, lease, looks))
		next := s.nextLooks(t)
		assert.InDelta(t, 10e6, next[1].Int64, 2e6, "as long as the status has been the same, and at least 10 s")
		assert.Less(t, next[2].Int64, int64(1e6), "the hint")
		assert.False(t, next[3].Valid, "at its end")
	})
}

func TestALeaseThatIsOverIsDueAgain(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		require.NoError(t, s.addToCampaign(t.Context(), "spring", []int64{1}))
		ids, _, err := s.claim(t.Context(), 10, -time.Second) // of a process that was killed
		require.NoError(t, err)
		require.Len(t, ids, 1)
		ids, _, err = s.claim(t.Context(), 10, time.Minute)
		require.NoError(t, err)
		assert.Len(t, ids, 1)

		first, err := s.acquire(t.Context(), "history", "p1", time.Minute)
		require.NoError(t, err)
		renewed, err := s.acquire(t.Context(), "history", "p1", -time.Second)
		require.NoError(t, err)
		second, err := s.acquire(t.Context(), "history", "p2", time.Minute)
		require.NoError(t, err)
		third, err := s.acquire(t.Context(), "history", "p1", time.Minute)
		require.NoError(t, err)
		assert.Equal(t, []bool{true, true, true, false}, []bool{first, renewed, second, third})
	})
}

func TestAStatusThatStaysIsLookedUpEverMoreRarely(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		require.NoError(t, s.save(t.Context(), []outgoing.Message{{ID: 1, StatusCode: "SENT"}, {ID: 2, StatusCode: "SENT"}, {ID: 3, StatusCode: "SENT"}}))
		for id, age := range map[int64]time.Duration{1: 5 * time.Minute, 2: 5 * time.Hour, 3: 25 * time.Hour} {
			_, err := s.exec(t.Context(), s.db, `UPDATE message SET changed = {now} - ?2, next_look = 7 WHERE id = ?1`, id, age.Microseconds())
			require.NoError(t, err)
		}
		require.NoError(t, s.reschedule(t.Context(), []int64{1, 2, 3}, 7, looks))
		next := s.nextLooks(t)
		assert.InDelta(t, 300e6, next[1].Int64, 2e6)
		assert.InDelta(t, 3600e6, next[2].Int64, 2e6)
		assert.False(t, next[3].Valid, "no more")
		require.NoError(t, s.hint(t.Context(), []int64{3}))
		assert.True(t, s.nextLooks(t)[3].Valid, "but a callback is heard")
	})
}

func TestAChangedListOfLastStatusesHoldsForWhatIsStored(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		require.NoError(t, s.save(t.Context(), []outgoing.Message{{ID: 1, StatusCode: "DELIVERED"}, {ID: 2, StatusCode: "EXPIRED"}}))
		for _, step := range []struct {
			failed     []string
			ended, due int
		}{{[]string{"expired"}, 1, 0}, {[]string{"UNDELIVERED"}, 0, 1}} {
			known := statuses{Arrived: []string{"DELIVERED"}, Failed: step.failed, Cancelled: []string{"CANCELLED"}}
			other, err := openStore(t.Context(), d.url, d.file, 4, known, slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			got, err := other.stats(t.Context(), filter{})
			require.NoError(t, err)
			due, _, err := other.claim(t.Context(), 10, -time.Second)
			require.NoError(t, err)
			other.close()
			assert.Equal(t, []int{1, step.ended, step.due}, []int{got.Arrived, got.Failed, len(due)})
		}
	})
}

func TestADatabaseOfANewerVersionIsRefused(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		for _, statement := range []string{
			`INSERT INTO fleet_schema (version) VALUES (4711)`,
			`DELETE FROM fleet_schema WHERE version = 4711; INSERT INTO river_migration (line, version, created_at) VALUES ('main', 4711, CURRENT_TIMESTAMP)`,
		} {
			db, err := sql.Open(map[bool]string{true: "pgx", false: "sqlite"}[d.url != ""], cmp.Or(d.url, "file:"+url.PathEscape(d.file)))
			require.NoError(t, err)
			if statement[0] == 'I' {
				d.open(t).close()
			}
			_, err = db.ExecContext(t.Context(), statement)
			require.NoError(t, err)
			require.NoError(t, db.Close())
			_, err = openStore(t.Context(), d.url, d.file, 4, knownStatuses, slog.New(slog.DiscardHandler))
			require.ErrorIs(t, err, errNewerDatabase)
			require.ErrorContains(t, err, "4711")
		}
	})
}

func TestManyProcessesMayMakeTheTablesAtOnce(t *testing.T) {
	url := newPostgres(t)
	var starting sync.WaitGroup
	for range 6 {
		starting.Go(func() {
			s, err := openStore(t.Context(), url, "", 4, knownStatuses, slog.New(slog.DiscardHandler))
			if assert.NoError(t, err) {
				s.close()
			}
		})
	}
	starting.Wait()
}
