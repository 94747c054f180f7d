package server

import (
	"cmp"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gsmservice-gateway/client-go/cmd/outgoing/internal/idfile"
	"github.com/gsmservice-gateway/client-go/outgoing/outgoingtest"
)

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
