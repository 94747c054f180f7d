package output

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// C1 has the IDs of a request that met a 401, 403 or 429 as NotSent, with that status: the request did reach the gateway.
func TestC1_AnOutcomeSaysThatTheGatewayTurnedTheRequestAway(t *testing.T) {
	refusal := &outgoing.APIError{Method: http.MethodDelete, Path: "/messages/{ids}", StatusCode: 429, Attempts: 4}
	const reason = "the gateway turned the request away: DELETE /messages/{ids}: 429 Too Many Requests (4 attempts)"
	turnedAway := Outcome{outgoing.Outcome{ID: 5, State: outgoing.NotSent, Status: 429}, refusal}
	assert.Equal(t, reason, turnedAway.reason())
	assert.Equal(t, "429", turnedAway.status())
	row, err := json.Marshal(turnedAway.json())
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":5,"status":429,"error":null,"state":"not sent","reason":"`+reason+`"}`, string(row))

	problem := Outcome{outgoing.Outcome{ID: 5, State: outgoing.NotSent, Status: 403, Problem: &outgoing.Problem{Title: "Forbidden", Code: "403-5"}}, refusal}
	assert.Equal(t, "the gateway turned the request away: Forbidden (code 403-5)", problem.reason())

	held := Outcome{outgoing.Outcome{ID: 6, State: outgoing.NotSent}, refusal}
	assert.NotContains(t, held.reason(), "turned")
}
