package outgoing_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
)

func TestContract_TheLibraryAndTheDoubleKeepIt(t *testing.T) {
	for _, baseURL := range []string{outgoing.ProductionURL, outgoing.SandboxURL} {
		t.Run(baseURL, func(t *testing.T) {
			checked := exchange(t, loadContract(t), baseURL)
			require.NoError(t, checked.err())
			for _, operation := range []string{"getMessages", "cancelMessages", "listMessages"} {
				for _, status := range append([]int{http.StatusOK}, errorStatuses...) {
					answered := fmt.Sprintf("%s %d", operation, status)
					assert.Positive(t, checked.answers[answered], answered)
				}
			}
		})
	}
}

// written are the files of testdata/, each with the call that it answers and what the library makes of it. They were written by
// hand to the shapes of the contract; no response of the gateway was recorded.
var written = []struct {
	file string
	read func(t *testing.T, client *outgoing.Client)
}{
	{"get-found.http", func(t *testing.T, client *outgoing.Client) {
		result, err := client.GetByIDs(t.Context(), []int64{323251, 323234, 323240})
		require.NoError(t, err)
		require.Len(t, result.Messages, 3)
		assert.Equal(t, []int64{323251, 323234, 323240}, messageIDs(result.Messages), "in the order asked")
		assert.Empty(t, result.Missing)
		assert.Equal(t, outgoing.Meta{SuccessCount: new(3), ErrorCount: new(0), Requests: 1, Attempts: 1}, result.Meta)

		mms, queued, delivered := result.Messages[0], result.Messages[1], result.Messages[2]
		assert.Equal(t, outgoing.Message{
			ID:                323234,
			CID:               new("custom-id-A44445T"),
			Type:              outgoing.MessageTypeSMSPro,
			Recipient:         "+48999999999",
			Sender:            new("Bramka SMS"),
			Parts:             new(1),
			SentDate:          new(time.Date(2024, time.June, 1, 16, 22, 5, 0, time.UTC)),
			StatusDate:        new(time.Date(2024, time.June, 1, 16, 22, 7, 0, time.UTC)),
			StatusCode:        "QUEUED",
			StatusDescription: "The message has been accepted",
			Unicode:           true,
			Price:             queued.Price,
		}, queued)
		assert.Equal(t, "0.16", queued.Price.String())
		assert.Equal(t, "0.2099", delivered.Price.String())
		assert.Nil(t, delivered.CID)
		assert.Nil(t, delivered.Sender)
		assert.True(t, delivered.Flash)
		assert.True(t, delivered.SentDate.Equal(time.Date(2024, time.June, 1, 16, 22, 31, 0, time.UTC)), "the offset counts")
		assert.Equal(t, outgoing.MessageTypeMMS, mms.Type)
		assert.Equal(t, outgoing.StatusScheduled, mms.StatusCode)
		assert.Nil(t, mms.Parts)
		assert.Nil(t, mms.StatusDate)
	}},
	{"get-partly-found.http", func(t *testing.T, client *outgoing.Client) {
		result, err := client.GetByIDs(t.Context(), []int64{7, 323240, 8})
		require.NoError(t, err)
		assert.Equal(t, []int64{323240}, messageIDs(result.Messages))
		assert.Equal(t, []int64{7, 8}, result.Missing)
		assert.Equal(t, outgoing.Meta{SuccessCount: new(1), ErrorCount: new(2), Requests: 1, Attempts: 1}, result.Meta)
	}},
	{"get-none-found.http", func(t *testing.T, client *outgoing.Client) {
		result, err := client.GetByIDs(t.Context(), []int64{7, 8, 9})
		require.NoError(t, err)
		assert.Empty(t, result.Messages)
		assert.Equal(t, []int64{7, 8, 9}, result.Missing)
		assert.Equal(t, outgoing.Meta{SuccessCount: new(0), ErrorCount: new(3), Requests: 1, Attempts: 1}, result.Meta)
	}},
	{"cancel-mixed.http", func(t *testing.T, client *outgoing.Client) {
		result, err := client.CancelScheduled(t.Context(), []int64{43458, 43457, 43456})
		require.NoError(t, err)
		assert.Equal(t, []outgoing.Outcome{
			{ID: 43458, State: outgoing.Rejected, Status: 404, Problem: &outgoing.Problem{
				Type: "https://problems-registry.smartbear.com/not-found/", Status: 404, Title: "Not Found",
				Detail: "There is no such message", Code: "404-6", Instance: "/rest/messages/43458",
			}},
			{ID: 43457, State: outgoing.Rejected, Status: 400, Problem: &outgoing.Problem{
				Type: "https://problems-registry.smartbear.com/bad-request/", Status: 400, Title: "Bad Request",
				Detail: "The message is no longer scheduled", Code: "400-21", Instance: "/rest/messages/43457",
			}, Message: &outgoing.Message{ID: 43457}},
			{ID: 43456, State: outgoing.Cancelled, Status: 204},
		}, result.Outcomes)
		assert.Equal(t, outgoing.Meta{SuccessCount: new(1), ErrorCount: new(2), Sandbox: new(false), Requests: 1, Attempts: 2}, result.Meta)
	}},
	{"cancel-sandbox.http", func(t *testing.T, client *outgoing.Client) {
		result, err := client.CancelScheduled(t.Context(), []int64{43456, 43459})
		require.NoError(t, err)
		assert.Equal(t, []int64{43456, 43459}, result.IDs(outgoing.Cancelled))
		assert.Equal(t, outgoing.Meta{SuccessCount: new(2), ErrorCount: new(0), Sandbox: new(true), Requests: 1, Attempts: 1}, result.Meta)
	}},
	{"list-first.http", readPage(1, []int64{43465, 43464, 43463}, outgoing.Links{Next: pageURL(2), Last: pageURL(3)})},
	{"list-middle.http", readPage(2, []int64{43462, 43461, 43460}, outgoing.Links{First: pageURL(1), Prev: pageURL(1), Next: pageURL(3), Last: pageURL(3)})},
	{"list-last.http", readPage(3, []int64{43458, 43457}, outgoing.Links{First: pageURL(1), Prev: pageURL(2)})}, // relative ones
	{"list-empty.http", func(t *testing.T, client *outgoing.Client) {
		page, err := client.List(t.Context(), outgoing.PageRequest{})
		require.NoError(t, err)
		assert.Empty(t, page.Messages)
		page.Messages = nil
		assert.Equal(t, outgoing.Page{TotalResults: new(0), TotalPages: new(0), CurrentPage: new(1), Limit: new(10)}, page)
	}},
	{"error-400.http", readError(outgoing.ErrBadRequest, 400, "Invalid Body property format", "400-21", 0)},
	{"error-401.http", readError(outgoing.ErrUnauthorized, 401, "Unauthorized", "401-7", 0)},
	{"error-403.http", readError(outgoing.ErrForbidden, 403, "Access denied", "403-5", 0)},
	{"error-404.http", readError(outgoing.ErrNotFound, 404, "Not Found", "404-6", 0)},
	{"error-429.http", readError(outgoing.ErrRateLimited, 429, "Too Many Requests", "429-1", 7*time.Second)},
	{"error-500.http", readError(outgoing.ErrServer, 500, "Internal API Server Error", "500-1", 0)},
	{"error-503.http", readError(outgoing.ErrServer, 503, "Service Unavailable", "503-1", 90*time.Second)},
}

func pageURL(n int) string {
	return fmt.Sprintf("https://api.szybkisms.pl/rest/messages?page=%d&limit=3", n)
}

func readPage(n int, ids []int64, links outgoing.Links) func(*testing.T, *outgoing.Client) {
	return func(t *testing.T, client *outgoing.Client) {
		page, err := client.List(t.Context(), outgoing.PageRequest{Page: n, Limit: 3})
		require.NoError(t, err)
		assert.Equal(t, ids, messageIDs(page.Messages))
		page.Messages = nil
		assert.Equal(t, outgoing.Page{TotalResults: new(8), TotalPages: new(3), CurrentPage: new(n), Limit: new(3), Links: links}, page)
	}
}

// readError reads an answer that is the same to each operation.
func readError(kind error, status int, title, code string, retryAfter time.Duration) func(*testing.T, *outgoing.Client) {
	return func(t *testing.T, client *outgoing.Client) {
		_, err := client.List(t.Context(), outgoing.PageRequest{})
		require.ErrorIs(t, err, kind)
		var apiErr *outgoing.APIError
		require.ErrorAs(t, err, &apiErr)
		assert.Equal(t, status, apiErr.StatusCode)
		assert.Equal(t, status, apiErr.Problem.Status)
		assert.Equal(t, title, apiErr.Problem.Title)
		assert.Equal(t, code, apiErr.Problem.Code)
		assert.Equal(t, retryAfter, apiErr.RetryAfter)
	}
}

// playback answers every request with the same bytes.
func playback(raw []byte) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		return http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), req)
	}
}

func TestContract_WrittenResponsesKeepItAndAreRead(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.http")
	require.NoError(t, err)
	require.Len(t, files, len(written), "each file is read by one test")
	c := loadContract(t)
	for _, r := range written {
		t.Run(r.file, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("../testdata", r.file))
			require.NoError(t, err)
			found := func(req *http.Request) (*http.Response, error) { // what a cancel reads back
				return answer(200, rowsFor(req), "Content-Type", "application/json"), nil
			}
			checked := newContractTransport(c, inTurn(playback(raw), found))
			r.read(t, newClient(t, checked, outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1})))
			assert.NoError(t, checked.err())
		})
	}
}
