package doctor

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type counter int

// RoundTrip answers as a gateway that knows nothing.
func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	*c++
	return &http.Response{StatusCode: http.StatusNotFound, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// No gateway makes the checks ask so often: the bound is for checks that are added.
func TestD1_The61stRequestIsNotSent(t *testing.T) {
	var sent counter
	x := newExamination(t.Context(), Config{
		BaseURL: "https://gateway.test/rest", Transport: &sent,
		Token: func(context.Context) (string, error) { return "a-token", nil },
	})
	for n := range 60 {
		require.NoError(t, x.ask(pageOf(n+1, 50)).failed)
	}
	require.ErrorContains(t, x.ask(pageOf(61, 50)).failed, "60 requests were made")
	assert.EqualValues(t, 60, sent)
}
