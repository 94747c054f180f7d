package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// body masks JSON value by value, and keeps of another body its size and type.
func (m *masker) body(a *answer) string {
	if len(a.body) == 0 {
		return ""
	}
	var b bytes.Buffer
	dec := jsontext.NewDecoder(bytes.NewReader(a.json()), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	enc := jsontext.NewEncoder(&b, jsontext.AllowDuplicateNames(true), jsontext.WithIndent("  "), jsontext.CanonicalizeRawInts(false))
	err := m.value(dec, enc, "", 0)
	if err == nil {
		_, err = dec.ReadToken()
	}
	if err != io.EOF { //nolint:errorlint // the decoder promises the bare value
		return fmt.Sprintf("(masked: %d bytes of %s)\n", len(a.body), a.contentType())
	}
	return b.String()
}

const maxDepth = 20

// value masks one JSON value. Path is where it is: "[]" is a row, ".title" a member of a problem document.
func (m *masker) value(dec *jsontext.Decoder, enc *jsontext.Encoder, path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("deeper than %d", maxDepth)
	}
	kind := dec.PeekKind()
	if kind != '{' && kind != '[' {
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		return enc.WriteValue(jsontext.Value(m.scalar(path, raw)))
	}
	open, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if err := enc.WriteToken(open); err != nil {
		return err
	}
	for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		inner := path + "[]"
		if kind == '{' {
			name, err := dec.ReadToken()
			if err != nil {
				return err
			}
			inner = path + "." + name.String()
			if shown := m.withoutToken(maskName(name.String())); enc.WriteToken(jsontext.String(shown)) != nil {
				return errors.New("a member cannot be written")
			}
		}
		if err := m.value(dec, enc, inner, depth+1); err != nil {
			return err
		}
	}
	end, err := dec.ReadToken()
	if err != nil {
		return err
	}
	return enc.WriteToken(end)
}

// scalar masks a string, a number, a boolean or null.
func (m *masker) scalar(path string, raw jsontext.Value) string {
	switch raw.Kind() {
	case 't', 'f', 'n':
		return string(raw)
	}
	if shown, known := m.member(path, raw); known {
		return m.withoutToken(shown)
	}
	if raw.Kind() == '0' {
		return "0"
	}
	return quote(masked)
}

func quote(s string) string {
	quoted, _ := json.Marshal(s)
	return string(quoted)
}

// member masks the value of a member that is on the list; it is JSON again.
func (m *masker) member(path string, raw jsontext.Value) (shown string, known bool) {
	text := string(raw)
	isString := raw.Kind() == '"'
	if isString && json.Unmarshal(raw, &text) != nil {
		return "", false
	}
	again := func(s string) (string, bool) { // of the kind that it was
		if isString {
			return quote(s), true
		}
		return s, s != masked
	}
	switch path {
	case "[].id":
		return again(m.id(text))
	case "[].type", "[].parts":
		return again(maskSmall(text))
	case "[].price":
		return again(maskPrice(text))
	case "[].unicode", "[].flash":
		return again(maskFlag(text))
	case ".status":
		return again(maskSmall(text))
	}
	if !isString {
		return "", false
	}
	switch path {
	case "[].recipient":
		return quote(maskRecipient(text)), true
	case "[].sent_date", "[].status_date":
		return quote(maskDate(json.RawMessage(raw))), true
	case "[].status_code":
		return quote(maskStatusCode(text)), true
	case ".code":
		return quote(maskPattern(gatewayCode, text)), true
	case ".title", ".detail":
		return quote(maskPhrase(text)), true
	case ".type":
		return quote(maskProblemType(text)), true
	case ".instance":
		return quote(maskInstance(text)), true
	}
	return "", false
}

// id moves IDs along, so that their order and distances stay, and none is one of the account's.
func (m *masker) id(text string) string {
	const first = 5_000_000_000
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return masked
	}
	if m.firstID == 0 {
		m.firstID = id
	}
	shift := first - m.firstID
	if shift == 0 {
		shift = 1000
	}
	const furthest = 2_000_000_000
	if distance := id - m.firstID; distance < -furthest || distance > furthest {
		return masked
	}
	return strconv.FormatInt(id+shift, 10)
}

func maskSmall(text string) string {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < 1000 {
		return strconv.Itoa(n)
	}
	return masked
}

// maskValues are the forms that values may have.
var (
	price       = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3})?$`)
	gatewayCode = regexp.MustCompile(`^[0-9]{3}-[0-9]{1,3}$`)
	statusCode  = regexp.MustCompile(`^[A-Z]{1,20}(_[A-Z]{1,20}){0,3}$`)
	recipient   = regexp.MustCompile(`^\+[0-9]{7,16}$`)
)

func maskPattern(pattern *regexp.Regexp, text string) string {
	if pattern.MatchString(text) {
		return text
	}
	return masked
}

func maskPrice(text string) string { return maskPattern(price, text) }

func maskStatusCode(text string) string {
	if text == "" {
		return ""
	}
	return maskPattern(statusCode, text)
}

// maskRecipient keeps the form of a recipient that is as the document says.
func maskRecipient(text string) string {
	if recipient.MatchString(text) {
		return "+00000000000"
	}
	return masked
}

// maskDate keeps a date in whole seconds. Of what cannot be read as one it keeps the signs, so that one sees the format.
func maskDate(raw json.RawMessage) string {
	var date time.Time
	if json.Unmarshal(raw, &date) == nil {
		return date.Truncate(time.Second).Format(time.RFC3339)
	}
	var text string
	if json.Unmarshal(raw, &text) != nil || len(text) > 40 {
		return masked
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '0'
		case strings.ContainsRune("-:+. /TZ", r):
			return r
		}
		return 'x'
	}, text)
}

func maskProblemType(text string) string {
	const registry = "https://problems-registry.smartbear.com/"
	if slug, found := strings.CutPrefix(text, registry); found && maskPhrase(strings.ReplaceAll(strings.TrimSuffix(slug, "/"), "-", " ")) != masked {
		return text
	}
	if text == "about:blank" {
		return text
	}
	return masked
}

var ourPath = regexp.MustCompile(`^((?:/rest|/rest-sandbox)?/messages)(/.*)?$`)

// maskInstance keeps the path of a request without its IDs.
func maskInstance(text string) string {
	switch match := ourPath.FindStringSubmatch(text); {
	case match == nil:
		return masked
	case match[2] != "":
		return match[1] + "/" + masked
	default:
		return match[1]
	}
}
