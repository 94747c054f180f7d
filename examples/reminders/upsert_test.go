package main

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"
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

func TestTheNewestStatusStaysInWhateverOrderTheyCome(t *testing.T) {
	at := func(text string) *time.Time {
		if text == "" {
			return nil
		}
		date, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		return &date
	}
	for name, states := range map[string][][2]string{ // status and date, as they happened
		"one after the other":            {{"QUEUED", "2026-03-01T10:00:00Z"}, {"SENT", "2026-03-01T10:00:02Z"}, {"DELIVERED", "2026-03-01T10:00:09Z"}},
		"back to an open status":         {{"SENT", "2026-03-01T10:00:00Z"}, {"UNDELIVERED", "2026-03-01T10:00:02Z"}, {"SENT", "2026-03-01T10:00:09Z"}},
		"the last in the same second":    {{"QUEUED", "2026-03-01T10:00:00Z"}, {"SENT", "2026-03-01T10:00:02Z"}, {"DELIVERED", "2026-03-01T10:00:02Z"}},
		"the first without a date":       {{"QUEUED", ""}, {"SENT", "2026-03-01T10:00:02Z"}, {"DELIVERED", "2026-03-01T10:00:09Z"}},
		"the last without a date":        {{"QUEUED", "2026-03-01T10:00:00Z"}, {"SENT", "2026-03-01T10:00:02Z"}, {"DELIVERED", ""}},
		"no dates":                       {{"QUEUED", ""}, {"DELIVERED", ""}},
		"time zones":                     {{"QUEUED", "2026-03-01T12:00:00+02:00"}, {"SENT", "2026-03-01T11:00:01+01:00"}, {"DELIVERED", "2026-03-01T10:00:02Z"}},
		"fractions":                      {{"QUEUED", "2026-03-01T10:00:00Z"}, {"SENT", "2026-03-01T10:00:00.5Z"}, {"DELIVERED", "2026-03-01T10:00:00.51Z"}},
		"dates beyond what UnixNano has": {{"QUEUED", "0001-01-01T00:00:00Z"}, {"SENT", "2026-03-01T10:00:00Z"}, {"DELIVERED", "9999-12-31T23:59:59Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			database := filepath.Join(t.TempDir(), "reminders.db")
			db, err := openStore(t.Context(), database, final)
			require.NoError(t, err)
			defer db.close()
			var last outgoing.Message
			want := map[int64]row{}
			for order := range permutations(len(states)) {
				id := int64(len(want) + 1)
				for _, i := range append(order, order...) { // each comes twice
					m := outgoing.Message{ID: id, StatusCode: states[i][0], StatusDate: at(states[i][1])}
					require.NoError(t, db.save(t.Context(), []outgoing.Message{m}))
					if i == len(states)-1 {
						last = m
					}
				}
				want[id] = rowOf(last)
			}
			assert.Equal(t, want, table(t, database), fmt.Sprint(states))
		})
	}
}

// Two open statuses of the same second: the last to come stays, until the watch asks again.
func TestOfTwoOpenStatusesTheOneWithADateStays(t *testing.T) {
	database := filepath.Join(t.TempDir(), "reminders.db")
	db, err := openStore(t.Context(), database, final)
	require.NoError(t, err)
	defer db.close()
	date := new(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
	sent, queued := outgoing.Message{ID: 1, StatusCode: "SENT", StatusDate: date}, outgoing.Message{ID: 1, StatusCode: "QUEUED"}
	for _, m := range []outgoing.Message{queued, sent, queued} {
		require.NoError(t, db.save(t.Context(), []outgoing.Message{m}))
	}
	assert.Equal(t, rowOf(sent), table(t, database)[1])
	queued.StatusDate = date
	require.NoError(t, db.save(t.Context(), []outgoing.Message{queued}))
	assert.Equal(t, rowOf(queued), table(t, database)[1])
}

func TestSaveStoresAllOrNothing(t *testing.T) {
	database := filepath.Join(t.TempDir(), "reminders.db")
	db, err := openStore(t.Context(), database, final)
	require.NoError(t, err)
	defer db.close()
	_, err = db.db.ExecContext(t.Context(), `CREATE TRIGGER full BEFORE INSERT ON message WHEN NEW.id = 2 BEGIN SELECT RAISE(ABORT, 'full'); END`)
	require.NoError(t, err)
	require.ErrorContains(t, db.save(t.Context(), []outgoing.Message{{ID: 1}, {ID: 2}}), "store message 2")
	assert.Empty(t, table(t, database))
}

func TestAChangedListOfLastStatusesHoldsForWhatIsStored(t *testing.T) {
	database := filepath.Join(t.TempDir(), "reminders.db")
	messages := []outgoing.Message{{ID: 1, StatusCode: "DELIVERED"}, {ID: 2, StatusCode: "UNDELIVERED"}, {ID: 3, StatusCode: "EXPIRED"}}
	for _, step := range []struct {
		final []string
		open  []int64
	}{{final, []int64{3}}, {[]string{"EXPIRED", "DELIVERED"}, []int64{2}}, {final, []int64{3}}} {
		db, err := openStore(t.Context(), database, step.final)
		require.NoError(t, err)
		require.NoError(t, db.save(t.Context(), messages))
		open, err := db.open(t.Context())
		require.NoError(t, err)
		assert.Equal(t, step.open, open)
		db.close()
	}
}
