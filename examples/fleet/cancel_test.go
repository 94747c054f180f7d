package main

import (
	"math/rand/v2"
	"net/http"
	"path/filepath"
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
		stale := random.IntN(2) == 0 // what is read back may be as the message was before
		seen := []outgoing.Message{m.Message}
		record := func(tr *try, o outgoing.Outcome) {
			tr.abandoned = true
			if seen = append(seen, m.Message); !stale {
				seen = seen[len(seen)-1:]
			}
			if random.IntN(4) > 0 && (o.State == outgoing.Rejected || o.State == outgoing.Unknown) {
				o.Message = new(seen[random.IntN(len(seen))])
			}
			require.NoError(t, s.recordOutcomes(t.Context(), []outgoing.Outcome{o}, map[int64]int64{id: tr.number}))
		}
		var tries []*try
		for range 6 + random.IntN(25) {
			switch random.IntN(12) {
			case 0: // it goes out
				if random.IntN(3) == 0 && m.StatusCode == outgoing.StatusScheduled {
					m.StatusCode = "SENT"
				}
			case 1: // someone else cancels it
				if !stale && random.IntN(4) == 0 {
					m.delete()
				}
			case 2: // a look
				require.NoError(t, s.save(t.Context(), []outgoing.Message{m.Message}))
			case 3, 4: // a worker begins
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
				case event <= 2: // the process is killed; the DELETE may still arrive
					tr.abandoned = true
				case event == 3 && !tr.abandoned: // no answer comes; the DELETE may have arrived, or may yet
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

// The orders of events that the rules of canceller are for. What is read back shows the message as it was before the DELETEs.
func TestWhatIsProofOfAnOutcome(t *testing.T) {
	const a, b = 0, 1 // two workers
	scheduled := &outgoing.Message{StatusCode: outgoing.StatusScheduled}
	type step struct {
		worker int
		answer outgoing.Outcome // none: the worker begins
	}
	begins := func(worker int) step { return step{worker: worker} }
	hears := func(worker int, state outgoing.State, status int, seen *outgoing.Message) step {
		return step{worker, outgoing.Outcome{State: state, Status: status, Message: seen}}
	}
	for name, test := range map[string]struct {
		steps []step
		want  string
	}{
		"a refusal of the only DELETE":                      {[]step{begins(a), hears(a, outgoing.Rejected, 400, scheduled)}, notCancelled},
		"a refusal, and the message cannot be read":         {[]step{begins(a), hears(a, outgoing.Rejected, 400, nil)}, ""},
		"a refusal after the death of another worker":       {[]step{begins(a), begins(b), hears(b, outgoing.Rejected, 400, scheduled)}, ""},
		"a refusal of the first DELETE, but not the only":   {[]step{begins(a), begins(b), hears(a, outgoing.Rejected, 400, scheduled)}, ""},
		"a refusal after no answer":                         {[]step{begins(a), hears(a, outgoing.Unknown, 0, scheduled), begins(a), hears(a, outgoing.Rejected, 400, scheduled)}, ""},
		"a refusal after one that was not sent":             {[]step{begins(a), hears(a, outgoing.NotSent, 0, nil), begins(a), hears(a, outgoing.Rejected, 400, scheduled)}, notCancelled},
		"a refusal after another that was not sent":         {[]step{begins(a), begins(b), hears(b, outgoing.NotSent, 0, nil), hears(a, outgoing.Rejected, 400, scheduled)}, notCancelled},
		"a refusal beside one that was not sent":            {[]step{begins(a), begins(b), hears(a, outgoing.NotSent, 0, nil), hears(b, outgoing.Rejected, 400, scheduled)}, ""},
		"a 204 of the first DELETE after the second began":  {[]step{begins(a), begins(b), hears(a, outgoing.Cancelled, 204, nil)}, cancelled},
		"a 204 after a refusal that proves nothing":         {[]step{begins(a), begins(b), hears(b, outgoing.Rejected, 400, scheduled), hears(a, outgoing.Cancelled, 204, nil)}, cancelled},
		"a refusal of a message that someone has cancelled": {[]step{begins(a), hears(a, outgoing.Rejected, 400, &outgoing.Message{StatusCode: "CANCELLED"})}, cancelled},
		"a refusal of one that has arrived, at any try":     {[]step{begins(a), begins(b), hears(b, outgoing.Rejected, 400, &outgoing.Message{StatusCode: "DELIVERED"})}, notCancelled},
		"a refusal of one that has been sent, at any try":   {[]step{begins(a), begins(b), hears(b, outgoing.Rejected, 400, &outgoing.Message{StatusCode: "SENT"})}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := database{file: filepath.Join(t.TempDir(), "fleet.db")}.open(t)
			require.NoError(t, s.addToCampaign(t.Context(), "c", []int64{1}))
			_, err := s.exec(t.Context(), s.db, `INSERT INTO cancellation (id, campaign) VALUES (1, 'c')`)
			require.NoError(t, err)
			var tries [2]map[int64]int64
			for _, step := range test.steps {
				if step.answer == (outgoing.Outcome{}) {
					tries[step.worker], err = s.countTries(t.Context(), []int64{1})
					require.NoError(t, err)
					require.Len(t, tries[step.worker], 1)
					continue
				}
				o := step.answer
				if o.ID = 1; o.Message != nil {
					seen := *o.Message
					seen.ID, o.Message = 1, &seen
				}
				require.NoError(t, s.recordOutcomes(t.Context(), []outgoing.Outcome{o}, tries[step.worker]))
			}
			outcomes, err := s.outcomes(t.Context(), "c", 0, 1)
			require.NoError(t, err)
			assert.Equal(t, test.want, outcomes[0].Outcome)
		})
	}
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

func TestTheReasonIsTheGatewaysWordsIfItRefused(t *testing.T) {
	inBoth(t, func(t *testing.T, d database) {
		s := d.open(t)
		refused := func(status string) outgoing.Outcome {
			return outgoing.Outcome{State: outgoing.Rejected, Status: 400, Problem: &outgoing.Problem{Detail: "too late"}, Message: &outgoing.Message{StatusCode: status}}
		}
		silent := outgoing.Outcome{State: outgoing.Rejected, Status: 400, Problem: &outgoing.Problem{}, Message: &outgoing.Message{StatusCode: "DELIVERED"}}
		for i, test := range []struct {
			answers       []outgoing.Outcome
			becomes, want string
		}{
			{[]outgoing.Outcome{{State: outgoing.Cancelled, Status: 204}}, "CANCELLED", "cancelled: 204"},
			{[]outgoing.Outcome{refused(outgoing.StatusScheduled)}, "DELIVERED", "not cancelled: too late"},
			{[]outgoing.Outcome{refused("DELIVERED")}, "DELIVERED", "not cancelled: too late"},
			{[]outgoing.Outcome{{}, refused("SENT")}, "SENT", ": too late"},
			{[]outgoing.Outcome{{}, refused("SENT")}, "DELIVERED", "not cancelled: too late"},
			{[]outgoing.Outcome{{}, refused(outgoing.StatusScheduled)}, "CANCELLED", "cancelled: CANCELLED"},
			{[]outgoing.Outcome{silent}, "DELIVERED", "not cancelled: DELIVERED"},
			{nil, "DELIVERED", "not cancelled: DELIVERED"},
		} {
			id := int64(i + 1)
			_, err := s.exec(t.Context(), s.db, `INSERT INTO cancellation (id, campaign) VALUES (?1, 'c')`, id)
			require.NoError(t, err)
			require.NoError(t, s.save(t.Context(), []outgoing.Message{{ID: id, StatusCode: outgoing.StatusScheduled}}))
			for _, o := range test.answers {
				if o.ID = id; o.Message != nil {
					o.Message.ID = id
				}
				tries, err := s.countTries(t.Context(), []int64{id})
				require.NoError(t, err)
				require.NoError(t, s.recordOutcomes(t.Context(), []outgoing.Outcome{o}, tries))
			}
			require.NoError(t, s.save(t.Context(), []outgoing.Message{{ID: id, StatusCode: test.becomes}}))
			outcomes, err := s.outcomes(t.Context(), "c", id-1, 1)
			require.NoError(t, err)
			assert.Equal(t, test.want, outcomes[0].Outcome+": "+outcomes[0].Reason, "%+v, then %s", test.answers, test.becomes)
		}
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
