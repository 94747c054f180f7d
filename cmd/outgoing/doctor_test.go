package main_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestD1_TheDoctorFindsNothingWrongWithTheDemo(t *testing.T) {
	got := outgoing(t, "doctor", "--demo")
	assert.Equal(t, 0, got.status, got.stderr)
	assert.Equal(t, "33 ok, 0 notes, 0 FAIL, 1 skipped\n", got.stderr)
	assert.Len(t, lines(got.stdout), 1+34)
	assert.Contains(t, got.stdout, "D4    ok       limits               as asked: 1, 2, 10, 25, 49, 50 (the history has 120)\n")
	assert.Empty(t, outgoing(t, "doctor", "--demo", "--quiet").stderr)
}

func TestD1_AReportInEveryFormatHasTheSameLines(t *testing.T) {
	type line struct{ ID, Title, Verdict, Seen, Promise string }
	html := "<h1>no such page</h1>"
	gateway, url := serveDouble(t, 30, outgoingtest.WithToken(token))
	gateway.Inject(outgoingtest.Fault{Times: -1, Match: func(r *http.Request) bool { return r.FormValue("page") == "0" }, Status: 400, Body: &html})

	got := outgoing(t, "doctor", url, "-f", "json")
	assert.Equal(t, 2, got.status, got.stderr)
	var report []line
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &report))
	require.Len(t, report, 34)
	assert.Equal(t, line{"D7", "page 0", "FAIL", "400 with application/problem+json; documented is a problem document",
		"E1: any error is an *APIError, with a zero Problem if it is no problem document"}, report[31])

	assert.Len(t, lines(outgoing(t, "doctor", url, "-f", "jsonl").stdout), 34)
	records, err := csv.NewReader(strings.NewReader(outgoing(t, "doctor", url, "-f", "csv").stdout)).ReadAll()
	require.NoError(t, err)
	assert.Len(t, records, 1+34)
	assert.Equal(t, []string{"id", "title", "verdict", "seen", "promise"}, records[0])
	assert.LessOrEqual(t, len(gateway.Requests()), 3*60)
}

func TestD2_ARefusedTokenIsAFailAndNotAMistakeInTheCommandLine(t *testing.T) {
	_, url := serveDouble(t, 30, outgoingtest.WithToken("another-token"))
	got := outgoing(t, "doctor", url)
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.stdout, "D2    FAIL     token                refused, 401 with a problem document (code 401-7)")
	assert.Contains(t, got.stdout, "D7    ok       wrong token")
}

func TestD1_TheTokenGoesToNoOtherHost(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "<"+other.URL+`/messages>; rel="next"`)
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	t.Cleanup(server.Close)
	got := outgoing(t, "doctor", "--base-url", server.URL+"/rest")
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.stdout, "302 with a redirect, which is not followed")
	assert.NotContains(t, got.stdout, strings.TrimPrefix(other.URL, "http://"))
	assert.Zero(t, asked)
}

func TestD1_TheDoctorRefusesWhatTheLibraryRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"--base-url", "http://api.example.test/rest"}, {"--base-url", "https://user:pass@api.example.test/rest"},
		{"--sandbox", "--demo"}, {"--format", "xml"}, {"--concurrency", "2"}, {"now"}, {"--record", ""},
	} {
		got := outgoing(t, append([]string{"doctor"}, args...)...)
		assert.Equal(t, 1, got.status, args)
		assert.Empty(t, got.stdout, args)
	}
}

func TestD3_RecordWritesShapesIntoANewDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "answers")
	got := outgoing(t, "doctor", "--demo", "--record", dir)
	assert.Equal(t, 0, got.status, got.stderr)
	files, err := filepath.Glob(filepath.Join(dir, "*.http"))
	require.NoError(t, err)
	assert.Greater(t, len(files), 15)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotContains(t, string(raw), "+48999")
		assert.NotContains(t, string(raw), "Przychodnia")
	}

	again := outgoing(t, "doctor", "--demo", "--record", dir)
	assert.Equal(t, 1, again.status)
	assert.Contains(t, again.stderr, "the directory is not empty")
	assert.Empty(t, again.stdout)
}

func TestD3_RecordLeavesAFileThatIsThereAsItIs(t *testing.T) {
	gateway, url := serveDouble(t, 30)
	dir := t.TempDir()
	path := filepath.Join(dir, "list-page-1-limit-1-200.http")
	write(t, path, "mine")
	got := outgoing(t, "doctor", url, "--record", dir)
	assert.Equal(t, 1, got.status)
	assert.Contains(t, got.stderr, "the directory is not empty")
	assert.Empty(t, gateway.Requests(), "it is found out before the work")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(raw))
}

func TestD1_AnInterruptPrintsWhatThereIs(t *testing.T) {
	for _, again := range []bool{false, true} {
		limit := func(r *http.Request) bool { return r.FormValue("limit") == "25" }
		h := holdAt(t, limit, outgoingtest.Fault{}, "doctor", "-f=json")
		h.interrupt(t, os.Interrupt)
		if again { // which cuts off the request
			require.NoError(t, h.cmd.Process.Signal(os.Interrupt))
		} else {
			h.release()
		}
		assert.Equal(t, 130, statusOf(t, h.cmd.Wait()))
		var report []struct{ ID, Title, Verdict, Seen string }
		require.NoError(t, json.Unmarshal([]byte(h.stdout.String()), &report), "the array is closed")
		require.Len(t, report, 34, "what is left is skipped, and said")
		for _, line := range report[len(report)-10 : len(report)-1] {
			assert.Equal(t, "skipped", line.Verdict, line.Title)
			assert.Equal(t, "interrupted", line.Seen, line.Title)
		}
		h.release()
	}
}

// Out of the box serve takes any token, which is no mistake of a gateway for tests.
func TestD7_TheDoctorIsGreenOnAGatewayForTests(t *testing.T) {
	_, url := serveDouble(t, 120)
	got := outgoing(t, "doctor", url)
	assert.Equal(t, 0, got.status, got.stdout+got.stderr)
	assert.Equal(t, "33 ok, 1 note, 0 FAIL, 0 skipped\n", got.stderr)
	assert.Contains(t, got.stdout, "any token is let in, as by a gateway for tests on a loopback address")
}

// What a gateway answers reaches neither the screen nor a file, in any format.
func TestD3_NoValueOfAnAnswerIsShown(t *testing.T) {
	const canary = "Kanarek-602987654"
	odd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Server", "Link", "X-Total-Results", "X-Sandbox", "Retry-After", "RateLimit-Reset", "X-" + canary} {
			w.Header().Set(name, canary)
		}
		row := map[string]any{"id": 602987654, canary: canary}
		for _, name := range []string{"cid", "recipient", "sender", "sent_date", "status_code", "status_description", "type", "price", "flash"} {
			row[name] = canary
		}
		if r.FormValue("limit") == "51" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"title":"` + canary + `","detail":"` + canary + `","code":"` + canary + `"}`))
			return
		}
		_ = json.NewEncoder(w).Encode([]any{row})
	}))
	t.Cleanup(odd.Close)
	for _, format := range []string{"table", "json", "jsonl", "csv"} {
		dir := filepath.Join(t.TempDir(), "answers")
		got := outgoing(t, "doctor", "--base-url", odd.URL+"/rest", "--format", format, "--record", dir)
		assert.Equal(t, 2, got.status)
		all := []string{got.stdout, got.stderr}
		files, err := filepath.Glob(filepath.Join(dir, "*.http"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			all = append(all, file, string(raw))
		}
		assert.NotContains(t, strings.ToLower(strings.Join(all, "\n")), "kanarek")
		assert.NotContains(t, strings.Join(all, "\n"), "602987")
	}
}
