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
	body = WithoutBOM(body)
	var (
		row, zero T
		done, bad int
	)
	err := readRows(body, strict, func(dec *jsontext.Decoder) error {
		row = zero
		if json.UnmarshalDecode(dec, &row) != nil {
			return errOddRow
		}
		done++
		each(&row, nil)
		return nil
	})
	if !errors.Is(err, errOddRow) {
		return err
	}
	// The decoder stopped somewhere inside the row: start again, and look at each row from here by itself.
	members := newCareful()
	return readRows(body, harmless, func(dec *jsontext.Decoder) error {
		raw, err := dec.ReadValue()
		if err != nil {
			return bodyError(err)
		}
		if done--; done >= 0 {
			return nil
		}
		row = zero
		odd := members.object(raw, &row)
		if len(odd) > 0 && odd[0].Pointer == "" {
			if bad++; bad > maxBadRows {
				return fmt.Errorf("more than %d unreadable rows", maxBadRows)
			}
		}
		each(&row, odd)
		return nil
	})
}

var errOddRow = errors.New("a row is not as the contract has it")

// readRows calls read at each row of a body.
func readRows(body []byte, opts json.Options, read func(*jsontext.Decoder) error) error {
	dec := decoders.Get().(*jsontext.Decoder)
	defer func() {
		dec.Reset(noMore) // so that the pool does not hold on to the body
		decoders.Put(dec)
	}()
	dec.Reset(bytes.NewBuffer(body), opts)
	start, err := dec.ReadToken()
	numbered := start.Kind() == '{' && dec.PeekKind() == '"'
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it is empty", ErrSyntax)
	case err != nil:
		return bodyError(err)
	case start.Kind() != '[' && !numbered:
		return notRows(start.Kind())
	}
	for dec.PeekKind() != ']' && dec.PeekKind() != '}' {
		if numbered && dec.PeekKind() == '"' { // what is no name is an error of the value
			name, err := dec.ReadToken()
			switch {
			case err != nil:
				return bodyError(err)
			case !header.IsDigits(name.String()):
				return notRows('{')
			}
		}
		if err := read(dec); err != nil {
			return err
		}
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
