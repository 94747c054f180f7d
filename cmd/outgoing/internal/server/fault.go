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
	before, body, happens := strings.Cut(","+text, ",body=")
	if happens {
		f.Body = &body
	}
	var keys []string
	for word := range strings.SplitSeq(strings.TrimPrefix(before, ","), ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(word), "=")
		if key == "" && f.Body != nil {
			continue
		}
		if key != "omit" && slices.Contains(keys, key) {
			return f, fmt.Errorf("%s: it is there twice", key)
		}
		keys = append(keys, key)
		if err := setWord(&f, key, value); err != nil {
			return f, err
		}
		happens = happens || !slices.Contains([]string{"method", "id", "times", "after-work"}, key)
	}
	return f, unless(happens, "it does not say what happens, such as status=503 or drop")
}

// setWord reads one of the words of a fault, but for body.
func setWord(f *outgoingtest.Fault, key, value string) (err error) {
	const most = 1 << 30
	switch key {
	case "method":
		f.Method = strings.ToUpper(value)
		err = unless(f.Method == http.MethodGet || f.Method == http.MethodDelete, "it is GET or DELETE")
	case "id", "omit":
		var id int64
		if id, err = idfile.ParseID(value); key == "omit" {
			f.Omit = append(f.Omit, id)
		} else {
			f.Match = outgoingtest.HasID(id)
		}
	case "times":
		if f.Times = -1; value != "always" {
			if f.Times, err = number(value, 1, most); err != nil {
				err = fmt.Errorf("%w, or always", err)
			}
		}
	case "status":
		f.Status, err = number(value, 200, 599)
	case "retry-after":
		var seconds int
		seconds, err = number(value, 0, most)
		f.RetryAfter = strconv.Itoa(seconds)
	case "content-type":
		f.Header = http.Header{"Content-Type": {value}}
		kind, _, wrong := mime.ParseMediaType(value)
		err = unless(wrong == nil && strings.Contains(kind, "/"), "it is a media type such as text/html")
	case "delay":
		f.Delay, err = time.ParseDuration(value)
		err = unless(err == nil && f.Delay > 0, "it is a time such as 500ms or 2s")
	case "truncate":
		f.Truncate, err = number(value, 0, most)
		f.Truncate = cmp.Or(f.Truncate, -1) // as the double has it: 0 does not break anything off
	case "drop", "after-work":
		f.Drop, f.AfterWork = f.Drop || key == "drop", f.AfterWork || key == "after-work"
		err = unless(value == "", "it takes no value")
	default:
		return fmt.Errorf("unknown key %q; see outgoing serve --help", key)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func unless(ok bool, text string) error {
	if ok {
		return nil
	}
	return errors.New(text)
}

func number(text string, lowest, highest int) (int, error) {
	n, err := strconv.Atoi(text)
	return n, unless(err == nil && lowest <= n && n <= highest, fmt.Sprintf("it is a number from %d to %d", lowest, highest))
}
