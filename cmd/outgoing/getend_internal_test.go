package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/interrupt"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/terminal"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// streamDouble takes n IDs of a get in chunks, fails the first of them if so told, finds the others, and then ends with last.
func streamDouble(ids iter.Seq[int64], n int, fails bool, last error) iter.Seq2[outgoing.GetResult, error] {
	return func(yield func(outgoing.GetResult, error) bool) {
		next, stop := iter.Pull(ids)
		defer stop()
		for done := 0; done < n; done += outgoing.MaxIDs {
			var chunk []int64
			for range outgoing.MaxIDs {
				if id, ok := next(); ok {
					chunk = append(chunk, id)
				}
			}
			var result outgoing.GetResult
			var err error
			if done == 0 && fails {
				err = &outgoing.BatchError{Failures: []outgoing.Failure{{IDs: chunk, Err: outgoing.ErrBadRequest}}}
			} else {
				for _, id := range chunk {
					result.Messages = append(result.Messages, outgoing.Message{ID: id})
				}
			}
			if !yield(result, err) {
				return
			}
		}
		if last != nil {
			yield(outgoing.GetResult{}, last)
		}
	}
}

// B10 has the stream say in its last yield that it ended early, whatever it reported before.
func TestB10_GetBelievesTheLastYieldOfItsStream(t *testing.T) {
	early := fmt.Errorf("%w: %w", outgoing.ErrNotSent, context.DeadlineExceeded)
	const reason = "not sent: context deadline exceeded\n"
	for name, test := range map[string]struct {
		taken  int
		fails  bool
		last   error
		status error
		want   []string
	}{
		"early":               {600, true, early, statusError(exitUnsettled), []string{"not sent: 601, 602, 603, ", "610 and 4390 more\n  " + strings.TrimPrefix(reason, "not sent: "), "550 found, 0 missing, 50 not settled, 4400 not sent"}},
		"early, says no more": {5000, true, early, statusError(exitUnsettled), []string{"outgoing: " + reason, "4950 found, 0 missing, 50 not settled, 0 not sent"}},
		"early, none failed":  {5000, false, early, statusError(exitUnsettled), []string{"outgoing: " + reason, "5000 found, 0 missing, 0 not settled, 0 not sent"}},
		"to its end":          {5000, true, nil, statusError(exitUnsettled), []string{"4950 found, 0 missing, 50 not settled, 0 not sent"}},
		"before it began":     {0, false, early, statusError(exitUnsettled), []string{"not sent: 1, 2, ", "0 found, 0 missing, 0 not settled, 5000 not sent"}},
	} {
		t.Run(name, func(t *testing.T) {
			shown, said := filepath.Join(t.TempDir(), "stdout"), filepath.Join(t.TempDir(), "stderr")
			out, err := os.Create(shown)
			require.NoError(t, err)
			defer func() { _ = out.Close() }()
			notes, err := os.Create(said)
			require.NoError(t, err)
			defer func() { _ = notes.Close() }()
			s := &session{
				cli:     &cli{screen: terminal.NewScreen(nil, out, notes)},
				flags:   flags{format: "json"},
				drainer: new(interrupt.Drainer),
			}
			for id := range int64(5000) {
				s.ids = append(s.ids, id+1)
			}
			r := &getRun{session: s, tally: make(tally[string]), stream: streamDouble(slices.Values(s.ids), test.taken, test.fails, test.last)}
			require.Equal(t, test.status, r.do(r.get))
			stdout, err := os.ReadFile(shown)
			require.NoError(t, err)
			stderr, err := os.ReadFile(said)
			require.NoError(t, err)
			for _, want := range test.want {
				assert.Contains(t, string(stderr), want)
			}
			if test.taken > 0 {
				assert.True(t, strings.HasSuffix(string(stdout), "\n]\n"), "the array is closed")
				assert.Equal(t, 5000, strings.Count(string(stdout), `"id":`), "a row for each ID")
			}
		})
	}
}
