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

// FaultHelp describes what ParseFault reads.
const FaultHelp = `A --fault is a list of words, separated by commas. Which requests meet it, the next one unless said otherwise:

  method=DELETE     only requests with this method
  id=43456          only requests that name this ID
  times=3           as many of them; times=always for all

and what happens to them:

  status=503        this status, with a problem document
  retry-after=2     the header Retry-After
  content-type=T    the header Content-Type, such as text/html for the page of a proxy
  delay=2s          no answer for so long
  drop              the connection ends without an answer
  truncate=100      the body breaks off after so many bytes
  omit=43456        the answer has no row for this ID
  after-work        the work is done nonetheless: a cancel takes effect, though its answer is lost
  body=TEXT         this body in place of the usual one; comes last, since all that follows belongs to it`

// faultWords are the words that ParseFault knows, but for body.
var faultWords = map[string]func(f *outgoingtest.Fault, value string) error{
	"method": func(f *outgoingtest.Fault, value string) error {
		f.Method = strings.ToUpper(value)
		if !slices.Contains([]string{http.MethodGet, http.MethodDelete}, f.Method) {
			return errors.New("it is GET or DELETE")
		}
		return nil
	},
	"id": func(f *outgoingtest.Fault, value string) error {
		id, err := idfile.ParseID(value)
		f.Match = outgoingtest.HasID(id)
		return err
	},
	"times": func(f *outgoingtest.Fault, value string) (err error) {
		if value == "always" {
			f.Times = -1
			return nil
		}
		f.Times, err = number(value, 1, 1<<30)
		return err
	},
	"status": func(f *outgoingtest.Fault, value string) (err error) {
		f.Status, err = number(value, 200, 599)
		return err
	},
	"retry-after": func(f *outgoingtest.Fault, value string) error {
		f.RetryAfter = value
		if value == "" {
			return errors.New("it is a number of seconds")
		}
		return nil
	},
	"content-type": func(f *outgoingtest.Fault, value string) error {
		if kind, _, err := mime.ParseMediaType(value); err != nil || !strings.Contains(kind, "/") {
			return errors.New("it is a media type such as text/html")
		}
		f.Header = http.Header{"Content-Type": {value}}
		return nil
	},
	"delay": func(f *outgoingtest.Fault, value string) (err error) {
		f.Delay, err = time.ParseDuration(value)
		if err != nil || f.Delay <= 0 {
			return errors.New("it is a time such as 500ms or 2s")
		}
		return nil
	},
	"truncate": func(f *outgoingtest.Fault, value string) (err error) {
		f.Truncate, err = number(value, 0, 1<<30)
		if f.Truncate == 0 {
			f.Truncate = -1 // as the double has it: 0 does not break anything off
		}
		return err
	},
	"omit": func(f *outgoingtest.Fault, value string) error {
		id, err := idfile.ParseID(value)
		f.Omit = append(f.Omit, id)
		return err
	},
	"drop":       flag(func(f *outgoingtest.Fault) { f.Drop = true }),
	"after-work": flag(func(f *outgoingtest.Fault) { f.AfterWork = true }),
}

func flag(set func(*outgoingtest.Fault)) func(*outgoingtest.Fault, string) error {
	return func(f *outgoingtest.Fault, value string) error {
		set(f)
		if value != "" {
			return errors.New("it takes no value")
		}
		return nil
	}
}

func number(text string, lowest, highest int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < lowest || n > highest {
		return 0, fmt.Errorf("it is a number from %d to %d", lowest, highest)
	}
	return n, nil
}

// ParseFault reads a fault such as "method=DELETE,status=503,times=3".
func ParseFault(text string) (outgoingtest.Fault, error) {
	var f outgoingtest.Fault
	before, body, ok := strings.Cut(","+text, ",body=")
	if ok {
		f.Body = &body
	}
	happens := ok
	for word := range strings.SplitSeq(strings.TrimPrefix(before, ","), ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(word), "=")
		if key == "" && ok {
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
	if !happens {
		return f, errors.New("it does not say what happens, such as status=503 or drop")
	}
	return f, nil
}
