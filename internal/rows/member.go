package rows

import (
	"cmp"
	"errors"
	"mime"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/govalues/decimal"

	"github.com/gsmservice-gateway/client-go/gen"
)

// OddMember is a member of an object that could not be read, and is zero or nil.
type OddMember struct {
	Pointer string // RFC 6901, from the object on: "/status_date"; "" is the object itself
	Reason  string // "a string, not a date"; nothing of the value is in it
}

// Object reads a JSON object into a struct member by member, and returns the odd members. It reads what is unambiguous,
// whatever its JSON type: numbers in quotes or as 1.0, 0 and 1 as booleans, numbers as text, a decimal comma in a price,
// other spellings of a date with its zone, and a date that is empty or all zeros as null. Of a duplicate member the
// last one counts; but what decides about a message (id, status, status_code, price) is odd where the two differ.
// Unknown members are ignored.
func Object[T any](raw jsontext.Value, into *T) []OddMember {
	if raw.Kind() != '{' {
		return []OddMember{{"", "is " + describe(raw.Kind()) + ", not an object"}}
	}
	r := memberReader{decided: make(map[jsontext.Pointer]any)}
	if json.Unmarshal(raw, into, tolerant, json.WithUnmarshalers(json.UnmarshalFromFunc(r.member))) != nil {
		return append(r.odd, OddMember{"", "is not JSON"})
	}
	return r.odd
}

// memberReader is asked by package json for each member.
type memberReader struct {
	odd     []OddMember
	decided map[jsontext.Pointer]any // the values of the members that decide about a message
}

// member reads a value into what the pointer points to. What cannot be read leaves it zero.
func (r *memberReader) member(dec *jsontext.Decoder, pointer any) error {
	field := reflect.ValueOf(pointer).Elem()
	target := field
	if field.Kind() == reflect.Pointer {
		target = reflect.New(field.Type().Elem()).Elem()
	}
	if dec.StackDepth() == 0 {
		return errors.ErrUnsupported // json reads the object, and comes back with its members
	}
	if dec.PeekKind() == '{' && target.Type() == reflect.TypeFor[gen.Problem]() {
		field.SetZero()
		return errors.ErrUnsupported
	}
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	at := dec.StackPointer()
	if json.Unmarshal(raw, pointer, plain) != nil {
		field.SetZero()
		expected, ok := readText(raw, target)
		switch {
		case !ok:
			target.SetZero()
			r.odd = append(r.odd, OddMember{string(at), describe(raw.Kind()) + ", not " + expected})
		case field.Kind() == reflect.Pointer && (target.Type() != reflect.TypeFor[time.Time]() || !target.IsZero()): // no date is nil
			field.Set(target.Addr())
		}
	}
	switch at.LastToken() {
	case "id", "status", "status_code", "price":
		if before, again := r.decided[at]; again && !same(before, field.Interface()) {
			field.SetZero()
			r.odd = append(r.odd, OddMember{string(at), "there twice, with different values"})
		}
		r.decided[at] = field.Interface()
	}
	return nil
}

// same reports whether two values mean the same: a price of 1 and of 1.00 do.
func same(a, b any) bool {
	before, isPrice := a.(gen.Price)
	return isPrice && before.Equal(b.(gen.Price).Decimal) || a == b
}

// readText reads a string, number or boolean into a value of another type, and says what JSON has for it.
func readText(raw jsontext.Value, into reflect.Value) (expected string, ok bool) {
	text, isText := textOf(raw)
	switch into := into.Addr().Interface().(type) {
	case *gen.Price:
		price, err := decimal.Parse(strings.Replace(text, ",", ".", 1))
		*into = gen.Price{Decimal: price}
		return "a price", err == nil
	case *time.Time:
		*into, ok = parseDate(text)
		return "a date with a zone", ok && isText
	}
	switch into.Kind() {
	case reflect.Int, reflect.Int64:
		n, err := decimal.Parse(text)
		whole, _, fits := n.Int64(0)
		if ok = err == nil && fits && n.IsInt() && !into.OverflowInt(whole); ok {
			into.SetInt(whole)
		}
		return "an integer", ok
	case reflect.Bool:
		text = strings.ToLower(text)
		into.SetBool(text == "1" || text == "true")
		return "a boolean", into.Bool() || text == "0" || text == "false"
	case reflect.String:
		into.SetString(text)
		return "a string", raw.Kind() == '0'
	}
	return "an object", false
}

// maxText is the longest value that is read as something else than it is.
const maxText = 1 << 10

// textOf returns a string, number or boolean as text, and false for anything else.
func textOf(raw jsontext.Value) (string, bool) {
	if len(raw) > maxText {
		return "", false
	}
	switch raw.Kind() {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s, tolerant)
		return strings.TrimSpace(s), err == nil
	case '0', 't', 'f':
		return string(raw), true
	}
	return "", false
}

// dateLayouts are spellings of a date and time with their zone, besides RFC 3339's.
var dateLayouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00",
	"2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05 Z0700",
	"2006-01-02T15:04:05Z07", "2006-01-02 15:04:05Z07", time.RFC1123, time.RFC1123Z,
}

// parseDate returns the zero time for what says that there is no date: "", 0, "0000-00-00 00:00:00".
func parseDate(text string) (time.Time, bool) {
	if strings.Trim(text, "0-:./T Zz+") == "" {
		return time.Time{}, true
	}
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

// describe names a kind of JSON value.
func describe(k jsontext.Kind) string { return cmp.Or(kindNames[k], "null") }

var kindNames = map[jsontext.Kind]string{
	'{': "an object", '[': "an array", '"': "a string", '0': "a number", 't': "a boolean", 'f': "a boolean",
}

var gatewayCode = regexp.MustCompile(`^\d{3}-\d+$`) // 400-21

// ParseProblem returns the problem document (RFC 9457) that the body of an error is, and reports whether it is one: an
// object that is served as one or, since a proxy may rewrite the type, has a title or a code like the gateway's. Members
// that cannot be read, and a status that cannot be one, are left out, as the RFC asks.
func ParseProblem(body []byte, contentType string) (p gen.Problem, ok bool) {
	value := jsontext.Value(WithoutBOM(body))
	if value.Kind() != '{' || !value.IsValid(tolerant) {
		return gen.Problem{}, false
	}
	Object(value, &p)
	p.Status = max(0, p.Status)
	mediaType, _, _ := mime.ParseMediaType(contentType)
	if mediaType != "application/problem+json" && p.Title == "" && !gatewayCode.MatchString(p.Code) {
		return gen.Problem{}, false
	}
	return p, true
}
