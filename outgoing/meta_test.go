package outgoing_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestM1_ACountIsRead(t *testing.T) {
	tests := []struct {
		name   string
		values []string
		want   any // nil is absent
	}{
		{"plain", []string{"7"}, 7},
		{"zero", []string{"0"}, 0},
		{"blanks around", []string{" \t7 "}, 7},
		{"zeros before", []string{"007"}, 7},
		{"large", []string{"2147483647"}, 2147483647},
		{"too large", []string{"2147483648"}, nil},
		{"huge", []string{"99999999999999999999"}, nil},
		{"missing", nil, nil},
		{"empty", []string{""}, nil},
		{"twice", []string{"7", "7"}, nil},
		{"twice in one", []string{"7, 7"}, nil},
		{"negative", []string{"-1"}, nil},
		{"negative zero", []string{"-0"}, nil},
		{"signed", []string{"+7"}, nil},
		{"fraction", []string{"7.0"}, nil},
		{"exponent", []string{"7e1"}, nil},
		{"hexadecimal", []string{"0x7"}, nil},
		{"underscore", []string{"1_000"}, nil},
		{"thousands", []string{"1,000"}, nil},
		{"quoted", []string{`"7"`}, nil},
		{"word", []string{"many"}, nil},
		{"Arabic digits", []string{"٧"}, nil},
		{"null", []string{"null"}, nil},
	}
	get := func(p *int) any {
		if p == nil {
			return nil
		}
		return *p
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			headers := func(names ...string) (pairs []string) {
				for _, name := range names {
					for _, value := range tt.values {
						pairs = append(pairs, name, value)
					}
				}
				return pairs
			}
			transport := roundTrip(func(r *http.Request) (*http.Response, error) {
				return answer(200, `[{"id":1,"status":204}]`, headers("X-Success-Count", "X-Error-Count", "X-Total-Results", "X-Total-Pages", "X-Current-Page", "X-Limit")...), nil
			})
			client, log := tokenClient(t, testToken, transport)
			got, err := client.GetByIDs(t.Context(), ids(1))
			require.NoError(t, err)
			assert.Equal(t, tt.want, get(got.SuccessCount))
			assert.Equal(t, tt.want, get(got.ErrorCount))
			wantWarn := tt.want == nil && tt.values != nil
			assert.Equal(t, wantWarn, strings.Contains(log.String(), `"level":"WARN"`), "%s", log)
			assert.Equal(t, tt.want == nil, strings.Contains(log.String(), `"header":"X-Success-Count"`), "%s", log)

			cancelled, err := client.CancelScheduled(t.Context(), ids(1))
			require.NoError(t, err)
			assert.Equal(t, tt.want, get(cancelled.SuccessCount))
			assert.Equal(t, ids(1), cancelled.IDs(outgoing.Cancelled))

			page, err := client.List(t.Context(), outgoing.PageRequest{})
			require.NoError(t, err)
			for _, p := range []*int{page.TotalResults, page.TotalPages, page.CurrentPage, page.Limit} {
				assert.Equal(t, tt.want, get(p))
			}
		})
	}
}

func TestM2_AFlagIsRead(t *testing.T) {
	yes, no := new(bool), new(bool)
	*yes = true
	for value, want := range map[string]*bool{
		"true": yes, "TRUE": yes, "True": yes, "tRuE": yes, "1": yes, "true\t": yes,
		"false": no, "FALSE": no, "False": no, "0": no,
		"": nil, "yes": nil, "no": nil, "on": nil, "t": nil, "f": nil, "2": nil, "-1": nil, "01": nil, "null": nil, "true,true": nil, `"true"`: nil,
	} {
		client, log := tokenClient(t, testToken, roundTrip(func(*http.Request) (*http.Response, error) {
			return answer(200, `[{"id":1,"status":204}]`, "x-sandbox", value), nil
		}))
		result, err := client.CancelScheduled(t.Context(), ids(1))
		require.NoError(t, err)
		assert.Equal(t, want, result.Sandbox, "%q", value)
		assert.Equal(t, want == nil, strings.Contains(log.String(), `"level":"WARN","msg":"response header is absent or unusable","header":"X-Sandbox"`), "%q: %s", value, log)
	}
}

// The contract has X-Sandbox for a DELETE only, so that a GET without it lacks nothing.
func TestM1_AHeaderThatTheOperationDoesNotHaveIsNotReportedAsAbsent(t *testing.T) {
	for _, tt := range []struct {
		name        string
		headers     []string
		get, cancel bool // whether the log names X-Sandbox
	}{
		{"absent", nil, false, true},
		{"usable", []string{"X-Sandbox", "true"}, false, false},
		{"unusable", []string{"X-Sandbox", "perhaps"}, true, true},
	} {
		headers := append([]string{"X-Success-Count", "1", "X-Error-Count", "0"}, tt.headers...)
		client, log := tokenClient(t, testToken, roundTrip(func(*http.Request) (*http.Response, error) {
			return answer(200, `[{"id":1,"status":204}]`, headers...), nil
		}))
		_, err := client.GetByIDs(t.Context(), ids(1))
		require.NoError(t, err)
		assert.Equal(t, tt.get, strings.Contains(log.String(), "X-Sandbox"), "%s, get: %s", tt.name, log)
		log.Reset()
		_, err = client.CancelScheduled(t.Context(), ids(1))
		require.NoError(t, err)
		assert.Equal(t, tt.cancel, strings.Contains(log.String(), "X-Sandbox"), "%s, cancel: %s", tt.name, log)
	}
}

// chunked answers each chunk of 50 with its own headers.
func chunked(t *testing.T, headers ...[]string) *outgoing.Client {
	t.Helper()
	return newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		_, list, _ := strings.Cut(r.URL.Path, "/messages/")
		first, _, _ := strings.Cut(list, ",")
		id, err := strconv.Atoi(first)
		require.NoError(t, err)
		pairs := headers[id/50]
		if pairs == nil {
			return answer(409, ""), nil
		}
		return answer(200, "[]", pairs...), nil
	}), once)
}

func TestM1_CountsOfSeveralRequestsAreSummedOnlyIfAllCarryThem(t *testing.T) {
	const ok, failed, sandbox = "X-Success-Count", "X-Error-Count", "X-Sandbox"
	tests := []struct {
		name       string
		headers    [][]string
		ok, failed *int
		sandbox    *bool
		requests   int
	}{
		{"all", [][]string{{ok, "3", failed, "1", sandbox, "1"}, {ok, "4", failed, "0", sandbox, "true"}}, new(7), new(1), new(true), 2},
		{"one lacks one", [][]string{{ok, "3", failed, "1"}, {ok, "4"}}, new(7), nil, nil, 2},
		{"the first lacks them", [][]string{{}, {ok, "4", failed, "0"}, {ok, "1", failed, "2"}}, nil, nil, nil, 3},
		{"no agreement", [][]string{{ok, "1", failed, "1", sandbox, "1"}, {ok, "1", failed, "1", sandbox, "0"}, {ok, "1", failed, "1", sandbox, "0"}}, new(3), new(3), nil, 3},
		{"a failed request is not an answer", [][]string{{ok, "3", failed, "1", sandbox, "0"}, nil}, new(3), new(1), new(false), 1},
		{"a failed request first", [][]string{nil, {ok, "3", failed, "1", sandbox, "0"}}, new(3), new(1), new(false), 1},
		{"none answered", [][]string{nil, nil}, nil, nil, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, _ := chunked(t, tt.headers...).GetByIDs(t.Context(), ids(50*len(tt.headers)))
			want := outgoing.Meta{SuccessCount: tt.ok, ErrorCount: tt.failed, Sandbox: tt.sandbox, Requests: tt.requests, Attempts: len(tt.headers)}
			assert.Equal(t, want, result.Meta)
		})
	}
}
