package server

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFaultThatMakesNoSenseIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"status=503,retry-after=x":  "retry-after: it is a number",
		"status=503,retry-after=-1": "retry-after: it is a number",
		"status=503,retry-after=":   "retry-after: it is a number",
		"status=503,status=502":     "status: ",
		"drop, drop":                "drop: ",
		"id=1,id=2,drop":            "id: ",
		"times=0,drop":              "or always",
		"times=x,drop":              "or always",
	} {
		_, err := ParseFault(text)
		require.ErrorContains(t, err, want, text)
	}
	f, err := ParseFault("omit=1,omit=2,times=always,retry-after=0,body=status=1,status=2")
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 2}, f.Omit)
	assert.Equal(t, "0", f.RetryAfter)
	assert.Negative(t, f.Times)
}
