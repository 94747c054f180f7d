package output

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// C1 has the IDs of a request that met a 401, 403 or 429 as NotSent, with that status: the request did reach the gateway.
func TestC1_AnOutcomeSaysThatTheGatewayTurnedTheRequestAway(t *testing.T) {
	refusal := &outgoing.APIError{Method: http.MethodDelete, Path: "/messages/{ids}", StatusCode: 429, Attempts: 4}
	const reason = "the gateway turned the request away: DELETE /messages/{ids}: 429 Too Many Requests (4 attempts)"
	turnedAway := NewOutcome(outgoing.Outcome{ID: 5, State: outgoing.NotSent, Status: 429}, refusal)
	assert.Equal(t, reason, turnedAway.Reason)
	row, err := json.Marshal(turnedAway)
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":5,"status":429,"error":null,"state":"not sent","reason":"`+reason+`"}`, string(row))

	problem := &outgoing.Problem{Title: "Forbidden", Code: "403-5"}
	forbidden := NewOutcome(outgoing.Outcome{ID: 5, State: outgoing.NotSent, Status: 403, Problem: problem}, refusal)
	assert.Equal(t, "the gateway turned the request away: Forbidden (code 403-5)", forbidden.Reason)

	held := NewOutcome(outgoing.Outcome{ID: 6, State: outgoing.NotSent}, refusal)
	assert.NotContains(t, held.Reason, "turned")
}

// C3 has a rejected message read back: an earlier call, whose answer was lost, may have cancelled it.
func TestC3_ARowTellsWhatTheMessageIsNow(t *testing.T) {
	for _, state := range []outgoing.State{outgoing.Rejected, outgoing.Unknown} {
		now := &outgoing.Message{ID: 5, StatusCode: "CANCELLED"}
		row := NewOutcome(outgoing.Outcome{ID: 5, State: state, Status: 400, Message: now}, nil)
		for format, want := range map[string]string{
			"table": "400  CANCELLED\n", "csv": "5," + state.String() + ",400,CANCELLED,\n", "jsonl": `"status_code":"CANCELLED"`,
		} {
			var b strings.Builder
			require.NoError(t, New(format, &b, Outcomes, terminal.Style{}).Write(row))
			assert.Contains(t, b.String(), want)
		}
	}
}

func TestExcelTakesNothingForAFormulaNumberOrDateThatIsNone(t *testing.T) {
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "\u00a0=1+1": "'\u00a0=1+1", "+48999000000": "'+48999000000", "-x": "'-x", "@SUM(A1)": "'@SUM(A1)", "＝1": "'＝1", "'=1": "''=1",
		"007": "'007", "1E5": "'1E5", "12.50": "'12.50", "1-2": "'1-2", "5/6": "'5/6", "Anna": "Anna", "4Kids": "4Kids", "e": "e", "": "",
	} {
		assert.Equal(t, want, excelCell("sender", text), text)
	}
	assert.Equal(t, "12345678901234567,10", excelCell("price", "12345678901234567.10"))
	assert.Equal(t, "43456", excelCell("id", "43456"))
}
