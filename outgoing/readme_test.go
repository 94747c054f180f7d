package outgoing_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// The snippets of the README, as functions: they compile, and their output is checked.

func stopCampaign(ctx context.Context, client *outgoing.Client, ids []int64) error {
	result, err := client.CancelScheduled(ctx, ids)
	for _, o := range result.Outcomes { // one for each ID, in the order asked for
		fmt.Println(o.ID, o.State, o.Status)
	}
	return err // nil if every ID is Cancelled or Rejected
}

func untilTheEnd(ctx context.Context, client *outgoing.Client, ids []int64, isLast func(outgoing.Message) bool) {
	for m, err := range client.Watch(ctx, outgoing.WatchRequest{IDs: ids, Until: isLast}) {
		if err != nil {
			log.Println(m.ID, err) // the watch goes on; if it ends early, its last error names the IDs that are left
			continue
		}
		fmt.Println(m.ID, m.StatusCode) // when it is first seen, and after each change
	}
}

func readHistory(ctx context.Context, client *outgoing.Client) error {
	for m, err := range client.All(ctx) { // newest first, each message once, also while others arrive
		if _, ok := errors.AsType[*outgoing.BatchError](err); ok {
			log.Println(err) // one row cannot be read; the others follow
		} else if err != nil {
			return err // this is not all of the history
		} else {
			fmt.Println(m.ID, m.Recipient, m.StatusCode)
		}
	}
	return nil
}

// closeOrder is code of a user, to be tested.
func closeOrder(ctx context.Context, client *outgoing.Client, reminders []int64) error {
	_, err := client.CancelScheduled(ctx, reminders)
	return err
}

func TestCloseOrderSaysSoWhenTheReminderMayStillGoOut(t *testing.T) {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoing.Message{StatusCode: outgoing.StatusScheduled})
	gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, AfterWork: true, Status: http.StatusBadGateway, Times: -1})

	client := gateway.Client(outgoing.WithRetry(outgoing.Retry{MaxAttempts: 1}))
	if err := closeOrder(t.Context(), client, ids); err == nil {
		t.Error("closeOrder hid that the cancel may not have worked")
	}
}

func Example_stopCampaign() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(
		outgoing.Message{StatusCode: outgoing.StatusScheduled},
		outgoing.Message{StatusCode: "SENT"},
		outgoing.Message{StatusCode: outgoing.StatusScheduled},
	)
	gateway.Inject(outgoingtest.Fault{Method: http.MethodDelete, Omit: ids[2:]})
	fmt.Println(stopCampaign(context.Background(), gateway.Client(), ids))
	// Output:
	// 1 cancelled 204
	// 2 rejected 400
	// 3 unknown 0
	// outgoing: 1 ID not settled: ID 3: the answer has no row for this ID
}

func Example_untilTheEnd() {
	gateway := outgoingtest.NewGateway()
	ids := gateway.Add(outgoing.Message{StatusCode: "DELIVERED"}, outgoing.Message{StatusCode: "UNDELIVERED"})
	untilTheEnd(context.Background(), gateway.Client(), ids, func(m outgoing.Message) bool { return m.StatusCode != "SENT" })
	// Output:
	// 1 DELIVERED
	// 2 UNDELIVERED
}

func Example_readHistory() {
	gateway := outgoingtest.NewGateway()
	gateway.Add(outgoingtest.SampleMessages(2)...)
	odd := `[{"id":43458,"price":"free"},{"id":43457,"recipient":"+48999007919","status_code":"DELIVERED"}]`
	gateway.Inject(outgoingtest.Fault{Body: &odd})
	fmt.Println(readHistory(context.Background(), gateway.Client()))
	// Output:
	// 43457 +48999007919 DELIVERED
	// 43456 +48999000000 DELIVERED
	// <nil>
}

// The same double on a port, for code that has to dial.
func Example_overAPort() {
	server := httptest.NewServer(outgoingtest.NewGateway(outgoingtest.WithToken("a-test-token")))
	defer server.Close()
	client, err := outgoing.New("a-test-token", outgoing.WithBaseURL(server.URL+"/rest"), outgoing.WithHTTPClient(server.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := client.List(context.Background(), outgoing.PageRequest{})
	fmt.Println(len(page.Messages), err)
	// Output:
	// 0 <nil>
}

func TestEveryGoSnippetOfTheReadmeIsCodeOfATest(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	var code strings.Builder
	for _, file := range []string{"readme_test.go", "example_test.go", "example_jobs_test.go", "../internal/firstprogram/main.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		code.WriteString(undented(string(source)))
	}
	snippets := strings.Split(string(readme), "```go\n")[1:]
	require.NotEmpty(t, snippets)
	for _, snippet := range snippets {
		snippet, _, _ = strings.Cut(snippet, "```")
		assert.Contains(t, code.String(), undented(snippet))
	}
}

// A relative path would work only in a clone of this repository.
func TestEveryGoDocCommandThatWeRecommendWorksElsewhere(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	recommended := regexp.MustCompile("go doc ((?:-[a-z]+ )?[A-Za-z./-]+[A-Za-z])")
	commands := map[string]bool{}
	for _, file := range append(files, "../README.md", "../CONTRIBUTING.md") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range recommended.FindAllStringSubmatch(string(text), -1) {
			commands[match[1]] = true
		}
	}
	require.NotEmpty(t, commands)
	for args := range commands {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"doc"}, strings.Fields(args)...)...)
		cmd.Dir = "../docs" // in this module, where the import path is known, but not at its root
		output, err := cmd.CombinedOutput()
		require.NoError(t, err, "go doc %s: %s", args, output)
		assert.Contains(t, args, "github.com/gsmservice-gateway/client-go/")
	}
}

func undented(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}
