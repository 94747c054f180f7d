package main_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	api "github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// sequence is n IDs, one a line.
func sequence(first, n int) string {
	var b strings.Builder
	for id := range n {
		fmt.Fprintln(&b, first+id)
	}
	return b.String()
}

func TestGetShowsATable(t *testing.T) {
	got := outgoing(t, "get", "--demo", "43463", "43456")
	assert.Equal(t, 0, got.status)
	assert.Equal(t, `ID          STATUS      TYPE      RECIPIENT      SENDER       PARTS  SENT                   PRICE
43463       SCHEDULED   MMS       +48999055433   Przychodnia         2026-01-07T07:11:19Z    0.45
43456       DELIVERED   SMS PRO   +48999000000   Przychodnia      1  2026-01-05T07:00:02Z    0.16
`, got.stdout)
	assert.Equal(t, "2 found, 0 missing, 0 not settled, 0 not sent (1 request, 1 attempt)\n", got.stderr)
}

const sampleJSON = `{"id":43456,"cid":"wizyta-00001","type":1,"recipient":"+48999000000","sender":"Przychodnia","parts":1,` +
	`"sent_date":"2026-01-05T07:00:02Z","status_date":"2026-01-05T07:00:09Z","status_code":"DELIVERED",` +
	`"status_description":"The message has reached the phone","unicode":true,"flash":false,"price":0.16}`

// foundJSON is the row of get for it.
var foundJSON = strings.TrimSuffix(sampleJSON, "}") + `,"state":"found"}`

func TestGetSpellsJSONAsTheAPIDoes(t *testing.T) {
	assert.Equal(t, []string{foundJSON}, lines(outgoing(t, "get", "--demo", "-f", "jsonl", "43456").stdout))
	assert.Equal(t, []string{"[", "  " + foundJSON, "]"}, lines(outgoing(t, "get", "--demo", "-f", "json", "43456").stdout))
	assert.Equal(t, []string{"[", "  " + missing(9), "]"}, lines(outgoing(t, "get", "--demo", "-f", "json", "9").stdout))

	var messages []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(outgoing(t, "get", "--demo", "-f", "json", "43456", "43457,43458").stdout), &messages))
	assert.Len(t, messages, 3)
}

func TestGetWritesCSV(t *testing.T) {
	got := outgoing(t, "get", "--demo", "-f", "csv", "43456", "43462", "9")
	records, err := csv.NewReader(strings.NewReader(got.stdout)).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, [][]string{
		{"id", "cid", "type", "recipient", "sender", "parts", "sent_date", "status_date", "status_code", "status_description", "unicode", "flash", "price", "state", "reason"},
		{"43456", "wizyta-00001", "1", "+48999000000", "Przychodnia", "1", "2026-01-05T07:00:02Z", "2026-01-05T07:00:09Z", "DELIVERED", "The message has reached the phone", "true", "false", "0.16", "found", ""},
		{"43462", "", "3", "+48999047514", "", "1", "2026-01-05T07:09:44Z", "2026-01-05T07:09:51Z", "DELIVERED", "The message has reached the phone", "false", "false", "0.07", "found", ""},
		{"9", "", "", "", "", "", "", "", "", "", "", "", "", "missing", "the gateway does not know this ID"},
	}, records)
}

func TestPricesStayExact(t *testing.T) {
	gateway, url := serveDouble(t, 0)
	body := `[{"id":5,"price":12345678901234567.10}]`
	gateway.Inject(outgoingtest.Fault{Times: -1, Body: &body})
	assert.Contains(t, outgoing(t, "get", url, "-f", "jsonl", "5").stdout, `"price":12345678901234567.10,`)
	assert.Contains(t, outgoing(t, "get", url, "-f", "csv", "5").stdout, ",12345678901234567.10,found,\n")
}

func missing(id int) string {
	return fmt.Sprintf(`{"id":%d,"state":"missing","reason":"the gateway does not know this ID"}`, id)
}

func TestEachIDHasARowInTheOrderAsked(t *testing.T) {
	got := outgoing(t, "get", "--demo", "-f", "jsonl", "9", "43456", "7")
	assert.Equal(t, 2, got.status)
	assert.Equal(t, []string{missing(9), foundJSON, missing(7)}, lines(got.stdout))
	assert.Equal(t, "missing: 9, 7\n1 found, 2 missing, 0 not settled, 0 not sent (1 request, 1 attempt)\n", got.stderr)
}

func TestAFailedRequestCostsNoOther(t *testing.T) {
	gateway, url := serveDouble(t, 120)
	gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(43510), Status: http.StatusConflict})
	got := outgoingWithInput(t, sequence(43456, 120), "get", url, "-f", "jsonl", "--file", "-")
	assert.Equal(t, 2, got.status)
	rows := lines(got.stdout)
	require.Len(t, rows, 120)
	for i, row := range rows {
		assert.Contains(t, row, fmt.Sprintf(`{"id":%d,`, 43456+i))
		assert.Equal(t, i >= 50 && i < 100, strings.Contains(row, `"state":"not settled","reason":"GET /messages/{ids}: 409 Conflict`), row)
	}
	assert.Contains(t, got.stderr, "not settled: 43506, 43507, ")
	assert.Contains(t, got.stderr, "43515 and 40 more\n  GET /messages/{ids}: 409 Conflict")
	assert.Contains(t, got.stderr, "70 found, 0 missing, 50 not settled, 0 not sent (3 requests, 3 attempts)\n")
}

// As they are pasted from an error message, or from the path of a request.
func TestIDsMayBePastedWithTheirCommas(t *testing.T) {
	for _, args := range [][]string{{"43456,", "43457"}, {"43456,43457"}, {"43456, 43457"}, {"43456,", "43457,", "43458"}} {
		got := outgoing(t, append([]string{"get", "--demo", "-f", "jsonl"}, args...)...)
		assert.Equal(t, 0, got.status, got.stderr)
		assert.GreaterOrEqual(t, len(lines(got.stdout)), 2, args)
	}
}

func TestQuietLeavesResultsAndNames(t *testing.T) {
	got := outgoing(t, "get", "--demo", "-q", "-f", "jsonl", "9", "43456")
	assert.Equal(t, result{missing(9) + "\n" + foundJSON + "\n", "missing: 9\n", 2}, got)
}

// A 404 for all is what a gateway without these messages answers, and what another server does.
func TestAGatewayThatKnowsNoneOfTheIDsMayBeAnother(t *testing.T) {
	const hint = "outgoing: the gateway knows none of these IDs; a wrong base URL looks the same\n"
	gateway, url := serveDouble(t, 20)
	for _, args := range [][]string{{"get", url}, {"cancel", "--yes", url}} {
		gateway.Inject(outgoingtest.Fault{Status: 404, Header: http.Header{"Content-Type": {"text/html"}}, Body: new("<h1>Not Found</h1>")})
		assert.NotContains(t, outgoing(t, append(args, "7", "9")...).stderr, hint, "no gateway answered")
		assert.Contains(t, outgoing(t, append(args, "7", "9")...).stderr, hint)
		assert.NotContains(t, outgoing(t, append(args, "7", "43463")...).stderr, hint)
	}
	assert.NotContains(t, outgoing(t, "get", "--demo", "7").stderr, hint, "no URL was given")
}

func TestIDsComeFromFilesOfManyKinds(t *testing.T) {
	for name, content := range map[string]string{
		"one a line":           "43457\n43456\n",
		"no newline at all":    "43457\n43456",
		"from Windows":         "43457\r\n43456\r\n",
		"blank lines":          "\n\n43457\n  \n\r\n43456\n\n",
		"spaces":               "  43457 \n\t43456\n",
		"header, underscore":   "_id\n43457\n43456\n",
		"header and digits":    "message_id,phone2\n43457,1\n43456,2\n",
		"header":               "id\n43457\n43456\n",
		"header, quoted":       "\"Message ID\"\n\"43457\"\n\"43456\"\n",
		"byte order mark":      "\ufeff43457\n43456\n",
		"mark and header":      "\ufeffid,name\r\n43457,\"Anna, M\"\r\n43456,\"two\r\nlines\"\r\n",
		"semicolons":           "id;name\n43457;Anna, M\n43456;Jan\n",
		"tabs":                 "43457\tAnna\n43456\t\n",
		"header after a blank": "\n\nid,text\n43457,x\n43456\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := outgoing(t, "get", "--demo", "-f", "csv", "--file", file(t, content))
			assert.Equal(t, 0, got.status, got.stderr)
			require.Len(t, lines(got.stdout), 3)
			assert.Contains(t, lines(got.stdout)[1], "43457,")
			assert.Contains(t, lines(got.stdout)[2], "43456,")
			assert.Equal(t, strings.Contains(strings.ToLower(content), "id"), strings.Contains(got.stderr, "is taken for a header"))

			assert.Equal(t, got.stdout, outgoingWithInput(t, content, "get", "--demo", "-f", "csv", "--file", "-").stdout)
		})
	}
}

// What is wrong with a line is tested where files are read, in idfile_internal_test.go.
func TestALineThatIsNotAnIDIsNamedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"43456\n43457x\n":              `line 2: "43457x" is not a message ID`,
		"43456\n\x1b[2Jevil\n":         `line 2: "\x1b[2Jevil" is not a message ID`,
		sequence(1, 70_000) + "oops\n": `line 70001: "oops" is not a message ID`,
		"43463,43471,43479\n":          `line 1: "43463" and "43471" could both be message IDs`,
		"12,50;43456\n":                `line 1: "12,50" and "43456" could both be message IDs`,
		"4,3456E+04\n":                 `line 1: "4,3456E+04" is not a message ID: a spreadsheet rounded it`,
	} {
		gateway, url := serveDouble(t, 10)
		path := file(t, content)
		for _, args := range [][]string{{"get", url, "--file", path}, {"cancel", url, "--yes", "--file", path}} {
			got := outgoing(t, args...)
			assert.Equal(t, 1, got.status)
			assert.Contains(t, got.stderr, path+": "+want)
			assert.Empty(t, got.stdout)
		}
		got := outgoingWithInput(t, content, "get", url, "--file", "-")
		assert.Equal(t, 1, got.status)
		assert.Contains(t, got.stderr, "standard input: "+want)
		assert.Empty(t, gateway.Requests())
	}
}

func TestTheColumnOfAFileCanBeNamed(t *testing.T) {
	path := file(t, "phone;Message ID\n48999000000;43463\n48999000001;43471\n")
	for _, column := range []string{"2", "message id"} {
		gateway, url := serveDouble(t, 20)
		got := outgoing(t, "cancel", url, "--yes", "-f=csv", "--file", path, "--column", column)
		assert.Equal(t, 0, got.status, got.stderr)
		assert.Equal(t, "id,state,status,status_code,reason\n43463,cancelled,204,,\n43471,cancelled,204,,\n", got.stdout)
		assert.Len(t, gateway.Requests(), 1)
	}
}

func TestNoIDsAtAllAreWrongUsage(t *testing.T) {
	gateway, url := serveDouble(t, 10)
	for _, name := range []string{"get", "cancel"} {
		for _, content := range []string{"", "id\n", "\n;;\n"} {
			got := outgoingWithInput(t, content, name, url, "-f", "json", "--file", "-")
			assert.Equal(t, 1, got.status)
			assert.Empty(t, got.stdout)
			assert.Contains(t, got.stderr, "standard input: there are no message IDs in it\nSee")
		}
	}
	assert.Empty(t, gateway.Requests())
}

// The second answer waits until the first has been read from the pipe.
func TestOutputStartsAtOnce(t *testing.T) {
	for _, format := range []string{"table", "json", "jsonl", "csv"} {
		gateway, url := serveDouble(t, 120)
		seen := make(chan struct{})
		gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(43506), Before: func(*outgoingtest.Gateway) { <-seen }})
		cmd := command(t, "get", url, "-f", format, "--concurrency=1", "--file", file(t, sequence(43456, 120)))
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		out := bufio.NewScanner(stdout)
		for out.Scan() {
			if strings.Contains(out.Text(), "43504") { // the line of the last one ends, in an array, when another follows
				close(seen)
			}
		}
		require.NoError(t, cmd.Wait(), format)
		assert.Len(t, gateway.Requests(), 3)
	}
}

func TestWhatAGatewaySendsCannotMoveTheCursor(t *testing.T) {
	gateway, url := serveDouble(t, 0)
	evil := "\x1b[2J\u009b31m\u202e\x7f\r\n"
	gateway.Add(api.Message{ID: 5, StatusCode: evil, Recipient: evil, Sender: &evil, StatusDescription: evil})
	for _, format := range []string{"table", "json", "jsonl"} {
		got := outgoing(t, "get", url, "-f", format, "5")
		assert.Equal(t, 0, got.status)
		assert.NotContains(t, got.stdout, "\x1b")
		assert.NotContains(t, got.stdout, "\u009b")
		assert.NotContains(t, got.stdout, "\u202e")
		assert.NotContains(t, got.stdout, "\x7f")
	}
	got := outgoing(t, "get", url, "-f", "jsonl", "5")
	var message api.Message
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &message))
	assert.Equal(t, evil, *message.Sender)
}

func TestAFullDiskIsNotTakenForSuccess(t *testing.T) {
	for _, args := range [][]string{{"get", "--demo", "43456"}, {"list", "--demo"}, {"list", "--demo", "--all"}, {"cancel", "--demo", "--yes", "43463"}} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("no /dev/full here")
		}
		cmd := command(t, args...)
		var stderr strings.Builder
		cmd.Stdout, cmd.Stderr = full, &stderr
		assert.Equal(t, 3, statusOf(t, cmd.Run()), args)
		assert.Contains(t, stderr.String(), "no space left", args)
		require.NoError(t, full.Close())
	}
}
