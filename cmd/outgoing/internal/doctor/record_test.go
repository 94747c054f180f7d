package doctor_test

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/doctor"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestD3_D7_ARecordKeepsWhatABugReportNeeds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "answers")
	var failed error
	record, err := doctor.NewRecorder(dir, &failed)
	require.NoError(t, err)
	cfg := config(newTransport(t, changed(func(_ *http.Request, a *response) {
		a.header.Set("Server", "Apache of Kowalski")
		a.header.Set("X-Kowalski", "1")
		replace(a, `"flash":`, `"network_code":"26001","flash":`)
		replace(a, `"2026-01-05T10:10:48Z"`, `"05.01.2026 10:10"`)
	})))
	cfg.Record = record
	run(t, cfg)

	client := recorded(t, dir, "list-page-1-limit-2-200.http")
	page, err := client.List(t.Context(), outgoing.PageRequest{Page: 1, Limit: 2})
	require.NoError(t, err)
	require.Len(t, page.Messages, 2)
	assert.Equal(t, samples, *page.TotalResults)
	m := page.Messages[0]
	assert.Equal(t, []any{int64(1_000_000), outgoing.MessageTypeSMSEco, "+11111111111", "SCHEDULED", "1.11"},
		[]any{m.ID, m.Type, m.Recipient, m.StatusCode, m.Price.String()})
	assert.Nil(t, page.Messages[1].SentDate, "it is as odd as it was")

	raw, err := os.ReadFile(filepath.Join(dir, "list-page-1-limit-2-200.http"))
	require.NoError(t, err)
	for _, want := range []string{`"id":999999`, `"other11":"11111"`, `"sent_date":"11.11.1111 11:11"`} {
		assert.Contains(t, string(raw), want)
	}
	assert.NotContains(t, string(raw), "Kowalski")

	_, err = recorded(t, dir, "error-wrong-token-401.http").List(t.Context(), outgoing.PageRequest{})
	require.ErrorIs(t, err, outgoing.ErrUnauthorized)
	assert.ErrorContains(t, err, "401-7")
}

// recorded is a client that gets a recorded answer.
func recorded(t *testing.T, dir, name string) *outgoing.Client {
	t.Helper()
	client, err := outgoing.New("any", outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}), outgoing.WithHTTPClient(&http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return nil, err
			}
			return http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), r)
		}),
	}))
	require.NoError(t, err)
	return client
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestD3_ARecordOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	var failed error
	record, err := doctor.NewRecorder(dir, &failed)
	require.NoError(t, err)
	record("a.http", []byte("first"))
	require.NoError(t, failed)
	record("no such directory/a.http", []byte("second"))
	require.Error(t, failed)
	raw, err := os.ReadFile(filepath.Join(dir, "a.http"))
	require.NoError(t, err)
	assert.Equal(t, "first", string(raw))
	info, err := os.Stat(filepath.Join(dir, "a.http"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	_, err = doctor.NewRecorder(dir, &failed)
	require.ErrorContains(t, err, "the directory is not empty")
	_, err = doctor.NewRecorder(filepath.Join(dir, "a.http"), &failed)
	require.Error(t, err)
}

func TestD3_AnAnswerIsRecordedOnce(t *testing.T) {
	var names []string
	cfg := config(newTransport(t, newGateway()))
	cfg.Record = func(name string, _ []byte) { names = append(names, name) }
	run(t, cfg)
	assert.Contains(t, names, "list-page-1-limit-1-200.http")
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names))
}

func TestD3_ARecordThatFailsDoesNotEndTheExamination(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "answers")
	var failed error
	record, err := doctor.NewRecorder(dir, &failed)
	require.NoError(t, err)
	require.NoError(t, os.Remove(dir))
	cfg := config(newTransport(t, sampled()))
	cfg.Record = record
	run(t, cfg).othersAreGood(t)
	require.ErrorIs(t, failed, os.ErrNotExist)
}
