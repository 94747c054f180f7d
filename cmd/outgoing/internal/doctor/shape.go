package doctor

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/internal/header"
	"github.com/gsmservice-gateway/client-go/internal/rows"
	"github.com/gsmservice-gateway/client-go/outgoing"
)

// What passes from an answer: names that the contract or HTTP has, status codes that are known, counts, and forms of values.

var (
	problemMembers  = []string{"type", "title", "status", "detail", "code", "instance"}
	documentedTypes = []string{"1", "3", "4", "10"}
	knownCodes      = []string{outgoing.StatusScheduled, "QUEUED", "SENT", "DELIVERED", "ACCEPTED", "CANCELLED", "REJECTED"} // of documents and integrators

	small    = regexp.MustCompile(`^[0-9]{1,6}$`)
	flag     = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off)$`)
	number   = regexp.MustCompile(`^[-+]?[0-9][-+:., /TZEe0-9]{0,40}$`) // or a date
	digit    = regexp.MustCompile(`[0-9]`)
	capitals = regexp.MustCompile(`^[A-Z]{2,10}(_[A-Z]{2,10}){0,2}$`)

	mediaType    = regexp.MustCompile(`^(application|text)/(json|problem\+json|html|plain|xml|problem\+xml|octet-stream)$`)
	valueHeader  = regexp.MustCompile(`^(Date|Link|X-Sandbox|X-(Success|Error)-Count|X-Total-(Results|Pages)|X-Current-Page|X-Limit)$`)
	limitHeader  = regexp.MustCompile(`^((X-)?Rate-?[Ll]imit(-(Limit|Remaining|Reset|Used|Policy))?|Retry-After)$`)
	limitMembers = regexp.MustCompile(`^(?:"[^"]*"; *)?((?:(?:limit|remaining|reset|[rtqw])=[0-9]{1,6}[;, ]*)+)$`) // of the RateLimit headers
)

// contract has the members of a message, and the kinds of their values by the first character, as [jsontext.Kind] has them.
// An id may be null by the document, but such a row is of no use.
var contract = map[string]string{
	"id": "0", "type": "0", "parts": "0n", "price": "0", "cid": `"n`, "sender": `"n`, "recipient": `"`, "sent_date": `"n`,
	"status_date": `"n`, "status_code": `"`, "status_description": `"`, "unicode": "tf", "flash": "tf",
}

// isCode reports whether a problem's code is the gateway's, such as 404-6 with a 404.
func isCode(code string, status int) bool {
	n, found := strings.CutPrefix(code, strconv.Itoa(status)+"-")
	return found && header.IsDigits(n) && len(n) <= 3
}

// inWords is a number of the gateway's, for people. One that is as long as a phone number may be one.
func inWords(n int) string {
	if n >= 1_000_000 {
		return "a million or more"
	}
	return strconv.Itoa(n)
}

// form returns a text of the same form: of a number or a date one with each digit a one, which makes a date of any layout a
// valid one, or as it is if all of them are noughts; "false" of a boolean, and "text" of any other.
func form(s string) string {
	switch {
	case s == "" || number.MatchString(s) && !strings.ContainsAny(s, "123456789"):
		return s
	case number.MatchString(s):
		return digit.ReplaceAllString(s, "1")
	case flag.MatchString(s):
		return "false"
	}
	return "text"
}

// lenient accepts what the library reads, too.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// shape returns JSON of the same shape, a row a line: with names that the contract has, and values of the same kind and form.
func (x *examination) shape(a *answer) string {
	var out bytes.Buffer
	dec, enc := jsontext.NewDecoder(bytes.NewReader(rows.WithoutBOM(a.body)), lenient), jsontext.NewEncoder(&out, lenient)
	for name := ""; ; {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return strings.ReplaceAll(out.String(), "},{", "},\n{")
		}
		if err != nil {
			return "not JSON\n"
		}
		in, n := dec.StackIndex(dec.StackDepth())
		switch kind := token.Kind(); {
		case in == '{' && n%2 == 1:
			name = token.String()
			token = jsontext.String(nameOf(name, int(n/2)))
		case kind == '"':
			token = jsontext.String(x.value(a, name, token.String()))
		case kind == 't':
			token = jsontext.False
		case kind == '0': // a long one has no form
			value := strings.Replace(x.value(a, name, token.String()), "text", "1", 1)
			_ = enc.WriteValue(jsontext.Value(value))
			continue
		}
		_ = enc.WriteToken(token) // a Buffer takes everything
	}
}

// nameOf returns the name of a member if the contract has it, or for a number the next one.
func nameOf(name string, i int) string {
	switch {
	case contract[name] != "" || slices.Contains(problemMembers, name):
		return name
	case header.IsDigits(name):
		return strconv.Itoa(i)
	}
	return "other" + strconv.Itoa(i)
}

// value returns what stands for a string or a number. IDs are numbered as they are met, the newest of a history the highest,
// so that one that is there twice stays the same.
func (x *examination) value(a *answer, name, text string) string {
	switch {
	case name == "id" && header.IsDigits(text):
		if x.ids[text] == 0 {
			x.ids[text] = 1_000_000 - len(x.ids)
		}
		return strconv.Itoa(x.ids[text])
	case name == "type" && slices.Contains(documentedTypes, text), name == "status" && text == strconv.Itoa(a.StatusCode),
		name == "status_code" && slices.Contains(knownCodes, text), name == "code" && isCode(text, a.StatusCode):
		return text
	}
	return form(text)
}

// headerForm returns a small number and a boolean as they are, and of another value the form.
func headerForm(value string) string {
	value = strings.TrimSpace(value)
	_, noDate := http.ParseTime(value)
	switch members := limitMembers.FindStringSubmatch(value); {
	case small.MatchString(value) || flag.MatchString(value):
		return value
	case noDate == nil:
		return "Sat, 01 Jun 2024 16:22:05 GMT"
	case members != nil:
		return members[1]
	}
	return form(value)
}

// headers returns the shape of the header.
func (a *answer) headers() http.Header {
	shown := http.Header{}
	for name, values := range a.Header {
		for _, value := range values {
			if valueHeader.MatchString(name) || limitHeader.MatchString(name) {
				shown.Add(name, headerForm(value))
			}
		}
	}
	if a.Header.Get("Content-Type") != "" {
		shown.Set("Content-Type", a.contentType()) // in words if it is unusual, which is as unusual
	}
	return shown
}

// record hands the shape of an answer on, as a file like those in testdata, if there was none like it.
func (x *examination) record(a *answer) {
	if x.Record == nil {
		return
	}
	var b bytes.Buffer
	_ = (&http.Response{ // a Buffer takes everything
		StatusCode: a.StatusCode, ProtoMajor: 1, ProtoMinor: 1, Header: a.headers(), ContentLength: -1,
		Body: io.NopCloser(strings.NewReader(x.shape(a))),
	}).Write(&b)
	file, name := x.tokens.Text(strings.ReplaceAll(b.String(), "\r\n", "\n")), fmt.Sprintf("%s-%d", a.name, a.StatusCode)
	if x.recorded[file]++; x.recorded[file] > 1 {
		return
	}
	if x.recorded[name]++; x.recorded[name] > 1 {
		name += "-" + strconv.Itoa(x.recorded[name])
	}
	x.Record(name+".http", []byte(file))
}

// NewRecorder returns a Config's Record, and makes its directory, which must not be there yet or be empty: so nothing is ever
// overwritten. Only its owner can read the files. The first error is kept in failed.
func NewRecorder(dir string, failed *error) (func(name string, answer []byte), error) {
	err := os.MkdirAll(dir, 0o700)
	entries, unread := os.ReadDir(dir)
	switch {
	case err != nil || unread != nil:
		return nil, cmp.Or(err, unread)
	case len(entries) > 0:
		return nil, fmt.Errorf("%s: the directory is not empty; give a new one", dir)
	}
	return func(name string, answer []byte) {
		*failed = cmp.Or(*failed, os.WriteFile(filepath.Join(dir, name), answer, 0o600))
	}, nil
}
