package main_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	api "github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

func TestEveryFormatHasARowForEachID(t *testing.T) {
	gateway, url := serveDouble(t, 100)
	gateway.Inject(outgoingtest.Fault{Match: outgoingtest.HasID(43555), Drop: true, Times: -1}) // also when net/http asks again
	got := outgoing(t, "get", url, "--attempts=1", "-f=csv", "--file", file(t, "43505\n7\n"+sequence(43456, 49)+sequence(43506, 50)+"43505\n"))
	assert.Equal(t, 2, got.status)
	rows, err := csv.NewReader(strings.NewReader(got.stdout)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+101, "and the repeated one once")
	assert.Equal(t, []string{"state", "reason"}, rows[0][13:])
	for i, want := range map[int]string{1: "43505 found ", 2: "7 missing the gateway does not know this ID", 3: "43456 found "} {
		assert.Equal(t, want, rows[i][0]+" "+rows[i][13]+" "+rows[i][14])
	}
	assert.Equal(t, "not settled", rows[101][13])
	assert.Contains(t, rows[101][14], "no answer")

	table := outgoing(t, "get", "--demo", "7", "43456")
	assert.Contains(t, table.stdout, "\n7           missing: the gateway does not know this ID\n43456       DELIVERED ")
}

func TestASummaryCountsInsteadOfRows(t *testing.T) {
	got := outgoingWithInput(t, sequence(43455, 122), "get", "--demo", "--summary", "--file=-")
	assert.Equal(t, 2, got.status)
	assert.Equal(t, `STATE        STATUS            MESSAGES
found        DELIVERED               73
found        QUEUED                  15
found        SCHEDULED               15
found        SENT                    15
found        REJECTED                 2
missing                               2
`, got.stdout)
	assert.Contains(t, got.stderr, "missing: 43455, 43576\n")

	got = outgoing(t, "get", "--demo", "--summary", "-f=jsonl", "43456", "7")
	assert.Equal(t, []string{`{"state":"found","status_code":"DELIVERED","messages":1}`, `{"state":"missing","messages":1}`}, lines(got.stdout))
}

func TestExcelIsACSVThatAPolishExcelOpensRight(t *testing.T) {
	gateway, url := serveDouble(t, 0)
	sent := time.Date(2026, 1, 5, 7, 0, 2, 0, time.UTC)
	body := `[{"id":5,"cid":"=1+1","type":1,"recipient":"+48999000000","sender":"@SUM(A1)","parts":1,"sent_date":"2026-01-05T07:00:02Z",` +
		`"status_code":"-2","status_description":"a;\"b\"\n=cmd|' /C calc'!A0","price":0.16}]`
	gateway.Inject(outgoingtest.Fault{Times: -1, Body: &body})
	cmd := command(t, "get", url, "-f=excel", "5")
	cmd.Env = append(cmd.Env, "TZ=Europe/Warsaw")
	got := finish(t, cmd)
	want := "2026-01-05 08:00:02"
	if _, err := time.LoadLocation("Europe/Warsaw"); err != nil {
		want = sent.Format(time.DateTime)
	}
	assert.Equal(t, "\ufeffid;cid;type;recipient;sender;parts;sent_date;status_date;status_code;status_description;unicode;flash;price;state;reason\r\n"+
		`5;'=1+1;1;'+48999000000;'@SUM(A1);1;`+want+`;;'-2;"a;""b""\n=cmd|' /C calc'!A0";false;false;0,16;found;`+"\r\n", got.stdout)
}

// What get, list, cancel and watch print can be given to --file again.
func TestOwnResultsAreReadAgain(t *testing.T) {
	for _, format := range []string{"json", "jsonl", "csv", "excel"} {
		for _, args := range [][]string{
			{"get", "--demo", "43463", "7"}, {"list", "--demo"}, {"cancel", "--demo", "--yes", "43463", "43456"}, {"watch", "--demo", "--until=DELIVERED", "43456"},
		} {
			results := outgoing(t, append(args, "-f", format)...).stdout
			got := outgoing(t, "get", "--demo", "-f=jsonl", "--file", file(t, results))
			assert.Contains(t, []int{0, 2}, got.status, "%v %s", args, got.stderr)
			assert.NotEmpty(t, got.stdout)
		}
	}
	got := outgoing(t, "get", "--demo", "--file", file(t, outgoing(t, "list", "--demo").stdout))
	assert.Equal(t, 1, got.status)
	assert.Contains(t, got.stderr, "the table that this command prints")
}

func TestNothingThatDoesNotPrintReachesAnyFormat(t *testing.T) {
	gateway, url := serveDouble(t, 0)
	evil := "\x1b[2J\x00\u009b31m\u202e\u2066\x7f\u200b\u00ad\ufeff\U000e0041\U000e0100\u3164\u115f\u2028\r\n"
	gateway.Add(api.Message{ID: 5, CID: &evil, StatusCode: evil, Recipient: evil, Sender: &evil, StatusDescription: evil})
	for _, args := range [][]string{{"get", "5"}, {"get", "--summary", "5"}, {"list"}, {"cancel", "--yes", "5"}, {"watch", "--until=x", "--timeout=1ms", "5"}} {
		for _, format := range []string{"table", "json", "jsonl", "csv", "excel"} {
			got := outgoing(t, append(args, url, "-f", format)...)
			for _, r := range strings.TrimRight(evil, "\r\n") {
				if r < 0x20 || r > 0x7e {
					assert.NotContains(t, strings.TrimPrefix(got.stdout, "\ufeff"), string(r), "%v %s %U", args, format, r)
				}
			}
		}
	}
	var message api.Message
	require.NoError(t, json.Unmarshal([]byte(outgoing(t, "get", url, "-f", "jsonl", "5").stdout), &message))
	assert.Equal(t, evil, *message.Sender, "JSON loses nothing")
}

func TestListStopsEarly(t *testing.T) {
	for _, test := range []struct {
		args   []string
		ids    []int64
		status int
		stderr string
	}{
		{[]string{"--max=3"}, []int64{43575, 43574, 43573}, 0, "3 messages\n"},
		{[]string{"--since-id=43573"}, []int64{43575, 43574}, 0, "2 messages\n"},
		{[]string{"--since-id=43575"}, nil, 0, "0 messages\n"},
		{[]string{"--since-id=43500", "--max=1"}, []int64{43575}, 0, "1 message\n"},
		{[]string{"--all", "--max=1"}, []int64{43575}, 0, "1 message\n"},
	} {
		got := outgoing(t, append([]string{"list", "--demo", "-f=jsonl"}, test.args...)...)
		assert.Equal(t, test.status, got.status, test.args)
		assert.Equal(t, test.stderr, got.stderr, test.args)
		var ids []int64
		for _, line := range lines(got.stdout) {
			var m api.Message
			require.NoError(t, json.Unmarshal([]byte(line), &m))
			ids = append(ids, m.ID)
		}
		assert.Equal(t, test.ids, ids, test.args)
	}
	got := outgoing(t, "list", "--demo", "-f=jsonl", "--since-id=7")
	assert.Equal(t, 2, got.status)
	assert.Len(t, lines(got.stdout), 120)
	assert.Contains(t, got.stderr, "the history has no message 7, and is listed to its end\n")
	gateway, url := serveDouble(t, 2000)
	outgoing(t, "list", url, "--max=10", "--concurrency=1")
	assert.LessOrEqual(t, len(gateway.Requests()), 2)
}

// The rows are lost, so no script may take it for success; without a reader they are not wanted.
func TestTheStatusTellsWhatBecameOfTheResults(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	for script, want := range map[string]int{
		"get --demo 43456 > /dev/full":                  3,
		"get --demo 7 > /dev/full":                      3,
		"get --demo --summary 7 > /dev/full":            3,
		"get --demo 43456 -f excel > /dev/full":         3,
		"cancel --demo --yes 43463 > /dev/full":         3,
		"cancel --demo --yes 43463 43456 7 > /dev/full": 3,
		"list --demo --all > /dev/full":                 3,
		"list --demo --max 3 -f json > /dev/full":       3,
		"get --demo 43456 >&-":                          0,
		"get --demo 7 >&-":                              2,
		"get --demo 43456 | :":                          0,
		"get --demo 7 | :":                              2,
		"get --demo 43456 7 -f json | :":                2,
		"cancel --demo --yes 43463 | :":                 0,
		"cancel --demo --yes 43456 | :":                 2,
		"cancel --demo --yes 43463 -f csv > /dev/full":  3,
		"list --demo | :":                               0,
	} {
		cmd := command(t)
		before, piped := strings.CutSuffix(script, " | :")
		line := "exec " + binary + " " + before
		if piped { // the reader is gone when the command begins
			line = fmt.Sprintf("{ { sleep 0.1; %s %s; echo $? >&3; } | :; } 3>&1", binary, before)
		}
		cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", line}
		got := finish(t, cmd)
		if piped {
			assert.Equal(t, fmt.Sprintln(want), got.stdout, script)
			assert.NotContains(t, got.stderr, "pipe", script)
			continue
		}
		assert.Equal(t, want, got.status, "%s: %s", script, got.stderr)
		assert.Equal(t, want == 3, strings.Contains(got.stderr, "no space left"), script)
		lost := want == 3 && strings.HasPrefix(script, "cancel")
		assert.Equal(t, lost, strings.Contains(got.stderr, "not written: the outcomes of 43463"), script)
	}
}

func TestANegativeNumberIsNoFlag(t *testing.T) {
	for _, args := range [][]string{{"get", "--demo", "-5"}, {"cancel", "--demo", "43463", "-5"}, {"watch", "--demo", "-5"}} {
		got := outgoing(t, args...)
		assert.Equal(t, 1, got.status)
		assert.Contains(t, got.stderr, "outgoing: -5 is not a message ID: they start at 1")
	}
	assert.Contains(t, outgoing(t, "get", "--demo", "--", "-5").stderr, "outgoing: -5 is not a message ID: they start at 1")
	assert.Contains(t, outgoing(t, "get", "--demo", "-x5").stderr, "unknown shorthand flag: 'x' in -x5")
}
