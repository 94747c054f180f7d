// Package rows decodes an array of JSON rows one by one, so that a row that cannot be read costs only that row.
package oldrows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/gen"
)

// maxBadRows bounds the work on a hostile body; a page has at most 50 rows.
const maxBadRows = 1000

// Harmless accepts what is odd but harmless: which of two members counts, or what a broken character was, must not cost a row.
var Harmless = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// lenient also takes numbers that are written as strings. It is slower, and used for rows that fail without it.
var lenient = json.JoinOptions(Harmless, json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(unquoteNumber[int]),
	json.UnmarshalFromFunc(unquoteNumber[int64]),
	json.UnmarshalFromFunc(unquoteNumber[gen.MessageType]),
)))

func unquoteNumber[T ~int | ~int64](dec *jsontext.Decoder, n *T) error {
	if dec.PeekKind() != '"' {
		return errors.ErrUnsupported // fall back to the default unmarshaler
	}
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	value, err := strconv.ParseInt(strings.TrimSpace(token.String()), 10, 64)
	if err != nil || int64(T(value)) != value {
		return errors.New("the string is not a number")
	}
	*n = T(value)
	return nil
}

// WithoutBOM returns the body as JSON: some servers put a byte order mark before it.
func WithoutBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }

// ErrTruncated means that a body ends before its array does.
var ErrTruncated = errors.New("the JSON ends too early")

// Decode reads a body that is one JSON array and hands each row over in turn: row, which is used again for the next one,
// or, for one that is not a T, its bytes and why. One bad row costs no other. The error says that the body as a whole is
// not such an array, or matches [ErrTruncated]; the rows before that have been handed over.
func Decode[T any](body []byte, each func(row *T), bad func(row jsontext.Value, reason error)) error {
	rows := decoders.Get().(*jsontext.Decoder)
	defer func() {
		rows.Reset(noMore) // so that the pool does not hold on to the body
		decoders.Put(rows)
	}()
	if err := openArray(rows, body); err != nil {
		return err
	}
	var (
		row, zero T
		careful   bool
		badRows   int
	)
	for n := 0; rows.PeekKind() != ']'; n++ {
		row = zero
		if careful {
			raw, err := rows.ReadValue()
			if err != nil {
				return bodyError(err)
			}
			if err := DecodeRow(raw, &row); err != nil {
				if badRows++; badRows > maxBadRows {
					return fmt.Errorf("more than %d unreadable rows", maxBadRows)
				}
				bad(raw, err)
				continue
			}
		} else if err := json.UnmarshalDecode(rows, &row, Harmless); err != nil {
			// The decoder stopped somewhere inside the row: start again, and look at each row from here by itself.
			if err := openArray(rows, body); err != nil {
				return err
			}
			for range n {
				if err := rows.SkipValue(); err != nil {
					return bodyError(err)
				}
			}
			careful = true
			n--
			continue
		}
		each(&row)
	}
	if _, err := rows.ReadToken(); err != nil {
		return bodyError(err)
	}
	if _, err := rows.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("the body goes on after the array")
	}
	return nil
}

// decoders are used again because each has a table of the strings that it has met: statuses and senders repeat.
var (
	decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}
	noMore   = bytes.NewReader(nil)
)

func openArray(dec *jsontext.Decoder, body []byte) error {
	dec.Reset(bytes.NewBuffer(body), Harmless)
	switch token, err := dec.ReadToken(); {
	case errors.Is(err, io.EOF):
		return errors.New("the body is empty")
	case err != nil:
		return bodyError(err)
	case token.Kind() != '[':
		return fmt.Errorf("the body is not an array of rows: it starts with %s", describe(token.Kind()))
	}
	return nil
}

// DecodeRow reads one row by itself. A null, which would decode to the zero row, is an error.
func DecodeRow[T any](raw jsontext.Value, row *T) error {
	if raw.Kind() != '{' {
		return fmt.Errorf("unreadable row: it is %s, not an object", describe(raw.Kind()))
	}
	var zero T
	*row = zero
	if json.Unmarshal(raw, row, lenient) == nil {
		return nil
	}
	*row = zero
	err := json.Unmarshal(raw, row, Harmless)
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok { // its pointer names a field of T, and nothing of the body
		return fmt.Errorf("unreadable row: %s is %s%s", semantic.JSONPointer, describe(semantic.JSONKind), whyNot(semantic))
	}
	return errors.New("unreadable row")
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

// whyNot is why a value is not what its field takes: the decoder's reason, or else what was expected.
func whyNot(err *json.SemanticError) string {
	want := expected(err.GoType)
	switch {
	case err.Err != nil && !errors.Is(err.Err, strconv.ErrSyntax):
		return ": " + err.Err.Error()
	case want == "":
		return ", which its field does not take"
	}
	return ", not " + want
}

// expected says what a field of this type is in JSON; "" if that is not known.
func expected(t reflect.Type) string {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == nil:
		return ""
	case t == reflect.TypeFor[time.Time]():
		return "a date"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Int, reflect.Int64:
		return "an integer"
	}
	return ""
}

// bodyError distinguishes a truncated body, which is retried, from invalid JSON.
func bodyError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	// Not the error itself: it holds on to the bytes of the body, and its text names members of it, cut and escaped, in
	// which an echoed token would no longer be recognised.
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("the body is not JSON: %v, at byte %d", syntax.Err, syntax.ByteOffset) //nolint:errorlint // see above
	}
	return errors.New("the body is not JSON")
}
