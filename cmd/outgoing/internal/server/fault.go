package server

import (
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

// faultWords are the words that ParseFault knows, but for body.
var faultWords = map[string]func(f *outgoingtest.Fault, value string) error{
	"method": func(f *outgoingtest.Fault, value string) error {
		f.Method = strings.ToUpper(value)
		return unless(f.Method == http.MethodGet || f.Method == http.MethodDelete, "it is GET or DELETE")
	},
	"id": func(f *outgoingtest.Fault, value string) error {
		id, err := idfile.ParseID(value)
		f.Match = outgoingtest.HasID(id)
		return err
	},
	"times": func(f *outgoingtest.Fault, value string) (err error) {
		if f.Times = -1; value != "always" {
			f.Times, err = number(value, 1, 1<<30)
		}
		return err
	},
	"status": func(f *outgoingtest.Fault, value string) (err error) {
		f.Status, err = number(value, 200, 599)
		return err
	},
	"retry-after": func(f *outgoingtest.Fault, value string) error {
		f.RetryAfter = value
		return unless(value != "", "it is a number of seconds")
	},
	"content-type": func(f *outgoingtest.Fault, value string) error {
		f.Header = http.Header{"Content-Type": {value}}
		kind, _, err := mime.ParseMediaType(value)
		return unless(err == nil && strings.Contains(kind, "/"), "it is a media type such as text/html")
	},
	"delay": func(f *outgoingtest.Fault, value string) (err error) {
		f.Delay, err = time.ParseDuration(value)
		return unless(err == nil && f.Delay > 0, "it is a time such as 500ms or 2s")
	},
	"truncate": func(f *outgoingtest.Fault, value string) (err error) {
		if f.Truncate, err = number(value, 0, 1<<30); f.Truncate == 0 {
			f.Truncate = -1 // as the double has it: 0 does not break anything off
		}
		return err
	},
	"omit": func(f *outgoingtest.Fault, value string) error {
		id, err := idfile.ParseID(value)
		f.Omit = append(f.Omit, id)
		return err
	},
	"drop": func(f *outgoingtest.Fault, value string) error {
		f.Drop = true
		return unless(value == "", "it takes no value")
	},
	"after-work": func(f *outgoingtest.Fault, value string) error {
		f.AfterWork = true
		return unless(value == "", "it takes no value")
	},
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

// ParseFault reads a fault such as "method=DELETE,status=503,times=3".
func ParseFault(text string) (outgoingtest.Fault, error) {
	var f outgoingtest.Fault
	before, body, happens := strings.Cut(","+text, ",body=")
	if happens {
		f.Body = &body
	}
	for word := range strings.SplitSeq(strings.TrimPrefix(before, ","), ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(word), "=")
		if key == "" && f.Body != nil {
			continue
		}
		set, known := faultWords[key]
		if !known {
			return f, fmt.Errorf("unknown key %q; see outgoing serve --help", key)
		}
		if err := set(&f, value); err != nil {
			return f, fmt.Errorf("%s: %w", key, err)
		}
		happens = happens || !slices.Contains([]string{"method", "id", "times", "after-work"}, key)
	}
	return f, unless(happens, "it does not say what happens, such as status=503 or drop")
}
