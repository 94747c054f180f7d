package main

import (
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// try is one worker's DELETE of one message, in any order that crashes and a slow network allow.
type try struct {
	number    int64
	arrived   bool
	answer    outgoing.Outcome
	abandoned bool // nobody waits for the answer: the process was killed, or has given up
}

// message is one at the gateway.
type message struct{ outgoing.Message }

func (m *message) delete() outgoing.Outcome {
	if m.StatusCode == outgoing.StatusScheduled {
		m.StatusCode = "CANCELLED"
		return outgoing.Outcome{ID: m.ID, State: outgoing.Cancelled, Status: http.StatusNoContent}
	}
	return outgoing.Outcome{ID: m.ID, State: outgoing.Rejected, Status: http.StatusBadRequest}
}

// Whatever the order in which up to three workers try, DELETEs arrive late or never, answers are lost, processes are killed and
// looks come between: the outcome is true.
func TestAnOutcomeIsTrueInAnyOrderOfEvents(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Log("seed", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := database{file: t.TempDir() + "/fleet.db"}.open(t)
	_, err := s.db.ExecContext(t.Context(), `PRAGMA synchronous = OFF`)
	require.NoError(t, err)
	count := map[string]int{}
	for id := int64(1); id <= 300; id++ {
		m := &message{outgoing.Message{ID: id, StatusCode: outgoing.StatusScheduled}}
		require.NoError(t, s.save(t.Context(), []outgoing.Message{m.Message}))
		_, err := s.exec(t.Context(), s.db, `INSERT INTO cancellation (id, campaign) VALUES (?1, 'c')`, id)
		require.NoError(t, err)
		record := func(tr *try, o outgoing.Outcome) {
			tr.abandoned = true
			if random.IntN(3) > 0 && (o.State == outgoing.Rejected || o.State == outgoing.Unknown) {
				o.Message = new(m.Message)
			}
			require.NoError(t, s.recordOutcomes(t.Context(), []outgoing.Outcome{o}, map[int64]int64{id: tr.number}))
		}
		var tries []*try
		for range 4 + random.IntN(12) {
			switch random.IntN(8) {
			case 0: // it goes out
				if m.StatusCode == outgoing.StatusScheduled {
					m.StatusCode = "SENT"
				}
			case 1: // a look
				require.NoError(t, s.save(t.Context(), []outgoing.Message{m.Message}))
			case 2, 3: // a worker begins
				counted, err := s.countTries(t.Context(), []int64{id})
				require.NoError(t, err)
				if number, ok := counted[id]; ok {
					tries = append(tries, &try{number: number})
				}
			default: // something happens to one of the tries
				if len(tries) == 0 {
					continue
				}
				tr := tries[random.IntN(len(tries))]
				switch event := random.IntN(8); {
				case event == 0 && !tr.arrived && !tr.abandoned: // the request does not leave
					tr.arrived = true
					record(tr, outgoing.Outcome{ID: id, State: outgoing.NotSent})
				case event == 1: // the process is killed; the DELETE may still arrive
					tr.abandoned = true
				case event == 2 && !tr.abandoned: // no answer comes; the DELETE may have arrived, or may yet
					record(tr, outgoing.Outcome{ID: id})
				case event <= 5 && !tr.arrived:
					tr.arrived, tr.answer = true, m.delete()
				case event > 5 && tr.arrived && !tr.abandoned:
					record(tr, tr.answer)
				}
			}
		}
		if m.StatusCode != "CANCELLED" {
			m.StatusCode = []string{"DELIVERED", "UNDELIVERED"}[random.IntN(2)]
		}
		require.NoError(t, s.save(t.Context(), []outgoing.Message{m.Message}))
		outcomes, err := s.outcomes(t.Context(), "c", id-1, 1)
		require.NoError(t, err)
		want := notCancelled
		if m.StatusCode == "CANCELLED" {
			want = cancelled
		}
		require.Equal(t, want, outcomes[0].Outcome, "message %d became %s after %d tries", id, m.StatusCode, len(tries))
		count[want]++
	}
	assert.Greater(t, min(count[cancelled], count[notCancelled]), 40, "both happen: %v", count)
}

func TestWhatTheGatewayDoesNotKnowIsAnOutcomeOfItsOwn(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		require.NoError(t, s.addToCampaign(t.Context(), "spring", []int64{7}))
		_, err := s.exec(t.Context(), s.db, `INSERT INTO cancellation (id, campaign) VALUES (7, 'spring')`)
		require.NoError(t, err)
		tries, err := s.countTries(t.Context(), []int64{7})
		require.NoError(t, err)
		require.NoError(t, s.recordOutcomes(t.Context(), []outgoing.Outcome{{ID: 7, State: outgoing.Rejected, Status: http.StatusNotFound}}, tries))
		outcomes, err := s.outcomes(t.Context(), "spring", 0, 10)
		require.NoError(t, err)
		assert.Equal(t, notKnown, outcomes[0].Outcome)
	})
}

func TestAMessageBelongsToOneCampaignAndACancelledOneTakesNoMore(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		require.NoError(t, s.hint(t.Context(), []int64{1})) // the callback was faster
		require.NoError(t, s.addToCampaign(t.Context(), "spring", []int64{2, 1, 2}))
		require.NoError(t, s.addToCampaign(t.Context(), "spring", []int64{1}))
		require.ErrorIs(t, s.addToCampaign(t.Context(), "autumn", []int64{1, 3}), errOtherCampaign)
		assert.NotContains(t, readTable(t, s), int64(3), "nothing was added")
		_, err := s.cancelCampaign(t.Context(), nil, "winter")
		require.ErrorIs(t, err, errNoCampaign)
		require.NoError(t, s.save(t.Context(), []outgoing.Message{{ID: 1, StatusCode: "DELIVERED"}, {ID: 2, StatusCode: "CANCELLED"}}))
		open, err := s.cancelCampaign(t.Context(), nil, "spring")
		require.NoError(t, err)
		assert.Zero(t, open, "all have reached their end already")
		outcomes, err := s.outcomes(t.Context(), "spring", 0, 10)
		require.NoError(t, err)
		assert.Equal(t, []string{notCancelled, cancelled}, []string{outcomes[0].Outcome, outcomes[1].Outcome})
		require.ErrorIs(t, s.addToCampaign(t.Context(), "spring", []int64{4}), errCampaignCancelled)
	})
}
