package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestWhatCannotWorkIsSaidAtTheStart(t *testing.T) {
	token := writeToken(t, "api-token")
	for name, test := range map[string]struct{ args, databaseURL, want string }{
		"no token":                    {"", "", "-token-file is missing"},
		"no file of the token":        {"-token-file " + token + ".not", "", "no such file"},
		"an empty token file":         {"-token-file " + os.DevNull, "", "has no token"},
		"no last status":              {"-token-file " + token + " -arrived ,", "", "-arrived"},
		"a base URL in clear":         {"-token-file " + token + " -base-url http://example.com", "", "http"},
		"no such directory":           {"-token-file " + token + " -database " + token + "/x.db", "", "open the database"},
		"no callback token":           {"-token-file " + token + " -callback-token-file " + os.DevNull, "", "has no token"},
		"an argument":                 {"-token-file " + token + " 43456", "", "unexpected argument"},
		"no rate":                     {"-token-file " + token + " -rate NaN", "", "-rate"},
		"no interval":                 {"-token-file " + token + " -look-least 0s", "", "-look-least"},
		"a page that others can read": {"-token-file " + token + " -admin-addr :8082", "", "needs -admin-token-file"},
		"no database":                 {"-token-file " + token, "postgres://127.0.0.1:1/fleet?user=a&password=secret-word", "DATABASE_URL cannot be reached"},
		"no database URL":             {"-token-file " + token, "postgres://u:secret-word@:x/", "DATABASE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DATABASE_URL", test.databaseURL)
			args := append([]string{"-database", filepath.Join(t.TempDir(), "fleet.db"), "-addr", "127.0.0.1:0", "-admin-addr", "127.0.0.1:0"}, strings.Fields(test.args)...)
			err := run(t.Context(), args, slog.New(slog.DiscardHandler))
			require.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), "secret-word")
		})
	}
}

// The gateway refuses the token: nothing more is asked until there is another one, and then all goes on.
func TestARefusedTokenPausesAllWorkUntilItIsReplaced(t *testing.T) {
	t.Parallel()
	d := database{file: filepath.Join(t.TempDir(), "fleet.db")}
	gateway := newDouble(t, 1000)
	id := gateway.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})[0]
	token := writeToken(t, "old-token")
	p := start(t, "p1", d, "-base-url", gateway.url, "-token-file", token)
	status, _ := ask(http.MethodPost, p.private+"/campaigns/spring/messages", "", fmt.Sprintf("[%d]", id))
	require.Equal(t, http.StatusAccepted, status)
	status, _ = ask(http.MethodPost, p.private+"/campaigns/spring/cancel", "", "")
	require.Equal(t, http.StatusAccepted, status)
	eventually(t, func() bool { return p.logged("the gateway refuses the token") }, "the refusal to be logged")
	pause(t.Context(), 3*time.Second) // more than a look and a cancel
	asked := gateway.requests.Load()
	assert.LessOrEqual(t, asked, int64(4))
	_, page := ask(http.MethodGet, p.private+"/", "", "")
	assert.Contains(t, page, "The gateway refuses the token")
	require.NoError(t, os.WriteFile(token, []byte("api-token"), 0o600))
	eventually(t, func() bool {
		m, _ := gateway.Message(id)
		return m.StatusCode == "CANCELLED"
	}, "the cancel to be sent with the new token")
	eventually(t, func() bool {
		_, page := ask(http.MethodGet, p.private+"/", "", "")
		return !strings.Contains(page, "refuses the token")
	}, "the page to be fine again")
	eventually(t, func() bool {
		_, outcomes := ask(http.MethodGet, p.private+"/campaigns/spring/outcomes", "", "")
		return strings.Contains(outcomes, fmt.Sprintf("%d,cancelled,", id))
	}, "the outcome")
	assert.Zero(t, p.stop(t))
}

func TestThePageAndJobsNeedTheTokenOrALoopbackAddress(t *testing.T) {
	t.Parallel()
	gateway := newDouble(t, 1000)
	args := []string{"-base-url", gateway.url, "-token-file", writeToken(t, "api-token"), "-callback-token-file", writeToken(t, callbackToken)}
	closed := start(t, "p1", database{file: filepath.Join(t.TempDir(), "fleet.db")}, append(args, "-admin-token-file", writeToken(t, "admin-token"))...)
	open := start(t, "p2", database{file: filepath.Join(t.TempDir(), "fleet.db")}, args...)
	for path, method := range map[string]string{
		"/": http.MethodGet, "/style.css": http.MethodGet, "/jobs/": http.MethodGet, "/jobs/api/queues": http.MethodGet,
		"/campaigns/x/cancel": http.MethodPost, "/campaigns/x/outcomes": http.MethodGet,
	} {
		without, _ := ask(method, closed.private+path, "", "")
		wrong, _ := ask(method, closed.private+path, "api-token", "")
		right, _ := ask(method, closed.private+path, "admin-token", "")
		local, _ := ask(method, open.private+path, "", "")
		elsewhere, _ := ask(method, strings.Replace(open.private, "127.0.0.1", "localhost.localdomain", 1)+path, "", "")
		public, _ := ask(method, open.public+path, callbackToken, "")
		want := http.StatusOK
		if strings.HasPrefix(path, "/campaigns/") {
			want = http.StatusNotFound // there is no such campaign
		}
		assert.Equal(t, []int{401, 401, want, want, http.StatusNotFound}, []int{without, wrong, right, local, public}, path)
		assert.NotEqual(t, want, elsewhere, "another name for this address")
	}
	for _, url := range []string{closed.public, closed.private} {
		status, body := ask(http.MethodGet, url+"/healthz", "", "")
		assert.Equal(t, "200 ok\n", fmt.Sprint(status, " ", body))
	}
	_, metrics := ask(http.MethodGet, closed.private+"/metrics", "", "")
	assert.Contains(t, metrics, "fleet_messages_due 0")

	// A page of another site cannot cancel a campaign.
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, open.private+"/campaigns/x/cancel", nil)
	require.NoError(t, err)
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusForbidden, response.StatusCode)

	// A callback without the token is not let in, and one with it is a hint, whatever it says.
	body := `[{"id":43456,"status_code":"DELIVERED"}]`
	status, _ := ask(http.MethodPost, open.public+"/callbacks", "another", body)
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = ask(http.MethodPost, open.public+"/callbacks", callbackToken, body)
	assert.Equal(t, http.StatusNoContent, status)
	_, page := ask(http.MethodGet, open.private+"/", "", "")
	assert.Contains(t, page, `<data id="arrived" value="0">`)
	assert.Contains(t, page, `<data id="total" value="1">`)
}

func TestOneProcessHasAFileOfSQLite(t *testing.T) {
	t.Parallel()
	gateway := newDouble(t, 1000)
	args := []string{"-base-url", gateway.url, "-token-file", writeToken(t, "api-token"), "-addr", "127.0.0.1:0", "-admin-addr", "127.0.0.1:0"}
	d := database{file: filepath.Join(t.TempDir(), "fleet.db")}
	first := start(t, "p1", d, args...)
	discard := slog.New(slog.DiscardHandler)
	require.ErrorContains(t, run(t.Context(), append(args, "-database", d.file), discard), "another process has")
	first.kill()
	start(t, "p2", d, args...)
}

func TestBadBodiesOfCampaignsAddNothing(t *testing.T) {
	t.Parallel()
	gateway := newDouble(t, 1000)
	p := start(t, "p1", database{file: filepath.Join(t.TempDir(), "fleet.db")}, "-base-url", gateway.url, "-token-file", writeToken(t, "api-token"))
	for body, want := range map[string]int{`[1,2,0]`: 400, `[1,"2"]`: 400, `{}`: 400, `[1.5]`: 400, `[99999999999999999999]`: 400, `[]`: 202, `[1] x`: 400, `[null]`: 400} {
		status, text := ask(http.MethodPost, p.private+"/campaigns/spring/messages", "", body)
		assert.Equal(t, want, status, "%s: %s", body, text)
	}
	status, text := ask(http.MethodGet, p.private+"/campaigns/spring/outcomes", "", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "id,outcome,reason,tries,status\n", text, "it was not cancelled")
	status, _ = ask(http.MethodGet, p.private+"/campaigns/nope/outcomes", "", "")
	assert.Equal(t, http.StatusNotFound, status)
	_, page := ask(http.MethodGet, p.private+"/", "", "")
	assert.Contains(t, page, "No messages")
	status, _ = ask(http.MethodGet, p.private+"/?day=yesterday", "", "")
	assert.Equal(t, http.StatusBadRequest, status)
}
