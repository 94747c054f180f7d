package rows

import (
	"bytes"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/govalues/decimal"

	"github.com/gsmservice-gateway/client-go/gen"
)

// Odd is a member of an object that could not be read, and is zero or nil.
type Odd struct {
	Pointer string // RFC 6901, from the object on: "/status_date"; "" is the object itself
	Reason  string // "a string, not a date"; nothing of the value is in it
}

// Object reads a JSON object into a struct member by member, so that an odd member costs only itself, and returns the odd
// ones. It reads what is unambiguous, whatever its JSON type: numbers in quotes or as 1.0, 0 and 1 as booleans, numbers as
// text, a decimal comma in a price, other spellings of a date with its zone, and a date that is empty or all noughts as null.
// Of a member that stands there twice the last one counts; but what decides about a message (id, status, price) is odd where the
// two differ. Unknown members cost nothing.
func Object[T any](raw jsontext.Value, into *T) []Odd {
	return readObject(raw, reflect.ValueOf(into).Elem())
}

var decides = map[string]bool{"/id": true, "/status": true, "/price": true}

func readObject(raw jsontext.Value, into reflect.Value) []Odd {
	if raw.Kind() != '{' {
		return []Odd{{"", "is " + describe(raw.Kind()) + ", not an object"}}
	}
	var (
		odd    []Odd
		fields = fieldsOf(into.Type())
		seen   = make(map[int]bool, len(fields))
		dec    = jsontext.NewDecoder(bytes.NewBuffer(raw), harmless) // which reads in place
	)
	if _, err := dec.ReadToken(); err != nil {
		return []Odd{{"", "is not JSON"}}
	}
	for dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil {
			return append(odd, Odd{"", "is not JSON"})
		}
		name := token.String() // the next read voids the token
		index, known := fields[name]
		value, err := dec.ReadValue()
		switch {
		case err != nil:
			return append(odd, Odd{"", "is not JSON"})
		case !known:
			continue
		}
		pointer := "/" + name
		field := into.Field(index)
		before := field.Interface()
		for _, o := range readMember(value, field) {
			odd = append(odd, Odd{pointer + o.Pointer, o.Reason})
		}
		if seen[index] && decides[pointer] && field.Interface() != before {
			field.SetZero()
			odd = append(odd, Odd{pointer, "there twice, with different values"})
		}
		seen[index] = true
	}
	return odd
}

// maxText is the longest value that is read as something else than it is.
const maxText = 1 << 10

// readMember sets a field. What cannot be read leaves it zero.
func readMember(raw jsontext.Value, field reflect.Value) []Odd {
	if json.Unmarshal(raw, field.Addr().Interface(), strict) == nil {
		return nil
	}
	field.SetZero()
	target := field
	if field.Kind() == reflect.Pointer {
		target = reflect.New(field.Type().Elem()).Elem()
	}
	if target.Type() == reflect.TypeFor[gen.Problem]() && raw.Kind() == '{' {
		odd := readObject(raw, target)
		field.Set(target.Addr())
		return odd
	}
	text, isText := "", false
	if len(raw) <= maxText {
		text, isText = textOf(raw)
	}
	if target.Type() == reflect.TypeFor[time.Time]() && isText && isNoDate(text) {
		return nil
	}
	if !isText || !readText(text, raw.Kind(), target) {
		field.SetZero()
		return []Odd{{"", describe(raw.Kind()) + ", not " + expected(target.Type())}}
	}
	if field.Kind() == reflect.Pointer {
		field.Set(target.Addr())
	}
	return nil
}

// textOf returns a string, number or boolean as text.
func textOf(raw jsontext.Value) (string, bool) {
	switch raw.Kind() {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s, harmless)
		return strings.TrimSpace(s), err == nil
	case '0', 't', 'f':
		return string(bytes.TrimSpace(raw)), true
	}
	return "", false
}

func readText(text string, kind jsontext.Kind, into reflect.Value) bool {
	switch {
	case into.Type() == reflect.TypeFor[gen.Price]():
		if kind == 't' || kind == 'f' {
			return false
		}
		price, err := decimal.Parse(strings.Replace(text, ",", ".", 1))
		into.Set(reflect.ValueOf(gen.Price{Decimal: price}))
		return err == nil
	case into.Type() == reflect.TypeFor[time.Time]():
		date, ok := parseDate(text)
		into.Set(reflect.ValueOf(date))
		return ok
	}
	switch into.Kind() {
	case reflect.Int, reflect.Int64:
		n, err := decimal.Parse(text)
		whole, _, ok := n.Int64(0)
		if err != nil || !ok || !n.IsInt() || into.OverflowInt(whole) {
			return false
		}
		into.SetInt(whole)
	case reflect.Bool:
		text = strings.ToLower(text)
		into.SetBool(text == "1" || text == "true")
		return into.Bool() || text == "0" || text == "false"
	case reflect.String:
		into.SetString(text)
		return kind == '0' // a boolean is not text
	default:
		return false
	}
	return true
}

// isNoDate reports whether a date is written as there being none: "", 0, "0000-00-00 00:00:00".
func isNoDate(text string) bool { return strings.Trim(text, "0-:./T Zz+") == "" }

// dateLayouts are spellings of a date and time with their zone, beside RFC 3339's.
var dateLayouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00",
	"2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 Z0700",
	"2006-01-02T15:04:05Z07", "2006-01-02 15:04:05Z07", time.RFC1123, time.RFC1123Z,
}

func parseDate(text string) (time.Time, bool) {
	text = strings.ToUpper(text[:min(len(text), 11)]) + strings.Replace(text[min(len(text), 11):], "z", "Z", 1)
	for _, layout := range dateLayouts {
		if layout == time.RFC1123 && !strings.HasSuffix(text, " GMT") && !strings.HasSuffix(text, " UTC") {
			continue // other abbreviations stand for several zones
		}
		if date, err := time.Parse(layout, text); err == nil {
			return date, true
		}
	}
	return time.Time{}, false
}

var fieldCache sync.Map // of a struct type: the index of each field by the name of its member

func fieldsOf(t reflect.Type) map[string]int {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.(map[string]int)
	}
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[name] = i
	}
	fieldCache.Store(t, fields)
	return fields
}

// describe names a kind of JSON value.
func describe(k jsontext.Kind) string {
	switch k {
	case '{', '}':
		return "an object"
	case '[', ']':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	}
	return "null"
}

// expected says what a field of this type is in JSON.
func expected(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "a date with a zone"
	case t == reflect.TypeFor[gen.Price]():
		return "a price"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Int, reflect.Int64:
		return "an integer"
	}
	return "an object"
}
