// Package server serves the gateway double over HTTP: it reads faults and messages, logs requests, makes messages move on and
// sends callbacks.
package server

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/display"
	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/idfile"
	"github.com/gsmservice-gateway/client-go/outgoing"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

// New returns a server of the gateway. A write has no time limit: --latency or a fault's delay may be of any length.
func New(gateway http.Handler, out io.Writer) *http.Server {
	return &http.Server{
		Handler:           logged(gateway, out),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(out, "", 0),
	}
}

// logged returns a handler that writes a line for each request, once it is answered. Headers are left out: one of them
// is the token. As at the real gateway there is nothing outside of /rest and /rest-sandbox.
func logged(gateway http.Handler, out io.Writer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun, method, answer, end := time.Now(), r.Method, &response{ResponseWriter: w}, ", broken off"
		defer func() {
			result := fmt.Sprintf("%d %s%s", answer.status, http.StatusText(answer.status), end)
			switch {
			case answer.status == 0 && r.Context().Err() != nil:
				result = "client left"
			case answer.status == 0:
				result = "dropped"
			}
			_, _ = fmt.Fprintf(out, "%s  %s %s  %s  %s\n", begun.Format(time.TimeOnly), method,
				display.Printable(r.URL.RequestURI()), result, time.Since(begun).Round(100*time.Microsecond))
		}()
		if r.Method == http.MethodHead {
			r = r.Clone(r.Context())
			r.Method = http.MethodGet // net/http leaves the body out, since it knows what was asked
		}
		if strings.HasPrefix(r.URL.Path, "/rest/") || strings.HasPrefix(r.URL.Path, "/rest-sandbox/") {
			gateway.ServeHTTP(answer, r)
		} else {
			http.Error(answer, "404 page not found: paths begin with /rest or /rest-sandbox", http.StatusNotFound)
		}
		end = ""
	})
}

// response records its status. The gateway says WriteHeader before it writes anything.
type response struct {
	http.ResponseWriter
	status int
}

func (r *response) WriteHeader(status int) {
	r.status = cmp.Or(r.status, status)
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// ParseFault reads a fault such as "method=DELETE,status=503,times=3".
func ParseFault(text string) (outgoingtest.Fault, error) {
	var f outgoingtest.Fault
	words, body, happens := strings.Cut(","+text, ",body=")
	if happens {
		f.Body = &body
	}
	var keys []string
	for _, word := range strings.Split(words, ",")[1:] {
		key, value, _ := strings.Cut(strings.TrimSpace(word), "=")
		if key != "omit" && slices.Contains(keys, key) {
			return f, fmt.Errorf("%s: it is there twice", key)
		}
		keys = append(keys, key)
		if err := setWord(&f, key, value); err != nil {
			return f, err
		}
		happens = happens || !slices.Contains([]string{"method", "id", "times", "after-work"}, key)
	}
	if !happens {
		return f, errors.New("it does not say what happens, such as status=503 or drop")
	}
	return f, nil
}

// setWord reads one of the words of a fault, but for body.
func setWord(f *outgoingtest.Fault, key, value string) error {
	ok, want := false, ""
	number := func(lowest, highest int) int {
		n, err := strconv.Atoi(value)
		ok, want = err == nil && lowest <= n && n <= highest, fmt.Sprintf("a number from %d to %d", lowest, highest)
		return n
	}
	const most = 1 << 30
	switch key {
	case "method":
		f.Method = strings.ToUpper(value)
		ok, want = f.Method == http.MethodGet || f.Method == http.MethodDelete, "GET or DELETE"
	case "id", "omit":
		id, err := idfile.ParseID(value)
		ok, want = err == nil, "a message ID"
		if key == "omit" {
			f.Omit = append(f.Omit, id)
		} else {
			f.Match = outgoingtest.HasID(id)
		}
	case "times":
		f.Times = number(1, most)
		if want += ", or always"; value == "always" {
			f.Times, ok = -1, true
		}
	case "status":
		f.Status = number(200, 599)
	case "retry-after":
		f.RetryAfter = strconv.Itoa(number(0, most))
	case "content-type":
		kind, _, err := mime.ParseMediaType(value)
		f.Header = http.Header{"Content-Type": {value}}
		ok, want = err == nil && strings.Contains(kind, "/"), "a media type such as text/html"
	case "delay":
		delay, err := time.ParseDuration(value)
		f.Delay = delay
		ok, want = err == nil && delay > 0, "a time such as 500ms or 2s"
	case "truncate":
		f.Truncate = cmp.Or(number(0, most), -1) // as the double has it: 0 does not break anything off
	case "drop":
		f.Drop, ok, want = true, value == "", "a word without a value"
	case "after-work":
		f.AfterWork, ok, want = true, value == "", "a word without a value"
	default:
		return fmt.Errorf("unknown key %q; see outgoing serve --help", key)
	}
	if !ok {
		return fmt.Errorf("%s: it is %s", key, want)
	}
	return nil
}

// row is a line of a file of messages: what get and list print with --format jsonl is one.
type row struct {
	outgoing.Message

	State  string         `json:"state"` // of a get
	Reason jsontext.Value `json:"reason"`
}

// highestID leaves room for the messages that come after those of a file.
const highestID = 1 << 62

// ReadMessages reads messages, one JSON object a line, and returns them by ID, the lowest first; those without one come last,
// in their order. Its errors name the line.
func ReadMessages(content []byte) ([]outgoing.Message, error) {
	var msgs []outgoing.Message
	lines := map[int64]int{} // of the IDs
	for n, line := range bytes.Split(content, []byte("\n")) {
		if line = bytes.Trim(line, "\ufeff \t\r\n"); len(line) == 0 {
			continue
		}
		m, err := readMessage(line)
		if err == nil && m.ID != 0 && lines[m.ID] > 0 {
			err = fmt.Errorf("the ID %d is in line %d already", m.ID, lines[m.ID])
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		lines[m.ID] = n + 1
		msgs = append(msgs, m)
	}
	slices.SortStableFunc(msgs, func(a, b outgoing.Message) int {
		return cmp.Compare(cmp.Or(a.ID, math.MaxInt64), cmp.Or(b.ID, math.MaxInt64))
	})
	return msgs, nil
}

func readMessage(line []byte) (outgoing.Message, error) {
	if line[0] != '{' {
		return outgoing.Message{}, errors.New("it is not a JSON object on one line, as jq -c '.[]' makes them of an array")
	}
	// The members that the contract does not let be empty.
	found := row{Message: outgoing.Message{Type: outgoing.MessageTypeSMSPro, Recipient: "+48999000000", StatusCode: statusQueued}}
	err := json.Unmarshal(line, &found, json.RejectUnknownMembers(true))
	wrong, isMember := errors.AsType[*json.SemanticError](err)
	switch {
	case errors.Is(err, json.ErrUnknownName):
		err = fmt.Errorf("unknown member %q", wrong.JSONPointer.LastToken())
	case isMember:
		var members map[string]jsontext.Value
		_ = json.Unmarshal(line, &members)
		member := wrong.JSONPointer.LastToken()
		err = fmt.Errorf("%s cannot be %.40s", member, members[member])
	case err != nil:
		err = errors.New(strings.TrimPrefix(err.Error(), "jsontext: "))
	case found.ID < 0 || found.ID > highestID:
		err = fmt.Errorf("the ID %d is below 1 or above %d", found.ID, int64(highestID))
	case found.State != "" && found.State != "found":
		err = fmt.Errorf("the state is %q: only rows that were found have a message", found.State)
	}
	return found.Message, err
}
