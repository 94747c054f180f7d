// Package rows reads a body of JSON rows one by one, and an odd row member by member: a row that cannot be read costs only
// that row, and a member that cannot be read only that member.
package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gsmservice-gateway/client-go/internal/header"
)

// maxBadRows bounds the work on a hostile body; a page has at most 50 rows.
const maxBadRows = 1000

// A row is read as the contract has it first. One with an odd member is read again with care: two members of the same name
// may contradict each other.
var (
	strict   = jsontext.AllowInvalidUTF8(true)
	harmless = json.JoinOptions(strict, jsontext.AllowDuplicateNames(true))
)

// WithoutBOM returns the body as JSON: some servers put a byte order mark before it.
func WithoutBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }

var (
	// ErrTruncated means that a body ends before its rows do.
	ErrTruncated = errors.New("the JSON ends too early")
	// ErrSyntax means that a body is not JSON.
	ErrSyntax = errors.New("the body is not JSON")
)

// Decode reads a body that is one JSON array, or an object whose members are numbered, as PHP writes a list with gaps. It
// hands each row over in turn, which is used again for the next one, with the members that could not be read. The error says
// that the body as a whole is neither, or matches [ErrTruncated] or [ErrSyntax]; the rows before that have been handed over.
func Decode[T any](body []byte, each func(row *T, odd []Odd)) error {
	dec := decoders.Get().(*jsontext.Decoder)
	defer func() {
		dec.Reset(noMore) // so that the pool does not hold on to the body
		decoders.Put(dec)
	}()
	body = WithoutBOM(body)
	list, err := open(dec, body, strict)
	if err != nil {
		return err
	}
	var (
		row, zero T
		careful   bool
		bad       int
	)
	for n := 0; dec.PeekKind() != list.end; n++ {
		if err := list.next(dec); err != nil {
			return err
		}
		row = zero
		if careful {
			raw, err := dec.ReadValue()
			if err != nil {
				return bodyError(err)
			}
			odd := Object(raw, &row)
			if len(odd) > 0 && odd[0].Pointer == "" {
				if bad++; bad > maxBadRows {
					return fmt.Errorf("more than %d unreadable rows", maxBadRows)
				}
			}
			each(&row, odd)
			continue
		}
		if json.UnmarshalDecode(dec, &row) == nil {
			each(&row, nil)
			continue
		}
		// The decoder stopped somewhere inside the row: start again, and look at each row from here by itself.
		careful = true
		if list, err = open(dec, body, harmless); err != nil {
			return err
		}
		for range n {
			if err := errors.Join(list.next(dec), dec.SkipValue()); err != nil {
				return bodyError(err)
			}
		}
		n--
	}
	if _, err := dec.ReadToken(); err != nil {
		return bodyError(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it goes on after its rows", ErrSyntax)
	}
	return nil
}

// decoders are used again because each has a table of the strings that it has met: statuses and senders repeat.
var (
	decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}
	noMore   = bytes.NewReader(nil)
)

// list is the array, or the object with numbered members, that the rows are in.
type list struct {
	end      jsontext.Kind
	numbered bool
}

func open(dec *jsontext.Decoder, body []byte, opts json.Options) (list, error) {
	dec.Reset(bytes.NewBuffer(body), opts)
	token, err := dec.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return list{}, fmt.Errorf("%w: it is empty", ErrSyntax)
	case err != nil:
		return list{}, bodyError(err)
	case token.Kind() == '[':
		return list{end: ']'}, nil
	case token.Kind() == '{' && dec.PeekKind() == '"':
		return list{end: '}', numbered: true}, nil
	}
	return list{}, notRows(token.Kind())
}

// next reads what stands before a row.
func (l list) next(dec *jsontext.Decoder) error {
	if !l.numbered || dec.PeekKind() != '"' {
		return nil // what is no name is an error of the value
	}
	name, err := dec.ReadToken()
	switch {
	case err != nil:
		return bodyError(err)
	case !header.IsDigits(name.String()):
		return notRows('{')
	}
	return nil
}

func notRows(k jsontext.Kind) error {
	return fmt.Errorf("the body is not an array of rows: it starts with %s", describe(k))
}

// bodyError distinguishes a truncated body, which is retried, from invalid JSON.
func bodyError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	// Not the error itself: it holds on to the bytes of the body, and its text names members of it, cut and escaped, in
	// which an echoed token would no longer be recognised.
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("%w: %v, at byte %d", ErrSyntax, syntax.Err, syntax.ByteOffset) //nolint:errorlint // see above
	}
	return ErrSyntax
}
