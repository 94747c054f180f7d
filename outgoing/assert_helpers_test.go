package outgoing_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

// assertLine checks that an error is there and that its text is one line that fits into a log (E2).
func assertLine(t testing.TB, err error) {
	t.Helper()
	require.Error(t, err)
	text := err.Error()
	assert.LessOrEqual(t, len(text), 512, text)
	assert.True(t, utf8.ValidString(text), "%q", text)
	assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)
	assert.True(t, strings.HasPrefix(text, "outgoing: "), text)
	assert.Equal(t, 1, strings.Count(text, "outgoing: "), text)
}

// batchIDs are the IDs of a BatchError, which err must be or wrap.
func batchIDs(t testing.TB, err error) []int64 {
	t.Helper()
	batch, ok := errors.AsType[*outgoing.BatchError](err)
	require.True(t, ok, "%v", err)
	return batch.IDs()
}

var sentinels = []error{
	outgoing.ErrBadRequest, outgoing.ErrUnauthorized, outgoing.ErrForbidden, outgoing.ErrNotFound, outgoing.ErrRateLimited,
	outgoing.ErrServer, outgoing.ErrUnexpectedResponse, outgoing.ErrInvalidArgument, outgoing.ErrNotSent, outgoing.ErrDrift,
}

// assertMatches checks that an error matches this sentinel, or none if it is nil, and no other.
func assertMatches(t testing.TB, err, only error) {
	t.Helper()
	for _, s := range sentinels {
		assert.Equal(t, only != nil && s.Error() == only.Error(), errors.Is(err, s), "%v: %v", s, err)
	}
}

func sentinelOf(status int) error {
	switch {
	case status/100 == 5:
		return outgoing.ErrServer
	case status/100 != 4:
		return outgoing.ErrUnexpectedResponse
	}
	return map[int]error{
		400: outgoing.ErrBadRequest, 401: outgoing.ErrUnauthorized, 403: outgoing.ErrForbidden,
		404: outgoing.ErrNotFound, 429: outgoing.ErrRateLimited,
	}[status]
}

// assertInvalid checks an error about an argument: it names what is wrong, and matches nothing else.
func assertInvalid(t testing.TB, err error, says string) {
	t.Helper()
	assertLine(t, err)
	require.ErrorContains(t, err, says)
	assertMatches(t, err, outgoing.ErrInvalidArgument)
}

// failedIDs are the IDs of an error, which must be nil or a *BatchError that names some.
func failedIDs(err error) ([]int64, error) {
	if err == nil {
		return nil, nil
	}
	failed, ok := errors.AsType[*outgoing.BatchError](err)
	if !ok || len(failed.IDs()) == 0 {
		return nil, fmt.Errorf("an error that names no IDs: %w", err)
	}
	for _, f := range failed.Failures {
		if len(f.IDs) == 0 || f.Err == nil {
			return nil, fmt.Errorf("an empty failure in %+v", failed.Failures)
		}
	}
	return failed.IDs(), nil
}

func isNotSent(err error) bool { return errors.Is(err, outgoing.ErrNotSent) }

func assertDropped(t *testing.T, log *bytes.Buffer, rows int) {
	t.Helper()
	if rows == 0 {
		assert.NotContains(t, log.String(), "were dropped")
		return
	}
	assert.Contains(t, log.String(), fmt.Sprintf("level=WARN msg=\"rows that were not requested, or repeated, were dropped\" rows=%d\n", rows))
}
